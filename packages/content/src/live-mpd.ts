import { MAX_LIVE_LISTED, MAX_TARGET_MS } from './limits.js'
import { isOpenEnded } from './mpd-expansion.js'
import type { MediaPlaylist } from './live-playlist.js'
import { isDynamic, rangeOf, renditionOf, representationsOf, uriOf, type Representation } from './mpd.js'
import { ms, namedFiles, type Base, type Listing, type Named } from './named-files.js'

/**
 * Reads an MPD (ISO/IEC 23009-1) as a playlist that lists the files of all its representations. One that counts segments off by the clock
 * lists some that are not there: neither yet nor, behind its window, any more. One with an open-ended timeline (`r="-1"`) lists nothing.
 *
 * @param path the MPD's own, in the content
 * @param now ms since 1970
 * @returns `undefined` when it is none, or not yet
 */
export function readMpd (text: string, path: string, base: Base, now: number): MediaPlaylist | undefined {
  const tag = /<MPD\b[^>]*>/.exec(text)?.[0]
  if (tag === undefined || !text.includes('</MPD>')) return undefined
  const dynamic = isDynamic(tag)
  const counted = !/<Segment(?:Timeline|List)\b/.test(text)
  // one that goes on until now goes on from whenever it says that it began: to list that may take for ever
  const representations = dynamic && isOpenEnded(text) ? [] : representationsOf(text, base.uri.split('?')[0] as string, now)
  const durations = representations.map(({ segments = [] }) => segments.slice(-MAX_LIVE_LISTED).map(({ duration }) => ms(duration) ?? 0))
  const listed = representations.map(representation => filesOf(representation, path, base.significant))
  const files = new Map<string, Named>()
  for (const file of listed.flat()) if (!files.has(file.path)) files.set(file.path, file)
  return {
    kind: 'media',
    targetMs: Math.min(MAX_TARGET_MS, durations.flat().reduce((longest, duration) => Math.max(longest, duration), 0)),
    lengthMs: durations.reduce((longest, each) => Math.max(longest, each.reduce((sum, duration) => sum + duration, 0)), 0),
    ended: !dynamic,
    files: [...files.values()],
    required: counted ? [] : listed.flatMap(each => files.get(each.at(-1)?.path ?? '') ?? [])
  }
}

/** The newest that a representation lists. */
function filesOf (representation: Representation, path: string, significant: readonly string[]): Named[] {
  const rendition = renditionOf(path, representation)
  const listings = (representation.segments ?? []).slice(-MAX_LIVE_LISTED).flatMap((segment): Listing[] => [
    ...segment.map === undefined ? [] : [{ uri: uriOf(segment.map), byterange: rangeOf(segment.map) }],
    { uri: uriOf(segment), byterange: rangeOf(segment), duration: segment.duration }
  ])
  return namedFiles({ uri: '', significant }, listings).filter(file => file.path !== path).map(file => ({ ...file, rendition }))
}
