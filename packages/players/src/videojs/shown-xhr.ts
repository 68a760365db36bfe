import type { VhsOptions, VhsXhr } from './types.js'

/** What VHS holds of a request while Shoal and the origin are asked behind it: as much of an XMLHttpRequest as it looks at. */
export class ShownXhr extends EventTarget implements VhsXhr {
  readonly uri: string
  readonly requestType: string | undefined
  readonly responseType: string
  requestTime: number
  responseTime = 0
  roundTripTime = 0
  bytesReceived = 0
  bandwidth = 0
  responseHeaders: Record<string, string> = {}
  aborted = false
  timedout = false
  response: unknown = null
  responseText = ''
  responseURL = ''
  status = 0
  statusText = ''
  readonly #onabort: () => void
  #ended = false

  /** @param now ms since 1970, as VHS counts */
  constructor (options: VhsOptions, now: number, onabort: () => void) {
    super()
    this.uri = options.uri
    this.requestType = options.requestType
    this.responseType = options.responseType ?? ''
    this.requestTime = now
    this.#onabort = onabort
  }

  abort (): void {
    this.aborted = true
    if (this.#ended) return
    this.#onabort()
    this.dispatchEvent(new Event('abort'))
    this.end()
  }

  end (): void {
    if (this.#ended) return
    this.#ended = true
    this.dispatchEvent(new Event('loadend'))
  }

  /** Of the origin's bytes. */
  progress ({ loaded, total, lengthComputable }: ProgressEvent): void {
    this.dispatchEvent(Object.assign(new Event('progress'), { loaded, total, lengthComputable }))
  }

  /** Shoal delivered. `ms`: how long VHS should think that it took. */
  fill (bytes: ArrayBuffer, status: number, url: string, ms: number, now: number): void {
    this.bytesReceived = bytes.byteLength
    this.roundTripTime = ms
    this.bandwidth = Math.floor(bytes.byteLength * 8_000 / ms)
    this.responseTime = now
    this.status = status
    this.statusText = 'OK'
    this.responseURL = url
    if (this.responseType === 'arraybuffer') this.response = bytes
    else this.response = this.responseText = new TextDecoder().decode(bytes)
  }

  /** The origin answered. */
  become (request: VhsXhr): void {
    this.response = request.response
    this.responseText = this.responseType === 'arraybuffer' ? '' : request.responseText
    this.responseURL = request.responseURL
    this.responseTime = request.responseTime ?? 0
    this.responseHeaders = request.responseHeaders ?? {}
    this.roundTripTime = request.roundTripTime ?? 0
    this.bytesReceived = request.bytesReceived ?? 0
    this.bandwidth = request.bandwidth ?? 0
    this.timedout = request.timedout ?? false
    this.status = request.status
    this.statusText = request.statusText
  }
}
