/**
 * Shoal under Shaka Player.
 *
 * ```ts
 * import shaka from 'shaka-player'
 * import { attachShaka } from '@shoal/players/shaka'
 *
 * const player = new shaka.Player()
 * await player.attach(video)
 * attachShaka(shaka, player, () => createShoal(), { link, base: 'https://cdn.example.com/show/' })
 * await player.load('https://cdn.example.com/show/manifest.mpd')
 * ```
 *
 * This module is all that has to be there before the first frame; the node may load behind it.
 *
 * @packageDocumentation
 */
import { Deliverer } from '../core/deliverer.js'
import { SchemeLoads } from './scheme.js'
import type { NodeSource } from '../core/source.js'
import type { PlayerOptions, WithContent } from '../core/types.js'
import type { ShakaContext, ShakaLibrary, ShakaPlayer, ShakaRequest, ShakaSchemePlugin } from './types.js'

export type { ShakaLibrary, ShakaPlayer, ShakaSchemePlugin } from './types.js'
export type { FallbackReason, FallbackReport, RequestReport } from '../core/types.js'

export interface ShakaOptions extends PlayerOptions {
  /**
   * Who asks the origin.
   *
   * @default Shaka's own `HttpFetchPlugin`, with all that request filters and the configuration say
   */
  origin?: ShakaSchemePlugin | undefined
}

/** Each request of an attached player, between its filter and its plugin. */
type Routes = WeakMap<object, ShakaSchemePlugin>
const routesOf = new WeakMap<object, Routes>()

/**
 * Puts Shoal under one player: segments come from peers first, manifests and playlists from the origin as long as it answers. Licences,
 * keys, time servers and everything that is not below the base are Shaka's own business, as are retries, filters and time limits.
 *
 * Shaka's plugins for `http` and `https` are the library's, not the player's: they are replaced by one that hands all requests of other
 * players on to `HttpFetchPlugin`. Request filters that are added later see the requests, too.
 *
 * @param shaka the library
 * @param shoal a node, a promise of one, or a function that gives either: it is called when the player has its first fragment, so that
 *   nothing competes with that, and again as long as it gives `undefined`. Not needed with `content`
 * @returns what detaches it again; loads under way end as they would have
 */
export function attachShaka (shaka: ShakaLibrary, player: ShakaPlayer, shoal: NodeSource, options: WithContent<ShakaOptions>): () => void {
  const media = options.media ?? (() => player.getMediaElement())
  const deliverer = new Deliverer(shoal, { ...options, media })
  const loads = new SchemeLoads(shaka, deliverer, options.origin ?? shaka.net.HttpFetchPlugin.parse)
  const routes = routed(shaka)
  const filter = (type: number, request: ShakaRequest, context?: ShakaContext): void => {
    if (request.method === 'GET' && loads.covers(type)) routes.set(request, loads.plugin(context))
    else routes.delete(request)
  }
  const engine = player.getNetworkingEngine()
  engine?.registerRequestFilter(filter)
  return () => { engine?.unregisterRequestFilter(filter) }
}

/** The routes of this copy of Shaka, whose plugins are replaced when they are asked for first. */
function routed (shaka: ShakaLibrary): Routes {
  const known = routesOf.get(shaka)
  if (known !== undefined) return known
  const routes: Routes = new WeakMap()
  routesOf.set(shaka, routes)
  const plugin: ShakaSchemePlugin = (uri, request: object, ...rest) => {
    const load = routes.get(request)
    routes.delete(request)
    return (load ?? shaka.net.HttpFetchPlugin.parse)(uri, request, ...rest) as unknown
  }
  for (const scheme of ['http', 'https']) shaka.net.NetworkingEngine.registerScheme(scheme, plugin, undefined, true)
  return routes
}
