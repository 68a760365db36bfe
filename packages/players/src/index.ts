/**
 * Adapters that put Shoal under a video player. Each is an entry of its own, so that a page loads only the one it uses:
 * `@shoal/players/hls` for hls.js, `/shaka`, `/dash` and `/videojs` for the players of these names, `/service-worker` and
 * `/service-worker/worker` for everything else that a page loads. An adapter is thin: it maps the player's requests to paths of an open
 * content, gives each a deadline, and reports in the player's own terms. Until the node is ready, and whenever it fails, the player's
 * requests go to the origin as if Shoal were not there.
 *
 * @packageDocumentation
 */

export type { HlsLoaderOptions, HlsLoaderConfig } from './hls/types.js'
export type { PlayerOptions, RequestReport, RequestType, FallbackReport, FallbackReason } from './core/types.js'
