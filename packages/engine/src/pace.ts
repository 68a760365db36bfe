import { FIND_FIRST_MS, FIND_IDLE_MAX_MS, FIND_MAX_MS, PROVIDER_SAMPLE } from './defaults.js'

export interface Quiet {
  /** Peers connected, and peers of the whole swarm as far as is known, ourselves included. */
  readonly neighbours: number
  readonly swarmSize: number
  /** Somebody reads or completes the content. */
  readonly active: boolean
}

/**
 * The pause before the DHT is asked again, after one of `previous` ms: twice as long each time. Who is alone, or waits for bytes and knows
 * that others are there, asks once a minute at least; where all who are known are connected, or nobody waits for anything, every ten
 * minutes do, for newcomers come by themselves.
 */
export function findPause (previous: number, { neighbours, swarmSize, active }: Quiet): number {
  const most = neighbours > 0 && (!active || swarmSize <= neighbours + 1) ? FIND_IDLE_MAX_MS : FIND_MAX_MS
  return Math.min(most, Math.max(FIND_FIRST_MS, 2 * previous))
}

/**
 * Whether we are one of those who can be found. Who is stays so until the swarm is twice as large as it would have to be, so that an
 * estimate that goes up and down takes no records away.
 *
 * @param draw drawn once, 0 to 1
 */
export function inSample (draw: number, size: number, providing: boolean): boolean {
  return draw <= (providing ? 2 : 1) * PROVIDER_SAMPLE / size
}
