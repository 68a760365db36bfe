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
import { Deliverer } from '../core/deliverer.js'
import { createLoaderClass } from './loader.js'
import type { NodeSource } from '../core/source.js'
import type { WithContent } from '../core/types.js'
import type { HlsLoaderConfig, HlsLoaderOptions } from './types.js'

export type { HlsLoaderOptions, HlsLoaderConfig } from './types.js'
export type { RequestReport, FallbackReport, FallbackReason } from '../core/types.js'

/**
 * Loaders for hls.js that take fragments from peers first. Spread the result into the configuration of `new Hls()`.
 *
 * - Until the content is open, fragments that are needed soon go to the origin and those that are not wait for it a little. Then they go
 *   through Shoal; whatever fails there is fetched from the origin at once.
 * - Playlists come from the origin, and from Shoal when the origin does not answer. A copy goes into the store, for others.
 * - URLs outside the base pass through, as do keys and everything else that hls.js loads: its own `loader` is left as it is.
 * - Requests to the origin are made with `fetch` and `fetchSetup`; with an XMLHttpRequest where the configuration has `xhrSetup` alone.
 *
 * @param shoal a node, a promise of one, or a function that gives either: it is called when the player has its first fragment, so that
 *   nothing competes with that, and again as long as it gives `undefined`. Not needed with `content`
 */
export function createHlsLoader (shoal: NodeSource, options: WithContent<HlsLoaderOptions>): HlsLoaderConfig {
  const Loader = createLoaderClass(new Deliverer(shoal, options), options)
  return { fLoader: Loader as HlsLoaderConfig['fLoader'], pLoader: Loader as HlsLoaderConfig['pLoader'] }
}
