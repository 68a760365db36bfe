import { APPEND_MARGIN_MS, PROMPT_DEADLINE_MS } from './defaults.js'
import type { FragmentLoaderContext, LoaderContext } from 'hls.js'
import type { HlsLoaderOptions } from './types.js'

/** Milliseconds from now until the player needs these bytes; 0 when it is waiting for them already. */
export function deadlineOf (context: LoaderContext, media: HlsLoaderOptions['media']): number {
  const { frag, part } = context as Partial<FragmentLoaderContext>
  if (frag === undefined || frag.sn === 'initSegment') return PROMPT_DEADLINE_MS
  const element = typeof media === 'function' ? media() : media
  if (element === undefined || element === null) return Math.max(PROMPT_DEADLINE_MS, frag.duration * 1000 - APPEND_MARGIN_MS)
  const ahead = (part?.start ?? frag.start) - element.currentTime
  return Math.max(0, ahead * 1000 / Math.max(0.1, Math.abs(element.playbackRate)) - APPEND_MARGIN_MS)
}
