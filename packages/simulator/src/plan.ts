import { stayQuantile } from './random.js'
import type { Audience, Stay } from './types.js'

export interface PlanInit {
  /** Viewers at the peak. */
  readonly viewers: number
  /** Bits per second that each watches. */
  readonly bitrate: number
  readonly audience: readonly Audience[]
  /**
   * Share of the ceiling that peers reach: what a simulation of a smaller swarm of the same kind, or a deployment, shows.
   *
   * @default 1
   */
  readonly efficiency?: number | undefined
  /** Copies of each segment that leave the origin. @default 1 */
  readonly originCopies?: number | undefined
  /** Share of peers that leave at once in the worst moment that the fallback has to take. @default 0.1 */
  readonly lost?: number | undefined
  /** @default not looked at */
  readonly stay?: Stay | undefined
}

/** Rates in bits per second. */
export interface Plan {
  /** What all viewers take together. */
  readonly demand: number
  /** What their links give at the most, and what of that is asked for and brought. */
  readonly uplinks: number
  readonly contribution: number
  /** Share of the demand. */
  readonly offload: number
  /** What the origin gives all the time. */
  readonly origin: number
  /** What it has to be able to give: when `lost` of the peers go at once, what they gave comes from it until others have taken over. */
  readonly fallback: number
  /** What a viewer gives on average, and its upload over what it watches: above 1 there is upload to spare. */
  readonly perViewer: number
  readonly surplus: number
  /** Seconds after which half of the viewers are others. */
  readonly halfLife: number | undefined
}

/**
 * What peers contribute at the peak, and what the origin or CDN has to hold ready beside them. Arithmetic alone: how near a swarm comes to
 * its ceiling is a matter of `efficiency`, which `simulate` finds out.
 *
 * @throws RangeError when a number makes no sense
 */
export function plan (init: PlanInit): Plan {
  const { viewers, bitrate, audience, efficiency = 1, originCopies = 1, lost = 0.1, stay } = init
  const between = (name: string, value: number, least: number, most: number): void => {
    if (!(value >= least && value <= most)) throw new RangeError(`expected ${name} from ${least} to ${most}, got ${value}`)
  }
  between('viewers', viewers, 1, Infinity)
  between('bitrate', bitrate, 1, Infinity)
  between('efficiency', efficiency, 0, 1)
  between('originCopies', originCopies, 0, viewers)
  between('lost', lost, 0, 1)
  const demand = viewers * bitrate
  const each = audience.reduce((sum, { share, up, rate = Infinity }) => sum + share * Math.min(up, 8 * rate), 0)
  const uplinks = viewers * each
  const contribution = efficiency * Math.min(uplinks, Math.max(0, demand - originCopies * bitrate))
  const origin = demand - contribution
  return {
    demand,
    uplinks,
    contribution,
    offload: contribution / demand,
    origin,
    fallback: Math.min(demand, origin + lost * contribution),
    perViewer: contribution / viewers,
    surplus: each / bitrate,
    halfLife: stay === undefined ? undefined : stayQuantile(stay, 0.5)
  }
}
