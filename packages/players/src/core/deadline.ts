import { APPEND_MARGIN_MS, APPEND_MARGIN_SHARE, PROMPT_DEADLINE_MS } from './defaults.js'
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

/** Knows how soon what a player asks for is needed. */
export class Playhead {
  readonly #media: PlayerOptions['media']
  /** Where the element waits with nothing to show, and the first place that was asked for then. */
  #waiting: { readonly at: number, readonly from: number } | undefined

  constructor (media: PlayerOptions['media']) {
    this.#media = media
  }

  /** Whether it plays, or could; nobody knows of one that does not say. */
  get shows (): boolean {
    return (elementOf(this.#media)?.readyState ?? HAVE_FUTURE_DATA) >= HAVE_FUTURE_DATA
  }

  /** @param place `undefined` for init segments and whatever else has none */
  timing (place: Place | undefined): Timing {
    const element = elementOf(this.#media)
    const patient = element !== undefined
    if (place === undefined) return { deadline: PROMPT_DEADLINE_MS, patient }
    if (element === undefined) return { deadline: Math.max(PROMPT_DEADLINE_MS, place.duration * 1000 - marginOf(place)), patient }
    const ahead = place.start === undefined ? bufferedUntil(element) - element.currentTime : place.start - this.#from(element, place.start)
    return { deadline: Math.max(0, ahead * 1000 / Math.max(0.1, Math.abs(element.playbackRate)) - marginOf(place)), patient }
  }

  /**
   * Where playback goes on. Before anything can be shown the element's time may say nothing: then with what is asked for first. It does
   * where that is in the buffer already, as when a live player has just gone to its first segment: what follows has that one's time.
   */
  #from (element: Media, start: number): number {
    const { currentTime, readyState } = element
    if (readyState === undefined || readyState >= HAVE_CURRENT_DATA || bufferedUntil(element) > currentTime) {
      this.#waiting = undefined
      return currentTime
    }
    if (this.#waiting?.at !== currentTime || start < this.#waiting.from) this.#waiting = { at: currentTime, from: start }
    return this.#waiting.from
  }
}

function marginOf ({ duration }: Place): number {
  return Math.min(APPEND_MARGIN_MS, APPEND_MARGIN_SHARE * 1000 * duration)
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
