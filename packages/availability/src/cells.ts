import { hash32 } from '@shoal/base'
import { CELL_MERGE, CELL_SPLIT, MAX_DEPTH } from './defaults.js'

/** A peer's place in a swarm, 32 bits. Its highest `depth` bits are the peer's cell in a swarm that is divided into 2^depth. */
export function placeOf (swarm: string, peer: string): number {
  return hash32(swarm, peer)
}

/** The name of a cell: its bits as `0` and `1`, empty for the whole swarm. */
export function cellOf (place: number, depth: number): string {
  return depth === 0 ? '' : (place >>> (32 - depth)).toString(2).padStart(depth, '0')
}

/** How many of the highest bits two places share, as far as it matters: they are in one cell at each depth up to this. */
export function sharedBits (a: number, b: number): number {
  return Math.min(MAX_DEPTH + 1, Math.clz32(a ^ b))
}

/** Depths of the cells that a peer hears beside the whole swarm: its own, the one that was part of, and the half that it may become. */
export function listened ({ depth, population, common = depth }: Pick<CellView, 'depth' | 'population' | 'common'>): number[] {
  // as long as nobody can have divided the swarm there is no half to hear
  const divided = depth > 0 || common > 0 || population >= CELL_SPLIT / 2
  const depths = [depth - 1, depth, ...divided ? [depth + 1] : []]
  return depths.filter(one => one > 0 && one <= MAX_DEPTH)
}

export interface CellView {
  readonly depth: number
  /** Peers of our cell that we know of, ourselves included, and those of them in our half of it. */
  readonly population: number
  readonly half: number
  /** Whether we have listened there for long enough to know them all. */
  readonly settled: boolean
  /** The middle one of the depths that others say; `undefined` while nobody has said any. */
  readonly common: number | undefined
}

/**
 * How deep a swarm is divided, as one of its peers sees it. A cell of more than `CELL_SPLIT` peers is divided, one of fewer than
 * `CELL_MERGE` goes together with the other half. Between them lies more than a factor of two, so that neither calls for the other. Nobody
 * goes further than a step from what is usual: who is wrong about it, or lied to by a few, comes back.
 */
export function nextDepth ({ depth, population, half, settled, common = depth }: CellView): number {
  if (Math.abs(depth - common) > 1) return common
  // the others have gone on
  if (depth < common && half >= CELL_MERGE) return depth + 1
  if (depth <= common && population > CELL_SPLIT) return Math.min(MAX_DEPTH, depth + 1)
  return settled && depth >= common && depth > 0 && population < CELL_MERGE ? depth - 1 : depth
}

/**
 * Peers of the whole swarm. Where the other half of our cell is silent, it is divided already and speaks where we do not listen: then our
 * half tells more.
 */
export function swarmSizeOf ({ depth, population, half, common = depth }: CellView): number {
  const silent = Math.max(depth, common) > 0 && population - half < half / 2
  return silent ? half * 2 ** (depth + 1) : population * 2 ** depth
}
