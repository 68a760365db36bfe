import type { Host } from './host.js'
import type { Nat } from './types.js'

/** Round trips until a session stands: TCP or QUIC, security, muxer and both HELLOs. */
const OPEN_ROUND_TRIPS = 4
/** The same over a relay first: reservation looked up, offer and answer, ICE, DTLS, both HELLOs. */
const PUNCHED_ROUND_TRIPS = 9
/** Nobody answers: the dialler gives up after its own time. */
export const DIAL_FAILS_MS = 10_000

/**
 * How likely two hosts find a way to each other, neither of which strangers can dial. Of two with endpoint-independent mapping ("cone")
 * nearly all do; one behind a symmetric NAT reaches only those whose filter lets it; two of these never do.
 */
const CHANCE: Readonly<Record<Exclude<Nat, 'open'>, Readonly<Record<Exclude<Nat, 'open'>, number>>>> = {
  cone: { cone: 0.95, symmetric: 0.35 },
  symmetric: { cone: 0.35, symmetric: 0 }
}

/**
 * Round trips that a dial takes, `undefined` when it fails. The same two hosts always have the same luck.
 *
 * @param luck a number in [0, 1) that belongs to the pair
 */
export function dialRoundTrips (from: Host, to: Host, luck: number): number | undefined {
  if (to.nat === 'open') return OPEN_ROUND_TRIPS
  if (from.nat === 'open') return PUNCHED_ROUND_TRIPS
  return luck < CHANCE[from.nat][to.nat] ? PUNCHED_ROUND_TRIPS : undefined
}

/** A number in [0, 1) for a pair of hosts, whoever dials. */
export function luckOf (a: Host, b: Host): number {
  const [low, high] = a.index < b.index ? [a.index, b.index] : [b.index, a.index]
  let hash = Math.imul(low + 1, 0x9e3779b1) ^ Math.imul(high + 1, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return ((hash ^ (hash >>> 13)) >>> 0) / 0x1_0000_0000
}
