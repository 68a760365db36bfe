import { Parser } from 'm3u8-parser'
import { MAX_DURATION_MS, MAX_PLAYLIST_BYTES } from './limits.js'
import type { MediaInfo } from './media.js'
import { comparePaths } from './path.js'
import type { FileEntry } from './segment-files.js'

/**
 * Reads the HLS media playlists among files and gives what they say of the others, by path: duration and rendition of media segments, the
 * rendition of init segments (EXT-X-MAP). A segment of several playlists belongs to the first of them in path order. A file that is listed
 * by byte ranges is many segments to the player but one here, so nothing is said of it. A playlist that cannot be read is only a file.
 *
 * @throws what a file's stream throws, and the signal's reason
 * @see https://www.rfc-editor.org/rfc/rfc8216
 */
export async function mapHls (files: readonly FileEntry[], signal?: AbortSignal): Promise<Map<string, MediaInfo>> {
  const media = new Map<string, MediaInfo>()
  const paths = new Set(files.map(file => file.path))
  const playlists = files.filter(file => /\.m3u8?$/i.test(file.path) && file.size <= MAX_PLAYLIST_BYTES)
  for (const playlist of playlists.toSorted((a, b) => comparePaths(a.path, b.path))) {
    const text = await readText(playlist, signal)
    if (text === undefined) continue
    for (const { uri, duration } of listedIn(text)) {
      const path = resolve(playlist.path, uri, paths)
      if (path === undefined || media.has(path)) continue
      const ms = Math.round((duration ?? Number.NaN) * 1000)
      media.set(path, { duration: ms >= 0 && ms <= MAX_DURATION_MS ? ms : undefined, rendition: playlist.path })
    }
  }
  return media
}

interface Listed { readonly uri: string, readonly duration?: number | undefined }

/** Whole files that a media playlist lists; none of a master playlist and of what is no playlist. */
function listedIn (text: string): readonly Listed[] {
  if (!text.startsWith('#EXTM3U')) return []
  const parser = new Parser()
  try {
    parser.push(text)
    parser.end()
  } catch {
    return []
  }
  return parser.manifest.segments.flatMap(segment => {
    const init = segment.map
    const listed: Listed[] = []
    if (typeof init?.uri === 'string' && init.byterange === undefined) listed.push({ uri: init.uri })
    if (typeof segment.uri === 'string' && segment.byterange === undefined) listed.push({ uri: segment.uri, duration: segment.duration })
    return listed
  })
}

async function readText (file: FileEntry, signal: AbortSignal | undefined): Promise<string | undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let bytes = 0
  for await (const chunk of file.stream(signal)) {
    signal?.throwIfAborted()
    bytes += chunk.byteLength
    if (bytes > MAX_PLAYLIST_BYTES) return undefined
    try {
      text += decoder.decode(chunk, { stream: true })
    } catch {
      return undefined
    }
  }
  return text
}

/** The file that a playlist means by a URI: relative, percent-encoded or not, with or without a query. */
function resolve (playlist: string, uri: string, paths: ReadonlySet<string>): string | undefined {
  if (uri.startsWith('/') || /^[a-z][a-z0-9+.-]*:/i.test(uri)) return undefined
  const parts = playlist.split('/').slice(0, -1)
  for (const part of (uri.split(/[?#]/)[0] as string).split('/')) {
    if (part === '..' && parts.pop() === undefined) return undefined
    if (part !== '..' && part !== '.' && part !== '') parts.push(part)
  }
  const path = parts.join('/')
  if (paths.has(path)) return path
  try {
    const decoded = decodeURIComponent(path)
    return paths.has(decoded) ? decoded : undefined
  } catch {
    return undefined
  }
}
