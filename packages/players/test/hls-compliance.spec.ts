import { createHlsLoader } from '../src/hls/index.js'
import { compliance } from './compliance.js'
import { SECONDS, START } from './seat.js'
import { outcome, policy } from './hls-stubs.js'
import { BASE } from './stubs.js'
import type { HlsConfig, LoaderContext } from 'hls.js'

compliance({
  name: 'hls',
  timed: true,
  keys: false,
  sees: true,
  seat: (shoal, options, origin) => {
    const { fLoader: FLoader, pLoader: PLoader } = createHlsLoader(shoal, { ...options, fetch: origin.fetch })
    return {
      load ({ url, type, range }) {
        const frag = { sn: 3, start: START, duration: SECONDS, url: BASE }
        const context = {
          url,
          responseType: type === 'fragment' ? 'arraybuffer' : '',
          ...(type === 'fragment' ? { type: 'media-fragment', frag, part: null } : { type: 'manifest' }),
          ...(range === undefined ? {} : { rangeStart: range[0], rangeEnd: range[1] })
        } as unknown as LoaderContext
        const loader = type === 'fragment' ? new FLoader({} as HlsConfig) : new PLoader({} as HlsConfig)
        const { callbacks, done } = outcome()
        loader.load(context as never, policy(), callbacks as never)
        return {
          done: done.then(({ kind, data, code, stats }) => {
            const { start, first, end } = stats.loading
            const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data as ArrayBuffer)
            // as its abr-controller has it
            const rate = bytes.length / Math.max(1, end - start - (first - start))
            if (kind === 'success') return { kind, bytes, status: code ?? 0, rate }
            return { kind: kind === 'abort' ? kind : 'error', status: code ?? 0 }
          }),
          abort () { loader.abort() }
        }
      }
    }
  }
})
