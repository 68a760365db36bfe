import { MAX_PLAYLIST_BYTES } from './limits.js'
import type { MediaMap } from './media.js'
import { rangeOf, renditionOf, representationsOf, uriOf, type MpdListing } from './mpd.js'
import { parseSidx } from './sidx.js'

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
  const fileOf = (listing: MpdListing): string | undefined => {
    const uri = uriOf(listing)
    return uri === undefined ? undefined : media.resolve('', uri)
  }
  // no wall clock: the same MPD says the same at any time
  for (const representation of representationsOf(text, path.split('/').map(encodeURIComponent).join('/'), 0)) {
    const rendition = renditionOf(path, representation)
    const add = (listing: MpdListing, seconds?: number): void => {
      const file = fileOf(listing)
      // without a URL of its own it seems to be the MPD
      if (file !== undefined && file !== path) media.add(rendition, { path: file, seconds, ...rangeOf(listing) })
    }
    for (const segment of representation.segments ?? []) {
      if (segment.map !== undefined) add(segment.map)
      add(segment, segment.duration)
    }
    const { sidx } = representation
    const file = sidx === undefined ? undefined : fileOf(sidx)
    const index = sidx === undefined ? undefined : rangeOf(sidx)
    if (index === undefined || file === undefined) continue
    const start = index.offset
    const end = start + index.length
    if (!(start >= 0 && end > start && end <= MAX_PLAYLIST_BYTES)) continue
    const bytes = await read(file, start, end)
    if (sidx?.map !== undefined) add(sidx.map)
    for (const { offset, length, seconds } of bytes === undefined ? [] : parseSidx(bytes)) {
      media.add(rendition, { path: file, offset: end + offset, length, seconds })
    }
  }
}
