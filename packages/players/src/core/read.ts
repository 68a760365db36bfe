import { BLOCK_PATIENCE_MS, LAST_RESORT_MS, PATIENCE_MS } from './defaults.js'
import { LoadFailure, MismatchFailure } from './failure.js'
import { watchdog } from './watchdog.js'
import type { Clock } from '@shoal/base'
import type { Content, FallbackDetail, SegmentDetail, SourceKind } from '@shoal/interface'
import type { PacedSink } from './intake.js'

export interface ContentRequest {
  readonly content: Content
  readonly path: string
  readonly start: number | undefined
  /** Byte after the last. */
  readonly end: number | undefined
  readonly deadline: number
  /** How long it may stay silent. @default until shortly before the deadline */
  readonly patience?: number | undefined
  readonly clock: Clock
  readonly signal: AbortSignal
}

/**
 * One read through Shoal. Resolves with where most bytes came from, when the last one has gone to `sink`. Too long a
 * silence is a failure with `timeout` set.
 */
export async function readContent (request: ContentRequest, sink: PacedSink): Promise<SourceKind> {
  const { content, path, clock, signal, deadline } = request
  const abort = new AbortController()
  let source: SourceKind = 'peer'
  let mismatch = false
  const patience = request.patience ?? Math.max(PATIENCE_MS, deadline - LAST_RESORT_MS)
  let giveUp: (error: Error) => void = () => {}
  const given = new Promise<never>((_resolve, reject) => { giveUp = error => { abort.abort(); reject(error) } })
  given.catch(() => {})
  const onsegment = (event: CustomEvent<SegmentDetail>): void => { if (event.detail.path === path) source = event.detail.source }
  const onfallback = ({ detail }: CustomEvent<FallbackDetail>): void => {
    if (detail.path !== path || detail.reason !== 'mismatch') return
    mismatch = true
    // nobody else is there to ask, and the origin is not asked again
    if (content.stats.connected === 0) giveUp(new MismatchFailure(path))
  }
  const onabort = (): void => { giveUp(new LoadFailure('aborted', 0)) }
  const limit = watchdog(clock, patience, () => { giveUp(new LoadFailure(`no byte of ${path} within ${Math.round(patience)} ms`, 0, true)) })
  content.addEventListener('segment', onsegment)
  content.addEventListener('fallback', onfallback)
  signal.addEventListener('abort', onabort)
  try {
    if (signal.aborted) onabort()
    const bytes = content.read(path, { start: request.start, end: request.end, signal: abort.signal, deadline })[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([bytes.next(), given])
      if (next.done === true) return source
      const room = sink(next.value, 0)
      if (room !== undefined) {
        // whoever takes the bytes may take his time
        limit.stop()
        await Promise.race([room, given])
      }
      limit.feed(request.patience ?? BLOCK_PATIENCE_MS)
    }
  } catch (error) {
    throw mismatch && !signal.aborted ? new MismatchFailure(path) : error
  } finally {
    limit.stop()
    content.removeEventListener('segment', onsegment)
    content.removeEventListener('fallback', onfallback)
    signal.removeEventListener('abort', onabort)
  }
}
