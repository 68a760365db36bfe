import { APPEND_MARGIN_MS, PROMPT_DEADLINE_MS } from './defaults.js'
import type { Media, PlayerOptions } from './types.js'

/** Of `HTMLMediaElement.readyState`. */
const HAVE_CURRENT_DATA = 2

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

/** How soon a segment is needed. `place`: `undefined` for init segments and whatever else has none. */
export function timingOf (place: Place | undefined, media: PlayerOptions['media']): Timing {
  const element = elementOf(media)
  const patient = element !== undefined
  if (place === undefined) return { deadline: PROMPT_DEADLINE_MS, patient }
  if (element === undefined) return { deadline: Math.max(PROMPT_DEADLINE_MS, place.duration * 1000 - APPEND_MARGIN_MS), patient }
  // nothing to show: before the start the playhead says nothing, and after it the player waits for this very segment
  if (element.readyState !== undefined && element.readyState < HAVE_CURRENT_DATA) return { deadline: 0, patient }
  const ahead = (place.start ?? bufferedUntil(element)) - element.currentTime
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
