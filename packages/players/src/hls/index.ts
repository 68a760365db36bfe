/**
 * Shoal under hls.js.
 *
 * ```ts
 * import Hls from 'hls.js'
 * import { createHlsLoader } from '@shoal/players/hls'
 *
 * const hls = new Hls({ ...createHlsLoader(() => createShoal(), { link, media: video }) })
 * hls.loadSource('https://cdn.example.com/show/main.m3u8')
 * hls.attachMedia(video)
 * ```
 *
 * This module is all that has to be there before the first frame; the node may load behind it.
 *
 * @packageDocumentation
 */
import { systemClock } from '@shoal/base'
import { createLoaderClass } from './loader.js'
import { Pace } from './pace.js'
import { ContentSource, type NodeSource } from './source.js'
import type { Content } from '@shoal/interface'
import type { HlsLoaderConfig, HlsLoaderOptions } from './types.js'

export type { HlsLoaderOptions, HlsLoaderConfig, RequestReport, FallbackReport, FallbackReason } from './types.js'

/**
 * Loaders for hls.js that take fragments from peers first. Spread the result into the configuration of `new Hls()`.
 *
 * - Until the content is open, fragments that are needed soon go to the origin and those that are not wait for it a little. Then they go
 *   through Shoal; whatever fails there is fetched from the origin at once.
 * - Playlists come from the origin, and from Shoal when the origin does not answer. A copy goes into the store, for others.
 * - URLs outside the base pass through, as do keys and everything else that hls.js loads: its own `loader` is left as it is.
 * - `fetchSetup` of the hls.js configuration is honoured, `xhrSetup` is not: requests are made with `fetch`.
 *
 * @param shoal a node, a promise of one, or a function that gives either: it is called when the player has its first fragment, so that
 *   nothing competes with that, and again as long as it gives `undefined`. Not needed with `content`
 */
export function createHlsLoader (
  shoal: NodeSource, options: HlsLoaderOptions & ({ link: string } | { content: Content | Promise<Content> })
): HlsLoaderConfig {
  const clock = options.clock ?? systemClock
  const source = new ContentSource(shoal, options, clock)
  const Loader = createLoaderClass({ source, pace: new Pace(), clock, options })
  return { fLoader: Loader as HlsLoaderConfig['fLoader'], pLoader: Loader as HlsLoaderConfig['pLoader'] }
}
