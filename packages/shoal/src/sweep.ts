import type { Clock } from '@shoal/base'
import type { BlockStore } from '@shoal/interface'
import { SWEEP_INTERVAL_MS } from './defaults.js'

/** Has the store remove what has expired, again and again, also while nothing needs room. Returns what ends it. */
export function sweep (store: BlockStore, clock: Clock, onerror: (error: Error) => void): () => void {
  let cancel = (): void => {}
  let stopped = false
  const wait = (): void => { if (!stopped) cancel = clock.after(SWEEP_INTERVAL_MS, run) }
  const run = (): void => {
    store.collect().catch((error: unknown) => { if (!stopped) onerror(error as Error) }).finally(wait)
  }
  wait()
  return () => {
    stopped = true
    cancel()
  }
}
