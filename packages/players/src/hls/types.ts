import type { HlsConfig } from 'hls.js'
import type { PlayerOptions } from '../core/types.js'

export interface HlsLoaderOptions extends PlayerOptions {
  /** @default the global `fetch` */
  fetch?: typeof globalThis.fetch | undefined
}

/** What goes into the configuration of `new Hls()`. */
export type HlsLoaderConfig = Required<{ [K in 'fLoader' | 'pLoader']: NonNullable<HlsConfig[K]> }>
