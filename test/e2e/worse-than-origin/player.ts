/** A player without a picture: it starts with the first segment, asks for one after the other, and keeps so much buffered. */

import { sleep } from '../../support/waiting.ts'

export interface Film {
  /** Paths in order. */
  readonly segments: readonly string[]
  readonly segmentMs: number
  readonly bufferMs: number
}

export interface Watched {
  /** From asking for the first segment to having it. */
  readonly startMs: number
  /** All stalls together. */
  readonly stallMs: number
  readonly bytes: readonly Uint8Array[]
}

/** @param get a segment; `deadline`: ms until it is missing */
export async function watch (film: Film, get: (path: string, deadline: number) => Promise<Uint8Array>): Promise<Watched> {
  const bytes: Uint8Array[] = []
  const begun = performance.now()
  let startMs = 0
  let stallMs = 0
  /** When all that is buffered has been played. */
  let dry = begun
  for (const path of film.segments) {
    await sleep(Math.max(0, dry - performance.now() - film.bufferMs))
    bytes.push(await get(path, Math.max(0, dry - performance.now())))
    const now = performance.now()
    if (bytes.length === 1) startMs = now - begun
    else stallMs += Math.max(0, now - dry)
    dry = Math.max(now, dry) + film.segmentMs
  }
  return { startMs, stallMs, bytes }
}
