import { parse } from 'mpd-parser'
import { isEndless } from './mpd-expansion.js'
import { pathFault } from './path.js'

/** Where an MPD seems to come from, so that what its URLs resolve to can be told from other hosts. */
const HERE = 'http://presentation.invalid/content/'
/** How far back an MPD goes that says nothing of it, and leaves it to the clock what there is. */
const WITHOUT_DEPTH = 'PT1M'

interface Range { readonly offset: number | bigint, readonly length: number | bigint }

/** A file that an MPD lists, or a range of one. */
export interface MpdListing { readonly resolvedUri?: string | undefined, readonly byterange?: Range | undefined }

interface MpdSegment extends MpdListing {
  /** Seconds. */
  readonly duration?: number | undefined
  /** Its init segment. */
  readonly map?: MpdListing | undefined
}

export interface Representation extends MpdListing {
  /** `NAME` is its id. */
  readonly attributes?: {
    readonly NAME?: unknown
    readonly BANDWIDTH?: unknown
    readonly CODECS?: unknown
    readonly RESOLUTION?: { readonly width?: unknown, readonly height?: unknown } | undefined
  } | undefined
  readonly segments?: readonly MpdSegment[] | undefined
  /** Segments, by their place, that do not go on where the one before them ended. */
  readonly discontinuityStarts?: readonly number[] | undefined
  /** Where the index of a single file lies. */
  readonly sidx?: (MpdListing & { readonly map?: MpdListing | undefined }) | undefined
}

type Groups<T> = Readonly<Record<string, T>>

/** Alternative sound or text. */
export interface MediaGroup {
  readonly language?: unknown
  readonly default?: unknown
  readonly playlists?: readonly Representation[] | undefined
}

interface Mpd {
  readonly playlists?: readonly Representation[] | undefined
  /** By type, group and label. */
  readonly mediaGroups?: Groups<Groups<Groups<MediaGroup>>> | undefined
}

/**
 * What an MPD says; nothing when it cannot be read, or lists more than can be taken in.
 *
 * @param uri its own, relative to the folder of the content
 * @param now ms since 1970, for one that leaves it to the clock what there is
 */
export function mpdOf (text: string, uri: string, now: number): Mpd {
  const bounded = boundedInTime(text)
  if (isEndless(bounded)) return {}
  try {
    return parse(bounded, { manifestUri: HERE + uri, NOW: now }) as Mpd
  } catch {
    return {}
  }
}

/** One that says nothing of how far back it goes would go back to whenever it says that it began. */
function boundedInTime (text: string): string {
  const tag = /<MPD\b[^>]*>/.exec(text)?.[0] ?? ''
  return isDynamic(tag) && !tag.includes('timeShiftBufferDepth') ? text.replace('<MPD', `<MPD timeShiftBufferDepth="${WITHOUT_DEPTH}"`) : text
}

/** @param tag the `MPD` element's */
export function isDynamic (tag: string): boolean {
  return /\btype\s*=\s*["']dynamic["']/.test(tag)
}

/** What an MPD lists, by representation. */
export function representationsOf (text: string, uri: string, now: number): Representation[] {
  const { playlists = [], mediaGroups = {} } = mpdOf(text, uri, now)
  const groups = Object.values(mediaGroups).flatMap(group => Object.values(group)).flatMap(labels => Object.values(labels))
  return [...playlists, ...groups.flatMap(group => group.playlists ?? [])]
}

/** The path of the MPD, `#`, and the id of the representation. */
export function renditionOf (path: string, { attributes }: Representation): string {
  const named = `${path}#${typeof attributes?.NAME === 'string' ? attributes.NAME : ''}`
  return pathFault(named) === undefined ? named : path
}

/** Relative to the folder of the content; `undefined` when it lies elsewhere. */
export function uriOf ({ resolvedUri }: MpdListing): string | undefined {
  return resolvedUri?.startsWith(HERE) === true ? resolvedUri.slice(HERE.length) : undefined
}

/** Its byte range in plain numbers. */
export function rangeOf ({ byterange }: MpdListing): { offset: number, length: number } | undefined {
  return byterange === undefined ? undefined : { offset: Number(byterange.offset), length: Number(byterange.length) }
}
