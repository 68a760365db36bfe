import { attachShaka } from '../src/shaka/index.js'
import { compliance } from './compliance.js'
import { SECONDS, START } from './seat.js'
import { shakaStub, ShakaStubError } from './shaka-stubs.js'

const MANIFEST = 0
const SEGMENT = 1
const KEY = 6
const MEDIA_SEGMENT = 1

compliance({
  name: 'shaka',
  timed: true,
  keys: true,
  sees: true,
  seat: (shoal, options, origin) => {
    const { shaka, player, request } = shakaStub(origin.fetch, options.clock)
    attachShaka(shaka, player, shoal, options)
    const segment = { getStartTime: () => START, getEndTime: () => START + SECONDS }
    return {
      load ({ url, type, range }) {
        const headers: Record<string, string> = range === undefined ? {} : { Range: `bytes=${range[0]}-${range[1] - 1}` }
        const kind = { fragment: SEGMENT, playlist: MANIFEST, key: KEY }[type]
        const { operation, rate } = request(url, kind, type === 'fragment' ? { type: MEDIA_SEGMENT, segment } : {}, headers)
        return {
          done: operation.promise.then(({ data, status = 0, timeMs }) => {
            const bytes = new Uint8Array(data as ArrayBuffer)
            return { kind: 'success' as const, bytes, status, rate: rate() ?? bytes.length / Math.max(1, timeMs ?? 0) }
          }, (error: unknown) => {
            if (!(error instanceof ShakaStubError)) throw error
            return { kind: error.code === ShakaStubError.Code.OPERATION_ABORTED ? 'abort' as const : 'error' as const, status: error.status }
          }),
          abort () { void operation.abort() }
        }
      }
    }
  }
})
