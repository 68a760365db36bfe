/**
 * Shoal under dash.js.
 *
 * ```ts
 * import { MediaPlayer } from 'dashjs'
 * import { attachDash } from '@shoal/players/dash'
 *
 * const player = MediaPlayer().create()
 * attachDash(player, () => createShoal(), { link, base: 'https://cdn.example.com/show/' })
 * player.initialize(video, 'https://cdn.example.com/show/manifest.mpd', true)
 * ```
 *
 * This module is all that has to be there before the first frame; the node may load behind it.
 *
 * @packageDocumentation
 */
import { Deliverer } from '../core/deliverer.js'
import { DashLoads } from './loads.js'
import type { NodeSource } from '../core/source.js'
import type { PlayerOptions, WithContent } from '../core/types.js'
import type { DashLoader, DashPlayer, DashResponse } from './types.js'

export type { DashPlayer } from './types.js'
export type { FallbackReason, FallbackReport, RequestReport } from '../core/types.js'

export type DashOptions = PlayerOptions

/**
 * Puts Shoal under a player: segments and indexes come from peers first, the MPD from the origin as long as it answers. Licences,
 * time servers and everything that is not below the base are left to dash.js, as are retries and interceptors. Call it before
 * `initialize`: dash.js takes extensions no later.
 *
 * @param shoal a node, a promise of one, or a function that gives either: it is called when the player has its first fragment, so that
 *   nothing competes with that, and again as long as it gives `undefined`. Not needed with `content`
 */
export function attachDash (player: DashPlayer, shoal: NodeSource, options: WithContent<DashOptions>): void {
  const media = options.media ?? (() => elementOf(player))
  const loads = new DashLoads(new Deliverer(shoal, { ...options, media }))
  const extension = function (this: { parent: DashLoader }): DashLoader { return loads.extend(this.parent) }
  for (const name of ['XHRLoader', 'FetchLoader']) player.extend(name, extension, true)
  player.addResponseInterceptor(async (response: DashResponse) => loads.timed(response))
}

/** dash.js throws where none is attached. */
function elementOf (player: DashPlayer): HTMLMediaElement | null {
  try {
    return player.getVideoElement()
  } catch {
    return null
  }
}
