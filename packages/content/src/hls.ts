import { Parser } from 'm3u8-parser'
import type { MediaMap, MediaRange } from './media.js'

/** A URI in a playlist with its byte range, if it has one. */
interface Listed {
  readonly uri?: string | undefined
  readonly byterange?: { readonly offset: number, readonly length: number } | undefined
  readonly duration?: number | undefined
}

interface ListedSegment extends Listed {
  readonly map?: Listed | undefined
  /** Low-latency parts. */
  readonly parts?: readonly Listed[] | undefined
  readonly preloadHints?: readonly Listed[] | undefined
}

interface Playlist {
  readonly segments: readonly ListedSegment[]
  /** Parts of the segment that is not complete yet. */
  readonly preloadSegment?: ListedSegment | undefined
  readonly iFramesOnly?: boolean | undefined
}

/**
 * Adds what a media playlist says of the other files: duration and rendition of segments and parts, the rendition of init segments
 * (EXT-X-MAP) and of what is announced (EXT-X-PRELOAD-HINT), and the ends of parts and byte ranges. A final segment is cut where its parts
 * end, so that both share their blocks. Keys are noted from any playlist. A playlist of I-frames alone names ranges inside of segments: it
 * cuts nothing. What cannot be read says nothing.
 *
 * @see https://datatracker.ietf.org/doc/html/draft-pantos-hls-rfc8216bis
 */
export function mapHls (path: string, text: string, media: MediaMap): void {
  if (!text.startsWith('#EXTM3U')) return
  for (const [, uri] of text.matchAll(/^#EXT-X-(?:SESSION-)?KEY:.*?\bURI="([^"\r\n]*)"/gm)) {
    const key = media.resolve(path, uri as string)
    if (key !== undefined) media.keys.add(key)
  }
  const { segments, preloadSegment, iFramesOnly } = parse(text)
  if (iFramesOnly === true) return
  const rangeOf = ({ uri, byterange, duration }: Listed): MediaRange | undefined => {
    const file = typeof uri === 'string' ? media.resolve(path, uri) : undefined
    return file === undefined ? undefined : { path: file, offset: byterange?.offset, length: byterange?.length, seconds: duration }
  }
  for (const segment of preloadSegment === undefined ? segments : [...segments, preloadSegment]) {
    const init = rangeOf({ ...segment.map, duration: undefined })
    if (init !== undefined) media.add(path, init)
    const whole = rangeOf(segment)
    if (whole !== undefined) media.add(path, whole)
    const parts = (segment.parts ?? []).map(rangeOf)
    for (const part of parts) if (part !== undefined && part.path !== whole?.path) media.add(path, part)
    for (const hint of segment.preloadHints ?? []) {
      const file = rangeOf({ uri: hint.uri })
      if (file !== undefined && file.path !== whole?.path && !media.info.has(file.path)) media.add(path, file)
    }
    if (whole !== undefined) cutAtParts(whole, parts, media)
  }
}

/** Parts that have a gap, or do not make up the whole, say nothing of it. */
function cutAtParts (whole: MediaRange, parts: readonly (MediaRange | undefined)[], media: MediaMap): void {
  const start = whole.offset ?? 0
  const ends: number[] = []
  let end = start
  for (const part of parts) {
    if (part === undefined) return
    end += media.lengthOf(part)
    ends.push(end)
  }
  if (end === start + media.lengthOf(whole)) media.cut(whole.path, ends)
}

function parse (text: string): Playlist {
  const parser = new Parser()
  try {
    parser.push(text)
    parser.end()
  } catch {
    return { segments: [] }
  }
  return parser.manifest as Playlist
}
