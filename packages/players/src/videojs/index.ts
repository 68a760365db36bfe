/**
 * Shoal under video.js, where its own HTTP streaming (VHS) plays HLS or DASH. With `videojs-contrib-hls.js` or another player inside of
 * video.js use that player's adapter, for media that the browser plays by itself the service worker.
 *
 * ```ts
 * import videojs from 'video.js'
 * import { attachVideoJs } from '@shoal/players/videojs'
 *
 * const player = videojs(video)
 * attachVideoJs(player, () => createShoal(), { link, base: 'https://cdn.example.com/show/' })
 * player.src('https://cdn.example.com/show/main.m3u8')
 * ```
 *
 * This module is all that has to be there before the first frame; the node may load behind it.
 *
 * @packageDocumentation
 */
import { Deliverer } from '../core/deliverer.js'
import { VhsLoads } from './loads.js'
import type { NodeSource } from '../core/source.js'
import type { PlayerOptions, WithContent } from '../core/types.js'
import type { Vhs, VideoJsPlayer } from './types.js'

export type { VideoJsPlayer } from './types.js'
export type { FallbackReason, FallbackReport, RequestReport } from '../core/types.js'

export type VideoJsOptions = PlayerOptions

interface Tech { readonly vhs?: Vhs, el? (): HTMLMediaElement | null }

/**
 * Puts Shoal under one player: segments and indexes come from peers first, playlists and MPDs from the origin as long as it answers. Keys,
 * steering and everything that is not below the base are left to video.js, as are its hooks (`onRequest`, `onResponse`), retries and
 * time limits, wherever the origin is asked. Call it before the source is set.
 *
 * @param shoal a node, a promise of one, or a function that gives either: it is called when the player has its first fragment, so that
 *   nothing competes with that, and again as long as it gives `undefined`. Not needed with `content`
 * @returns what detaches it again, from the next source on
 */
export function attachVideoJs (player: VideoJsPlayer, shoal: NodeSource, options: WithContent<VideoJsOptions>): () => void {
  const tech = (): Tech | undefined => player.tech(true) as Tech | undefined
  const media = options.media ?? (() => tech()?.el?.() ?? null)
  const deliverer = new Deliverer(shoal, { ...options, media })
  const wrapped = new WeakSet<Vhs>()
  // each source has a VHS of its own
  const onready = (): void => {
    const vhs = tech()?.vhs
    if (vhs === undefined || wrapped.has(vhs)) return
    wrapped.add(vhs)
    vhs.xhr = new VhsLoads(deliverer, vhs).wrap(vhs.xhr)
  }
  player.on('xhr-hooks-ready', onready)
  onready()
  return () => { player.off('xhr-hooks-ready', onready) }
}
