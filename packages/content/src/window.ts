import type { Policy } from '@shoal/interface'
import { BLOCK_SIZE_BYTES, DIGEST_BYTES, LIVE_SEGMENTS_END, MAX_ORIGINS, MAX_TARGET_MS } from './limits.js'
import { decodeCanonical, expect, readBoolean, readInt, readList, readMap, readText, readTuple, show } from './manifest-fields.js'
import { readEntry, type PageEntry } from './manifest-page.js'
import { VERSION } from './manifest-root.js'
import { normalOrigin } from './origin-url.js'
import { readPolicy } from './policy-fields.js'

/** A segment of a live content. */
export interface WindowEntry extends PageEntry {
  /** Its number, for as long as the content lives: never given to another segment of the same epoch. */
  readonly index: number
  /** A playlist: of those with one path the last is the newest. */
  readonly playlist: boolean
}

/** What a live content consists of at one moment. */
export interface Window {
  /** Base URLs that paths resolve against. */
  readonly origins: readonly string[]
  /** What the publisher asks of those who have it. */
  readonly policy: Policy
  /** Longest duration of a segment in ms, as the playlists state it: how often something new may be expected. */
  readonly targetMs: number
  /** Nothing comes after this. */
  readonly ended: boolean
  /** In the order of their numbers. */
  readonly entries: readonly WindowEntry[]
}

export const WINDOW_VERSION = 1

/**
 * Reads a window. Fields it does not know are ignored, except in the policy: who may have the content is never ignored.
 *
 * @throws ManifestError and nothing else
 */
export function decodeWindow (bytes: Uint8Array): Window {
  const map = readMap(decodeCanonical(bytes, 'window'), 'the window')
  expect(map.version === WINDOW_VERSION, () => `expected a window of version ${WINDOW_VERSION}, got ${show(map.version)}; a newer Shoal may read it`)
  const origins = readList(map.origins, 'the origins', MAX_ORIGINS).map(value => {
    const origin = readText(value, 'an origin')
    expect(normalOrigin(origin) === origin, () => `expected an origin to be an http or https URL in normal form, got ${show(origin)}`)
    return origin
  })
  const entries = readList(map.segments, 'the segments', BLOCK_SIZE_BYTES).map(readWindowEntry)
  for (let i = 1; i < entries.length; i++) {
    const [before, entry] = entries.slice(i - 1, i + 1) as [WindowEntry, WindowEntry]
    expect(before.index < entry.index, () => `expected segments in the order of their numbers, got ${entry.index} after ${before.index}`)
  }
  checkPaths(entries)
  return {
    origins,
    policy: readPolicy(map.policy),
    targetMs: readInt(map.target, 'the target duration', 0, MAX_TARGET_MS),
    ended: readBoolean(map.ended, 'the end of the stream'),
    entries
  }
}

function readWindowEntry (value: unknown): WindowEntry {
  const [index, playlist, entry] = readTuple(value, 'a segment of the window', 3)
  return {
    index: readInt(index, 'the number of a segment', 0, LIVE_SEGMENTS_END - 1),
    playlist: readBoolean(playlist, 'whether a segment is a playlist'),
    // a segment that no page of a static manifest could hold is in no window either
    ...readEntry(entry, { leafOffset: 0, byteOffset: 0, continued: false, version: VERSION, before: undefined })
  }
}

/** Several versions of a path may be there; only one of them can be what a folder is. */
function checkPaths (entries: readonly WindowEntry[]): void {
  const paths = new Set(entries.map(({ path }) => path))
  for (const path of paths) {
    for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
      expect(!paths.has(path.slice(0, slash)), () => `expected ${show(path.slice(0, slash))} to be a file or a folder, got both`)
    }
  }
}

/** Blocks and bytes of all segments together. */
export function totals (entries: readonly WindowEntry[]): { blocks: number, bytes: number } {
  let [blocks, bytes] = [0, 0]
  for (const { size, leaves } of entries) {
    blocks += leaves.byteLength / DIGEST_BYTES
    bytes += size
  }
  return { blocks, bytes }
}
