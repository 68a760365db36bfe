/** What is played in which circumstances. */

export const SCENARIOS = ['vod', 'vod_burst', 'live', 'll_hls', 'switch', 'churn', 'slow_peer', 'bad_peer'] as const
export type ScenarioName = typeof SCENARIOS[number]

export interface Scenario {
  /** Between two viewers, ms. */
  readonly stagger: number
  readonly segment: number
  /** Low-latency parts, ms. @default none */
  readonly part?: number
  readonly live?: true
  /** Every viewer goes up to the second rendition at half of the film. */
  readonly switches?: true
  /** The one that came first leaves, every so many ms. */
  readonly leaveEvery?: number
  /** What is wrong with what the first viewer sends to others. */
  readonly first?: 'slow' | 'wrong'
}

/** Of each segment, bits per second; the second one is for those who switch. */
export const RATES = [2_000_000, 3_000_000] as const
const STAGGER_MS = 4_000
const VOD = { stagger: STAGGER_MS, segment: 2_000 } as const
/** Of a live stream's playlist, segments. */
export const WINDOW = 8

export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  vod: VOD,
  vod_burst: { ...VOD, stagger: 0 },
  live: { stagger: STAGGER_MS, segment: 2_000, live: true },
  ll_hls: { stagger: STAGGER_MS, segment: 2_000, part: 500, live: true },
  switch: { ...VOD, switches: true },
  churn: { ...VOD, leaveEvery: 10_000 },
  slow_peer: { ...VOD, first: 'slow' },
  bad_peer: { ...VOD, first: 'wrong' }
}

/** Bytes per second that a slow first viewer sends: a quarter of the film's rate. */
export const SLOW_BPS = RATES[0] / 8 / 4
