/** As much of dash.js (5.0 and later) as the adapter uses; its `MediaPlayer` fits. */

/** dash.js' own description of what is loaded. */
export interface DashFragment {
  readonly type: string | null
  readonly startTime?: number
  readonly duration?: number
  startDate?: Date | null
  firstByteDate?: Date | null
  endDate?: Date | null
}

export interface DashProgress {
  readonly lengthComputable: boolean
  readonly loaded: number
  readonly total: number
  /** Milliseconds that the bytes since the last event took, in place of a measurement. */
  readonly time?: number
}

/** `CommonMediaRequest` of dash.js. */
export interface DashRequest {
  url: string
  readonly method: string
  readonly responseType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timeout?: number
  readonly customData: {
    readonly request: DashFragment
    onloadend?: (() => void) | undefined
    onprogress?: ((event: DashProgress) => void) | undefined
    onabort?: (() => void) | undefined
    abort?: (() => void) | undefined
  }
}

/** `CommonMediaResponse` of dash.js. */
export interface DashResponse {
  request: DashRequest
  url?: string
  status?: number
  statusText?: string
  headers?: Record<string, string>
  data?: unknown
}

export interface DashLoader {
  load (request: DashRequest, response: DashResponse): unknown
  abort (request?: DashRequest): void
  reset (): void
  resetInitialSettings? (): void
}

export interface DashPlayer {
  extend (name: string, extension: object, override: boolean): void
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- dash.js has a class of its own for it
  addResponseInterceptor (interceptor: (response: any) => Promise<any>): void
  getVideoElement (): HTMLMediaElement
}
