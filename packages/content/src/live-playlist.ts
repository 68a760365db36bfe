import { Parser } from 'm3u8-parser'
import { significantQuery } from '@shoal/base'
import { joinUri } from './join-uri.js'
import { MAX_DURATION_MS, MAX_TARGET_MS } from './limits.js'
import { pathFault } from './path.js'

/** A file that a playlist names. */
export interface Named {
  /** In the content: relative to where all of its playlists are, decoded, with no more of its query than is significant. */
  readonly path: string
  /** As the playlist writes it, resolved against the playlist's own path: still encoded, with its query. */
  readonly uri: string
  /** ms, of a media segment or part. */
  readonly duration?: number | undefined
}

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
}

interface Listing { readonly uri?: unknown, readonly duration?: unknown, readonly byterange?: unknown }

/**
 * Reads an HLS playlist, RFC 8216 with the low-latency parts of its second edition. Files that it lists by byte ranges count once, when it
 * lists their last range; of URIs that lead out of the content nothing is said, nor of keys, which are the origin's business.
 *
 * @param uri the playlist's own, relative to where all playlists are
 * @param significant names of query parameters that tell one file from another
 * @returns `undefined` when it is none, or not yet
 */
export function readPlaylist (text: string, uri: string, significant: readonly string[] = []): MasterPlaylist | MediaPlaylist | undefined {
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
  if (variants.length > 0) return { kind: 'master', playlists: name({ uri, significant }, [...variants, ...renditions(manifest.mediaGroups)]) }
  const target = ms(manifest.targetDuration)
  if (target === undefined) return undefined
  const segments = list(manifest.segments) as (Listing & { map?: Listing, parts?: unknown })[]
  const unfinished = manifest.preloadSegment as { parts?: unknown } | undefined
  const listed = segments.flatMap(({ map, parts, ...segment }) => {
    return [...map === undefined ? [] : [{ uri: map.uri }], ...whole(list(parts)), segment]
  })
  const part = ms(manifest.partTargetDuration)
  return {
    kind: 'media',
    targetMs: Math.min(MAX_TARGET_MS, part ?? target),
    lengthMs: segments.reduce((sum, { duration }) => sum + (ms(duration) ?? 0), 0),
    ended: manifest.endList === true,
    files: name({ uri, significant }, [...listed, ...whole(list(unfinished?.parts))])
  }
}

/** Where URIs are seen from. */
interface Base {
  /** The playlist's own. */
  readonly uri: string
  readonly significant: readonly string[]
}

/** The file that a URI means; `undefined` when it is none below the content's own folder. */
function resolve (base: Base, uri: string): { path: string, uri: string } | undefined {
  const joined = joinUri(base.uri.split('?')[0] as string, uri)
  if (joined === undefined) return undefined
  try {
    const path = decodeURIComponent(joined) + significantQuery(uri, base.significant)
    return pathFault(path) === undefined ? { path, uri: [joined, ...uri.split('?').slice(1)].join('?') } : undefined
  } catch {
    return undefined
  }
}

function name (base: Base, listings: readonly Listing[]): Named[] {
  const named = new Map<string, Named>()
  for (const { uri, duration, byterange } of listings) {
    const found = typeof uri === 'string' && uri !== '' ? resolve(base, uri) : undefined
    if (found === undefined) continue
    const before = named.get(found.path)
    // a file of several ranges is as long as these together
    const earlier = byterange === undefined ? 0 : before?.duration ?? 0
    const total = ms(duration) === undefined ? before?.duration : earlier + (ms(duration) as number)
    // an init segment is named again and again, and stays where it was first
    if (duration !== undefined) named.delete(found.path)
    named.set(found.path, { ...found, duration: total === undefined ? undefined : Math.min(total, MAX_DURATION_MS) })
  }
  return [...named.values()]
}

/** Parts that are files; those that are ranges come with their segment. */
function whole (parts: readonly Listing[]): Listing[] {
  return parts.filter(({ byterange }) => byterange === undefined)
}

function renditions (groups: unknown): Listing[] {
  const ids = Object.values((groups ?? {}) as Record<string, Record<string, Record<string, Listing>>>)
  return ids.flatMap(names => Object.values(names)).flatMap(named => Object.values(named))
}

function list (value: unknown): readonly Listing[] {
  return Array.isArray(value) ? value as Listing[] : []
}

/** Whole ms of seconds. */
function ms (seconds: unknown): number | undefined {
  return typeof seconds === 'number' && seconds >= 0 && seconds <= MAX_DURATION_MS / 1000 ? Math.round(seconds * 1000) : undefined
}
