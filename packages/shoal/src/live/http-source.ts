import type { Clock } from '@shoal/base'
import { PublishError } from '@shoal/interface'
import { MAX_LIVE_FILE_BYTES, type LiveSource } from './source.js'

/** A request that takes longer is given up; it is made again. */
const REQUEST_MS = 10_000

/** A presentation served over HTTP. The playlist's own query, perhaps a token, goes along wherever a file has none of its own. */
export function httpSource (playlist: string, clock: Clock): LiveSource {
  const url = new URL(playlist)
  const base = new URL('.', url)
  const start = url.pathname.slice(base.pathname.length)
  return {
    playlists: () => Promise.resolve([start]),

    async read (uri, signal) {
      const file = new URL(uri, base)
      if (file.search === '') file.search = url.search
      const late = new AbortController()
      const cancel = clock.after(REQUEST_MS, () => { late.abort(new PublishError(`${file.href} took more than ${REQUEST_MS / 1000} s`)) })
      try {
        const response = await fetch(file, { signal: AbortSignal.any([signal, late.signal]), cache: 'no-store' })
        if (response.ok) return await take(response, file)
        await response.body?.cancel()
        if (response.status === 404 || response.status === 410) return undefined
        throw new PublishError(`${file.href} answered ${response.status}`)
      } finally {
        cancel()
      }
    }
  }
}

async function take (response: Response, { href }: URL): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > MAX_LIVE_FILE_BYTES) throw new PublishError(`${href} has more than ${MAX_LIVE_FILE_BYTES} bytes`)
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}
