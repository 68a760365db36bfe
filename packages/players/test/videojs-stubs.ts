import type { ManualClock } from '@shoal/base'
import type { VhsXhr, VhsXhrFunction, VideoJsPlayer } from '../src/videojs/types.js'
import type { Got, Running } from './seat.js'

/** Its xhr function over a stubbed `fetch`, with what VHS writes on a request. */
function vhsXhr (fetch: typeof globalThis.fetch, clock: ManualClock): VhsXhrFunction {
  return (options, callback) => {
    const stop = new AbortController()
    const request = Object.assign(new EventTarget(), {
      uri: options.uri,
      requestType: options.requestType,
      requestTime: clock.wall(),
      responseTime: 0,
      roundTripTime: 0,
      bytesReceived: 0,
      bandwidth: 0,
      aborted: false,
      response: null as unknown,
      responseText: '',
      responseType: options.responseType ?? '',
      responseURL: '',
      status: 0,
      statusText: '',
      abort () { request.aborted = true; stop.abort(); request.dispatchEvent(new Event('loadend')) }
    })
    const run = async (): Promise<void> => {
      let error: Error | null = null
      try {
        const answer = await fetch(options.uri, { headers: { ...options.headers }, signal: stop.signal })
        const bytes = await answer.bytes()
        request.status = answer.status
        request.response = bytes.buffer
        request.responseText = new TextDecoder().decode(bytes)
        request.responseURL = options.uri
        request.bytesReceived = bytes.length
        request.roundTripTime = clock.wall() - request.requestTime
        request.bandwidth = bytes.length * 8000 / Math.max(1, request.roundTripTime)
        if (!answer.ok) error = new Error(`XHR Failed with a response of: ${request.responseText}`)
      } catch (thrown) {
        error = thrown as Error
      }
      if (stop.signal.aborted) return
      callback(error, request)
      request.dispatchEvent(new Event('loadend'))
    }
    void run()
    return request
  }
}

/** As much of video.js and VHS as an adapter meets. */
export function vhsStub (fetch: typeof globalThis.fetch, clock: ManualClock, seconds: number): {
  player: VideoJsPlayer, load (uri: string, requestType: string, responseType: string | undefined, headers: Record<string, string>): Running
} {
  const vhs = { xhr: vhsXhr(fetch, clock), playlists: { media: () => ({ targetDuration: seconds, segments: [] }) } }
  const player: VideoJsPlayer = { on () {}, off () {}, tech: () => ({ vhs, el: () => null }) }
  return {
    player,
    load (uri, requestType, responseType, headers) {
      const { promise, resolve } = Promise.withResolvers<Got>()
      const asked = { uri, requestType, ...(responseType === undefined ? {} : { responseType }), headers }
      const request: VhsXhr = vhs.xhr(asked, (error, shown) => {
        if (shown !== request) throw new Error('another request than the one that was returned')
        const { status, response, responseText, bandwidth = 0 } = shown
        if (error !== null) { resolve({ kind: 'error', status }); return }
        const bytes = responseType === 'arraybuffer' ? new Uint8Array(response as ArrayBuffer) : new TextEncoder().encode(responseText)
        resolve({ kind: 'success', status, bytes, rate: bandwidth / 8000 })
      })
      request.addEventListener('loadend', () => { if (request.aborted === true) resolve({ kind: 'abort' }) })
      return { done: promise, abort () { request.abort() } }
    }
  }
}
