import type { Clock } from '@shoal/base'
import type { Content } from '@shoal/interface'
import type { HlsConfig } from 'hls.js'

/** Why a request that could have been served by Shoal went to the origin, or the other way round. */
export type FallbackReason =
  /** The node failed to start, or the content failed to open. */
  | 'no-content'
  /** The content has no such path. */
  | 'not-found'
  /** Reading from the content failed. */
  | 'failed'
  /** Reading from the content did not begin, or came to a stop. */
  | 'stalled'
  /** The origin did not answer, or with an error: the content is asked. */
  | 'origin-failed'

export interface FallbackReport {
  readonly url: string
  /** Path in the content, `undefined` when the content never opened. */
  readonly path: string | undefined
  readonly from: 'shoal' | 'origin'
  readonly to: 'shoal' | 'origin'
  readonly reason: FallbackReason
  readonly error: Error | undefined
}

export interface RequestReport {
  readonly url: string
  /** Path in the content, `undefined` for a URL outside the base. */
  readonly path: string | undefined
  readonly type: 'fragment' | 'playlist'
  /** `shoal`: through the content, its `segment` event says from whom. `origin`: straight from the origin. */
  readonly via: 'shoal' | 'origin'
  readonly bytes: number
  /** From the request to the last byte, as it was. */
  readonly ms: number
}

/** A media element, or as much of it as tells where playback is. */
export type PlayingMedia = Pick<HTMLMediaElement, 'currentTime' | 'playbackRate'> & { readonly readyState?: number | undefined }

export interface HlsLoaderOptions {
  /** Link of the content to open as soon as the node is there. */
  link?: string | undefined
  /** A content that is open or being opened already, instead of `link`. */
  content?: Content | Promise<Content> | undefined
  /**
   * URL under which the content's paths lie; a URL belongs to the content when it starts with it. Of its query only
   * counts what the manifest says is significant.
   *
   * @default the folder of the first playlist that hls.js asks for
   */
  base?: string | undefined
  /**
   * The element that plays, to know how soon a fragment is needed.
   *
   * @default a fragment is needed within its own duration, and never waits for the content to open
   */
  media?: PlayingMedia | (() => PlayingMedia | null) | undefined
  /** Each time one source is given up for the other. */
  onfallback?: ((report: FallbackReport) => void) | undefined
  /** Each request that succeeded. */
  onrequest?: ((report: RequestReport) => void) | undefined
  /** @default the machine's clock */
  clock?: Clock | undefined
  /** @default the global `fetch` */
  fetch?: typeof globalThis.fetch | undefined
}

/** What goes into the configuration of `new Hls()`. */
export type HlsLoaderConfig = Required<{ [K in 'fLoader' | 'pLoader']: NonNullable<HlsConfig[K]> }>
