/**
 * The origin: HTTP servers and CDNs that hold a content. They are the fallback behind the peers, and what they send is as unverified as
 * what a stranger sends. Several bases are tried in the order given; one that fails rests for a while, longer each time.
 *
 * ```ts
 * const origin = createOrigin({ bases: ['https://cdn.example.com/show/'], clock: systemClock, random: systemRandom })
 * const { body } = await origin.fetch({ path: '720p/seg12.m4s', start: 0, end: 262_144 })
 * for await (const bytes of body) { … }
 * ```
 *
 * @packageDocumentation
 */

import type { Origin } from '@shoal/interface'
import { HttpOrigin } from './origin.js'
import type { OriginInit } from './types.js'

/** @throws ConfigError when a base is no absolute http(s) URL, or has credentials */
export function createOrigin (init: OriginInit): Origin {
  return new HttpOrigin(init)
}

export type { OriginFailure, OriginInit } from './types.js'
