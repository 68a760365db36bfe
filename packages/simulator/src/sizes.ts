import type { HaveDelta, PeerHint } from '@shoal/interface'

/** What control messages of the exchange take on the wire, about: see `doc/protocol.md`. */
const HEADER = 8

function deltaBytes ({ complete, partial, dropped = [] }: HaveDelta): number {
  let bytes = 3 + 4 * (complete.length + dropped.length)
  for (const { bits } of partial) bytes += 6 + bits.byteLength
  return bytes
}

export const controlBytes = {
  small: HEADER + 2,
  have: (delta: HaveDelta): number => HEADER + 1 + deltaBytes(delta),
  join: (have: HaveDelta, head: Uint8Array | undefined): number => HEADER + 34 + deltaBytes(have) + (head?.byteLength ?? 0),
  request: (blocks: number): number => HEADER + 5 + blocks,
  /** A peer id and one address of a page behind a relay. */
  pex: (peers: readonly PeerHint[]): number => HEADER + 110 * peers.length
} as const
