import { APPEND_MARGIN_MS, PROMPT_DEADLINE_MS } from './defaults.js'
import type { FragmentLoaderContext, LoaderContext } from 'hls.js'
import type { HlsLoaderOptions } from './types.js'

/** `readyState` of a media element that has a frame to show, and of one that can go on from there. */
const HAVE_CURRENT_DATA = 2
const HAVE_FUTURE_DATA = 3

/** Where the player begins: it asks for that fragment first, and of a live stream goes there only when it has it. */
export interface Beginning { at?: number }

/** Whether it plays, or could; nobody knows of one that does not say. */
export function shows (media: HlsLoaderOptions['media']): boolean {
  const element = typeof media === 'function' ? media() : media
  return (element?.readyState ?? HAVE_FUTURE_DATA) >= HAVE_FUTURE_DATA
}

/** Milliseconds from now until the player needs these bytes; 0 when it is waiting for them already. */
export function deadlineOf (context: LoaderContext, media: HlsLoaderOptions['media'], beginning: Beginning): number {
  const { frag, part } = context as Partial<FragmentLoaderContext>
  if (frag === undefined || frag.sn === 'initSegment') return PROMPT_DEADLINE_MS
  const element = typeof media === 'function' ? media() : media
  if (element === undefined || element === null) return Math.max(PROMPT_DEADLINE_MS, frag.duration * 1000 - APPEND_MARGIN_MS)
  const start = part?.start ?? frag.start
  beginning.at ??= start
  // nothing to show yet: what it stands at is not where it will begin
  const blank = (element.readyState ?? HAVE_CURRENT_DATA) < HAVE_CURRENT_DATA
  const position = blank ? Math.max(element.currentTime, beginning.at) : element.currentTime
  const ahead = start - position
  return Math.max(0, ahead * 1000 / Math.max(0.1, Math.abs(element.playbackRate)) - APPEND_MARGIN_MS)
}
