/** What a player does, without the pictures: fill a buffer one segment after the other, start with the first, stall when it runs dry. */

import { setTimeout as sleep } from 'node:timers/promises'

export interface Film {
  readonly paths: readonly string[]
  /** Of each segment, ms. */
  readonly duration: number
  /** The player loads ahead until it holds this much, ms. */
  readonly buffer: number
}

export interface Playback {
  /** ms from the first request to the end of the first segment. */
  readonly start: number
  readonly stalls: number
  readonly stalled: number
}

/** @param load gets one segment whole, due in `deadline` ms */
export async function watch (film: Film, load: (path: string, deadline: number) => Promise<void>): Promise<Playback> {
  const { paths, duration, buffer } = film
  const asked = performance.now()
  /** When the first frame of the film would have to have been shown for what is on screen now. */
  let zero = 0
  let start = 0
  let stalls = 0
  let stalled = 0
  for (const [i, path] of paths.entries()) {
    if (i > 0) await sleep(Math.max(0, zero + i * duration - buffer - performance.now()))
    const due = i === 0 ? asked : zero + i * duration
    await load(path, Math.max(0, due - performance.now()))
    const now = performance.now()
    if (i === 0) {
      zero = now
      start = now - asked
    } else if (now > due) {
      stalls++
      stalled += now - due
      zero += now - due
    }
  }
  return { start, stalls, stalled }
}
