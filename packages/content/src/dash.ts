import { parse } from 'mpd-parser'
import { MAX_PLAYLIST_BYTES } from './limits.js'
import type { MediaMap } from './media.js'
import { pathFault } from './path.js'
import { MAX_LISTED_SEGMENTS, listedSegments } from './mpd-expansion.js'
import { parseSidx } from './sidx.js'

/** Where an MPD seems to come from, so that what its URLs resolve to can be told from other hosts. */
const HERE = 'http://presentation.invalid/'

interface Range { readonly offset: number | bigint, readonly length: number | bigint }

interface Listed { readonly resolvedUri?: string | undefined, readonly byterange?: Range | undefined }

interface Representation extends Listed {
  readonly attributes?: { readonly NAME?: unknown } | undefined
  readonly segments?: readonly (Listed & { readonly duration?: number | undefined, readonly map?: Listed | undefined })[] | undefined
  /** Where the index of a single file lies. */
  readonly sidx?: (Listed & { readonly map?: Listed | undefined }) | undefined
}

type Groups<T> = Readonly<Record<string, T>>

interface Mpd {
  readonly playlists?: readonly Representation[] | undefined
  /** By type, group and label. */
  readonly mediaGroups?: Groups<Groups<Groups<{ readonly playlists?: readonly Representation[] | undefined }>>> | undefined
}

/** Reads bytes of a file; `undefined` when it has fewer. */
export type ReadRange = (path: string, start: number, end: number) => Promise<Uint8Array | undefined>

/**
 * Adds what an MPD says of the other files: duration and rendition of segments, the rendition of init segments, and the ends of byte
 * ranges. SegmentTemplate (number, time, timeline), SegmentList, and SegmentBase by its index; BaseURL and periods as they nest. A
 * rendition is the path of the MPD, `#`, and the id of the representation. What cannot be read says nothing.
 *
 * @throws what `read` throws
 */
export async function mapDash (path: string, text: string, media: MediaMap, read: ReadRange): Promise<void> {
  const at = HERE + path.split('/').map(encodeURIComponent).join('/')
  for (const representation of representations(text, at)) {
    const id = representation.attributes?.NAME
    const named = `${path}#${typeof id === 'string' ? id : ''}`
    const rendition = pathFault(named) === undefined ? named : path
    const add = ({ resolvedUri, byterange }: Listed, seconds?: number): void => {
      const file = fileOf(resolvedUri, media)
      // without a URL of its own it seems to be the MPD
      if (file === undefined || file === path) return
      const range = byterange === undefined ? {} : { offset: Number(byterange.offset), length: Number(byterange.length) }
      media.add(rendition, { path: file, seconds, ...range })
    }
    for (const segment of representation.segments ?? []) {
      if (segment.map !== undefined) add(segment.map)
      add(segment, segment.duration)
    }
    const { sidx } = representation
    const file = fileOf(sidx?.resolvedUri, media)
    if (sidx?.byterange === undefined || file === undefined) continue
    const start = Number(sidx.byterange.offset)
    const end = start + Number(sidx.byterange.length)
    if (!(start >= 0 && end > start && end <= MAX_PLAYLIST_BYTES)) continue
    const bytes = await read(file, start, end)
    if (sidx.map !== undefined) add(sidx.map)
    for (const { offset, length, seconds } of bytes === undefined ? [] : parseSidx(bytes)) {
      media.add(rendition, { path: file, offset: end + offset, length, seconds })
    }
  }
}

function representations (text: string, at: string): Representation[] {
  if (listedSegments(text) > MAX_LISTED_SEGMENTS) return []
  try {
    // no wall clock: the same MPD says the same at any time
    const { playlists = [], mediaGroups = {} } = parse(text, { manifestUri: at, NOW: 0 }) as Mpd
    const groups = Object.values(mediaGroups).flatMap(group => Object.values(group)).flatMap(labels => Object.values(labels))
    return [...playlists, ...groups.flatMap(group => group.playlists ?? [])]
  } catch {
    return []
  }
}

function fileOf (uri: string | undefined, media: MediaMap): string | undefined {
  return uri?.startsWith(HERE) === true ? media.resolve('', uri.slice(HERE.length)) : undefined
}
