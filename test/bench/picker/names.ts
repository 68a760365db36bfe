/** The scenes and what happens in them. */
export const SCENES = {
  bulk: 'a fetch of everything, all peers busy, some with news',
  live: 'a window with deadlines, have-deltas streaming in',
  vod: 'everything with a deadline',
  seek: 'a player: every fourth step a seek, the others deliveries',
  choke: 'chokes and unchokes of all peers in a fetch of everything',
  stall: 'a fetch of everything: every fourth step a stalled peer',
  endgame: 'the last blocks of everything',
  idle: 'have-deltas, nothing wanted',
  join: 'a peer with everything joins and leaves in a fetch of everything'
} as const

export type SceneName = keyof typeof SCENES
