import { hash32 } from '@shoal/base'
import type { Locality, SwarmId } from '@shoal/interface'
import type { Surroundings } from './types.js'

const SITE_BITS = 12
const REGION_BITS = 8

/**
 * What others hear of where we are. The swarm is part of the hash, so that the hints of one node in two swarms have nothing in common; cut
 * so short, some 4,000 addresses of the internet share a hint even where site and region are put together. They are told together:
 * alone, the site would bring strangers together too often.
 */
export function localityOf (swarm: SwarmId, { site, region }: Surroundings): Locality | undefined {
  if (site === undefined || region === undefined) return undefined
  return { site: hash32(swarm, 'site', site) >>> (32 - SITE_BITS), region: hash32(swarm, 'region', region) >>> (32 - REGION_BITS) }
}

/** 2: behind the same public address, as it seems; 1: near; 0: elsewhere, or nobody knows. */
export function nearness (ours: Locality | undefined, theirs: Locality | undefined): 0 | 1 | 2 {
  if (ours === undefined || ours.region !== theirs?.region) return 0
  return ours.site === theirs.site ? 2 : 1
}
