import { CELL_NEIGHBOURS, LOCAL_SHARE } from './defaults.js'

/** Who of a swarm is connected, as far as it decides whom to dial next. */
export interface Company {
  /** Neighbours that are looked for. */
  readonly target: number
  /** Of those connected, the ones that are near, and the ones of our cell. */
  readonly local: number
  readonly ofCell: number
}

/**
 * How much this candidate is to be preferred to others against whom nothing more is known. First of all a few neighbours of our own cell:
 * its announcements come through them. Then those who are near, as their bytes cost nobody any transit; but a share of the places is for
 * others, or else the near would keep to themselves, and have only what one of them has.
 */
export function preference (
  candidate: { readonly nearness: 0 | 1 | 2, readonly ofCell: boolean }, { target, local, ofCell }: Company
): number {
  const wanted = candidate.ofCell && ofCell < Math.min(CELL_NEIGHBOURS, target) ? 3 : 0
  return wanted + (local < Math.floor(target * LOCAL_SHARE) ? candidate.nearness : -Math.min(1, candidate.nearness))
}
