import { Parser } from 'm3u8-parser'
import { MAX_TARGET_MS } from './limits.js'
import { list, ms, namedFiles, type Base, type Listing, type Named } from './named-files.js'

export interface MasterPlaylist { readonly kind: 'master', readonly playlists: readonly Named[] }

export interface MediaPlaylist {
  readonly kind: 'media'
  /** Longest duration of a segment, of a part where there are parts: something new comes about so often. In ms. */
  readonly targetMs: number
  /** ms of all that it lists. */
  readonly lengthMs: number
  readonly ended: boolean
  /** Whole files, in the order in which it lists them. */
  readonly files: readonly Named[]
  /** Those of them without which it does not count: they are there before it lists them. */
  readonly required: readonly Named[]
}

/**
 * Reads an HLS playlist, RFC 8216 with the low-latency parts of its second edition. Files that it lists by byte ranges count once, when it
 * lists their last range; of URIs that lead out of the content nothing is said, nor of keys, which are the origin's business.
 *
 * @param base the playlist's own URI, relative to where all playlists are
 * @returns `undefined` when it is none, or not yet
 */
export function readPlaylist (text: string, base: Base): MasterPlaylist | MediaPlaylist | undefined {
  if (!text.startsWith('#EXTM3U')) return undefined
  const parser = new Parser()
  try {
    parser.push(text)
    parser.end()
  } catch {
    return undefined
  }
  const { manifest } = parser as unknown as { manifest: Record<string, unknown> }
  const variants = list(manifest.playlists)
  if (variants.length > 0) return { kind: 'master', playlists: namedFiles(base, [...variants, ...renditions(manifest.mediaGroups)]) }
  const target = ms(manifest.targetDuration)
  if (target === undefined) return undefined
  const segments = list(manifest.segments) as (Listing & { map?: Listing })[]
  const unfinished = manifest.preloadSegment as { parts?: unknown } | undefined
  const listed = segments.flatMap(({ map, ...segment }) => {
    return [...map === undefined ? [] : [{ uri: map.uri }], ...whole(list(segment.parts)), segment]
  })
  const files = namedFiles(base, [...listed, ...whole(list(unfinished?.parts))])
  const part = ms(manifest.partTargetDuration)
  return {
    kind: 'media',
    targetMs: Math.min(MAX_TARGET_MS, part ?? target),
    lengthMs: segments.reduce((sum, { duration }) => sum + (ms(duration) ?? 0), 0),
    ended: manifest.endList === true,
    files,
    required: files.slice(-1)
  }
}

/** Parts that are files; those that are ranges come with their segment. */
function whole (parts: readonly Listing[]): Listing[] {
  return parts.filter(({ byterange }) => byterange === undefined)
}

function renditions (groups: unknown): Listing[] {
  const ids = Object.values((groups ?? {}) as Record<string, Record<string, Record<string, Listing>>>)
  return ids.flatMap(names => Object.values(names)).flatMap(named => Object.values(named))
}
