import { raceSignal, type Clock } from '@shoal/base'
import { SLOW_MS } from '../defaults.js'
import type { Candidate, Lookup } from './lookup.js'

export interface WalkComponents<T, A> {
  readonly clock: Clock
  /** Rejects when there is no answer, for whatever reason. */
  readonly ask: (node: T, signal: AbortSignal) => Promise<A>
  readonly signal: AbortSignal
}

/**
 * Drives a lookup to its end. Yields answers as they come; what is still being asked when whoever reads them has enough is given up.
 *
 * @throws the signal's reason when it is aborted
 */
export async function * walk<T extends Candidate, A extends { readonly closer: readonly T[] }> (
  lookup: Lookup<T>, { clock, ask, signal }: WalkComponents<T, A>
): AsyncGenerator<A> {
  const over = new AbortController()
  const either = AbortSignal.any([signal, over.signal])
  const answers: A[] = []
  let news = Promise.withResolvers<void>()
  const start = async (node: T): Promise<void> => {
    const cancel = clock.after(SLOW_MS, () => {
      lookup.slow(node)
      news.resolve()
    })
    try {
      const answer = await ask(node, either)
      lookup.answered(node, answer.closer)
      answers.push(answer)
    } catch {
      lookup.failed(node)
    } finally {
      cancel()
      news.resolve()
    }
  }
  try {
    for (;;) {
      signal.throwIfAborted()
      news = Promise.withResolvers<void>()
      for (let node = lookup.next(); node !== undefined; node = lookup.next()) void start(node)
      yield * answers.splice(0)
      if (lookup.done) return
      await raceSignal(news.promise, signal)
    }
  } finally {
    over.abort()
  }
}
