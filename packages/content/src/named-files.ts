import { significantQuery } from '@shoal/base'
import { joinUri } from './join-uri.js'
import { MAX_DURATION_MS } from './limits.js'
import { pathFault } from './path.js'

/** A file that a playlist names. */
export interface Named {
  /** In the content: relative to where all of its playlists are, decoded, with no more of its query than is significant. */
  readonly path: string
  /** As the playlist writes it, resolved against the playlist's own path: still encoded, with its query. */
  readonly uri: string
  /** ms, of a media segment or part. */
  readonly duration?: number | undefined
  /** Where that is not the playlist itself. */
  readonly rendition?: string | undefined
  /** What it consists of, where its playlist says: parts in their order, or byte ranges. */
  readonly pieces?: readonly Piece[] | undefined
}

/** A part of a file that players ask for by itself. */
export interface Piece {
  /** A file with the same bytes. */
  readonly path?: string | undefined
  /** @default where the piece before it ends */
  readonly offset?: number | undefined
  /** Bytes. @default those of the file with the same bytes */
  readonly length?: number | undefined
}

/** A file as a parser gives it: nothing of it is certain. */
export interface Listing { readonly uri?: unknown, readonly duration?: unknown, readonly byterange?: unknown, readonly parts?: unknown }

/** Where URIs are seen from. */
export interface Base {
  /** The playlist's own. */
  readonly uri: string
  /** Names of query parameters that tell one file from another. */
  readonly significant: readonly string[]
}

/** The files that these listings mean, each once, below the content's own folder. */
export function namedFiles (base: Base, listings: readonly Listing[]): Named[] {
  const named = new Map<string, Named>()
  for (const { uri, duration, byterange, parts } of listings) {
    const found = resolve(base, uri)
    if (found === undefined) continue
    const before = named.get(found.path)
    // a file of several ranges is as long as these together
    const earlier = byterange === undefined ? 0 : before?.duration ?? 0
    const total = ms(duration) === undefined ? before?.duration : earlier + (ms(duration) as number)
    const range = rangeOf(byterange)
    const pieces = [...before?.pieces ?? [], ...range === undefined ? [] : [range], ...list(parts).map(part => pieceOf(base, part))]
    // an init segment is named again and again, and stays where it was first
    if (duration !== undefined) named.delete(found.path)
    named.set(found.path, {
      ...found,
      duration: total === undefined ? undefined : Math.min(total, MAX_DURATION_MS),
      ...pieces.length > 0 && { pieces }
    })
  }
  return [...named.values()]
}

/**
 * Where a file is to be cut so that it shares its blocks with its parts; nowhere when they do not make it up.
 *
 * @param size of the file, in bytes
 * @param sizeOf that of another file, where it is known
 */
export function boundariesOf (pieces: readonly Piece[], size: number, sizeOf: (path: string) => number | undefined): number[] {
  const boundaries = new Set<number>()
  let end = 0
  for (const { path, offset = end, length = path === undefined ? undefined : sizeOf(path) } of pieces) {
    if (length === undefined) return []
    end = offset + length
    boundaries.add(offset).add(end)
  }
  if (end > size || (end < size && pieces.some(({ path }) => path !== undefined))) return []
  return [...boundaries].filter(at => at > 0 && at < size).toSorted((a, b) => a - b)
}

/** What ought to be a list. */
export function list (value: unknown): readonly Listing[] {
  return Array.isArray(value) ? value as Listing[] : []
}

/** Whole ms of seconds. */
export function ms (seconds: unknown): number | undefined {
  return typeof seconds === 'number' && seconds >= 0 && seconds <= MAX_DURATION_MS / 1000 ? Math.round(seconds * 1000) : undefined
}

/** The file that a URI means; `undefined` when it is none below the content's own folder. */
function resolve (base: Base, uri: unknown): { path: string, uri: string } | undefined {
  if (typeof uri !== 'string' || uri === '') return undefined
  const joined = joinUri(base.uri.split('?')[0] as string, uri)
  if (joined === undefined) return undefined
  try {
    const path = decodeURIComponent(joined) + significantQuery(uri, base.significant)
    return pathFault(path) === undefined ? { path, uri: [joined, ...uri.split('?').slice(1)].join('?') } : undefined
  } catch {
    return undefined
  }
}

/** A part that cannot be made out has no length, and so tells nothing of its file. */
function pieceOf (base: Base, { uri, byterange }: Listing): Piece {
  return rangeOf(byterange) ?? { path: resolve(base, uri)?.path }
}

function rangeOf (byterange: unknown): Piece | undefined {
  const { offset, length } = (byterange ?? {}) as Record<string, unknown>
  return isCount(offset) && isCount(length) ? { offset, length } : undefined
}

function isCount (value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
