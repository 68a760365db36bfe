/** As much of video.js (8.6 and later) and its HTTP streaming (VHS) as the adapter uses; a player of it fits. */

export interface VhsOptions {
  readonly uri: string
  readonly method?: string
  readonly requestType?: string
  readonly responseType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timeout?: number
  readonly beforeSend?: unknown
}

/** What VHS reads of a request. */
export interface VhsXhr extends EventTarget {
  uri?: string
  requestType?: string | undefined
  requestTime?: number
  responseTime?: number
  /** Milliseconds. */
  roundTripTime?: number
  bytesReceived?: number
  /** Bits per second. */
  bandwidth?: number
  responseHeaders?: Record<string, string>
  aborted?: boolean
  timedout?: boolean
  readonly response: unknown
  readonly responseText: string
  readonly responseType: string
  readonly responseURL: string
  readonly status: number
  readonly statusText: string
  abort (): void
}

export type VhsCallback = (error: unknown, request: VhsXhr) => void

export type VhsXhrFunction = (options: VhsOptions, callback: VhsCallback) => VhsXhr

interface VhsSegment { readonly resolvedUri?: string, readonly duration?: number, readonly parts?: readonly VhsSegment[] }

/** `player.tech(true).vhs`. */
export interface Vhs {
  xhr: VhsXhrFunction
  readonly playlists?: { media? (): { readonly segments?: readonly VhsSegment[], readonly targetDuration?: number } | undefined }
}

/* eslint-disable @typescript-eslint/no-explicit-any -- video.js types both loosely */
export interface VideoJsPlayer {
  on (event: string, listener: () => void): any
  off (event: string, listener: () => void): any
  tech (safety?: any): any
}
/* eslint-enable @typescript-eslint/no-explicit-any */
