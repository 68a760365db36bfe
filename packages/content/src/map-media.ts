import { contentTypeOf } from './content-type.js'
import type { Cutting } from './cutting.js'
import { mapHls } from './hls.js'
import { MAX_PLAYLIST_BYTES, MIN_CONTENT_DEFINED_BYTES } from './limits.js'
import { MediaMap } from './media.js'
import { comparePaths } from './path.js'
import type { FileEntry } from './segment-files.js'

const PLAYLIST = /\.(?:m3u8?|mpd)$/i

export interface MapMediaOptions {
  signal?: AbortSignal | undefined
  /** Names of the query parameters that tell one file from another: their paths end with them. @default [] */
  significantQuery?: readonly string[] | undefined
}

/**
 * Reads the HLS playlists and DASH MPDs among files and gives what they say of the others; the first in path order has the say where
 * several list a file.
 *
 * @throws what a file's stream throws, and the signal's reason
 */
export async function mapMedia (files: readonly FileEntry[], { signal, significantQuery }: MapMediaOptions = {}): Promise<MediaMap> {
  const byPath = new Map(files.map(file => [file.path, file]))
  const media = new MediaMap(new Map(files.map(file => [file.path, file.size])), significantQuery)
  const lists = files.filter(({ path, size }) => PLAYLIST.test(path) && size <= MAX_PLAYLIST_BYTES)
  for (const file of lists.toSorted((a, b) => comparePaths(a.path, b.path))) {
    const text = decode(await readRange(file, 0, file.size, signal))
    if (text === undefined) continue
    if (!/\.mpd$/i.test(file.path)) {
      mapHls(file.path, text, media)
      continue
    }
    // the parser of MPDs brings one of XML along
    const { mapDash } = await import('./dash.js')
    await mapDash(file.path, text, media, async (path, start, end) => readRange(byPath.get(path) as FileEntry, start, end, signal))
  }
  return media
}

/**
 * How a file is cut: where its parts and ranges end when it is media, where its bytes say when it is large and may be changed one day, and
 * every 256 KiB otherwise. Sound and pictures that no playlist lists are compressed: new versions of them share nothing.
 */
export function cuttingOf ({ path, size }: Pick<FileEntry, 'path' | 'size'>, media: MediaMap): Cutting {
  const listed = media.cutting(path)
  if (listed !== undefined) return listed
  const still = /^(?:video|audio)\//.test(contentTypeOf(path)) || PLAYLIST.test(path)
  return { method: size >= MIN_CONTENT_DEFINED_BYTES && !still ? 'content' : 'fixed' }
}

function decode (bytes: Uint8Array | undefined): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** Bytes of a file, which has to be read up to there; `undefined` when it ends before. */
async function readRange (file: FileEntry, start: number, end: number, signal: AbortSignal | undefined): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(end - start)
  let at = 0
  for await (const chunk of file.stream(signal)) {
    signal?.throwIfAborted()
    if (at + chunk.byteLength > start) {
      const part = chunk.subarray(Math.max(0, start - at), end - at)
      bytes.set(part, Math.max(0, at - start))
    }
    at += chunk.byteLength
    if (at >= end) break
  }
  return at >= end ? bytes : undefined
}
