import type { Host } from '../support/lan.ts'
import type { Part } from './crowd.ts'

/** Names that one peer joins under at once. */
export const NAMES = 4
/** Of an honest peer's rate, what one gives that gives just enough. */
export const ENOUGH = 1 / 4

/**
 * Peers that are out for an advantage, by their ways; each has the uplink of an honest one.
 *
 * @param rate option `upload.rate` for a share of what an honest peer gives
 */
export function cunning (hosts: readonly Host[], rate: (share: number) => string): Part[] {
  return [
    { kind: 'strategic', hosts, rate: rate(ENOUGH) },
    { kind: 'sybil', hosts, rate: rate(1 / NAMES), cunning: { way: 'sybil', names: String(NAMES) } },
    { kind: 'colluding', hosts, rate: rate(1), cunning: { way: 'colluding', friends: hosts.map(({ address }) => address).join(',') } },
    { kind: 'whitewasher', hosts, rate: '0', cunning: { way: 'whitewasher' } }
  ]
}
