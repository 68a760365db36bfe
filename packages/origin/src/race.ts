import type { Clock } from '@shoal/base'

export interface Entrant<T> {
  readonly run: (signal: AbortSignal) => Promise<T>
  /** Only beside one that is silent, never in the place of one that failed. */
  readonly spare?: boolean
}

/**
 * Runs one after the other: the next when the one before has failed, or beside it when that has been silent for `patienceMs`. The first to
 * succeed wins, and the others are aborted.
 *
 * @throws an array of what those that failed threw, in their order; the signal's reason when the caller aborts
 */
export async function race<T> (
  entrants: readonly Entrant<T>[], { clock, patienceMs, signal }: { clock: Clock, patienceMs: number, signal: AbortSignal | undefined }
): Promise<T> {
  signal?.throwIfAborted()
  const result = Promise.withResolvers<T>()
  const running = new Set<AbortController>()
  const errors: unknown[] = []
  let next = 0
  let cancel = (): void => {}
  const start = (silent: boolean): void => {
    cancel()
    const entrant = entrants[next]
    if (entrant === undefined || (entrant.spare === true && !silent)) {
      if (running.size === 0) result.reject(errors as unknown as Error)
      return
    }
    next++
    const abort = new AbortController()
    running.add(abort)
    cancel = clock.after(patienceMs, () => { start(true) })
    entrant.run(abort.signal).then(value => {
      running.delete(abort)
      result.resolve(value)
    }, (error: unknown) => {
      running.delete(abort)
      errors.push(error)
      start(false)
    })
  }
  const onabort = (): void => { result.reject(signal?.reason as Error) }
  signal?.addEventListener('abort', onabort, { once: true })
  start(false)
  try {
    return await result.promise
  } finally {
    next = entrants.length
    cancel()
    signal?.removeEventListener('abort', onabort)
    for (const abort of running) abort.abort(new Error('another was first'))
  }
}
