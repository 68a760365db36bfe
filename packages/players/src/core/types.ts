import type { Clock } from '@shoal/base'
import type { Content } from '@shoal/interface'

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
  /** The origin has other bytes than the manifest vouches for, and no peer gave the right ones: the player gets the origin's. */
  | 'mismatch'
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

/** What is asked for: media and init segments; playlists and MPDs; anything else, of which only the service worker hears. */
export type RequestType = 'fragment' | 'playlist' | 'file'

export interface RequestReport {
  readonly url: string
  /** Path in the content, `undefined` for a URL outside the base. */
  readonly path: string | undefined
  readonly type: RequestType
  /** `shoal`: through the content, its `segment` event says from whom. `origin`: straight from the origin. */
  readonly via: 'shoal' | 'origin'
  readonly bytes: number
  /** From the request to the last byte, as it was. */
  readonly ms: number
}

/** The element that plays, as far as an adapter looks at it. */
export type Media = Pick<HTMLMediaElement, 'currentTime' | 'playbackRate'> & Partial<Pick<HTMLMediaElement, 'buffered' | 'readyState'>>

/** What all adapters take. */
export interface PlayerOptions {
  /** Link of the content to open as soon as the node is there. */
  link?: string | undefined
  /** A content that is open or being opened already, instead of `link`. */
  content?: Content | Promise<Content> | undefined
  /**
   * URL under which the content's paths lie; a URL belongs to the content when it starts with it. Of its query only
   * counts what the manifest says is significant.
   *
   * @default the folder of the first playlist that the player asks for
   */
  base?: string | undefined
  /**
   * The element that plays, to know how soon a fragment is needed.
   *
   * @default the player's own, where it tells; else a fragment is needed within its own duration, and never waits for the content to open
   */
  media?: Media | (() => Media | null) | undefined
  /** Each time one source is given up for the other. */
  onfallback?: ((report: FallbackReport) => void) | undefined
  /** Each request that succeeded. */
  onrequest?: ((report: RequestReport) => void) | undefined
  /** @default the machine's clock */
  clock?: Clock | undefined
}

/** Options that name a content. */
export type WithContent<O> = O & ({ link: string } | { content: Content | Promise<Content> })
