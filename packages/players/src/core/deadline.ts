import { APPEND_MARGIN_MS, PROMPT_DEADLINE_MS } from './defaults.js'
import type { Media, PlayerOptions } from './types.js'

/** `HTMLMediaElement.readyState` of one that has a frame to show, and of one that can go on from there. */
const HAVE_CURRENT_DATA = 2
const HAVE_FUTURE_DATA = 3

/** What is known of the place of a segment on the time line, in seconds. */
export interface Place {
  /** Where it begins; `undefined`: behind what is buffered. */
  readonly start: number | undefined
  readonly duration: number
}

export interface Timing {
  /** Milliseconds from now until the player needs the bytes; 0 when it is waiting for them already. */
  readonly deadline: number
  /** The deadline is the playhead's, and no guess. */
  readonly patient: boolean
}

/** Where the player begins, in seconds: it asks for that segment first, and of a live stream goes there only when it has it. */
export interface Beginning { at?: number }

/** Whether it plays, or could; nobody knows of one that does not say. */
export function shows (media: PlayerOptions['media']): boolean {
  return (elementOf(media)?.readyState ?? HAVE_FUTURE_DATA) >= HAVE_FUTURE_DATA
}

/** How soon a segment is needed. `place`: `undefined` for init segments and whatever else has none. */
export function timingOf (place: Place | undefined, media: PlayerOptions['media'], beginning: Beginning): Timing {
  const element = elementOf(media)
  const patient = element !== undefined
  if (place === undefined) return { deadline: PROMPT_DEADLINE_MS, patient }
  if (element === undefined) return { deadline: Math.max(PROMPT_DEADLINE_MS, place.duration * 1000 - APPEND_MARGIN_MS), patient }
  const start = place.start ?? bufferedUntil(element)
  beginning.at ??= start
  // nothing to show yet: what it stands at may not be where it will begin
  const blank = (element.readyState ?? HAVE_CURRENT_DATA) < HAVE_CURRENT_DATA
  const ahead = start - (blank ? Math.max(element.currentTime, beginning.at) : element.currentTime)
  return { deadline: Math.max(0, ahead * 1000 / Math.max(0.1, Math.abs(element.playbackRate)) - APPEND_MARGIN_MS), patient }
}

function elementOf (media: PlayerOptions['media']): Media | undefined {
  return (typeof media === 'function' ? media() : media) ?? undefined
}

/** End of the range that is being played. */
function bufferedUntil ({ currentTime, buffered }: Media): number {
  for (let i = 0; i < (buffered?.length ?? 0); i++) {
    const end = buffered?.end(i) ?? 0
    if (currentTime >= (buffered?.start(i) ?? 0) - 0.1 && currentTime <= end) return end
  }
  return currentTime
}
