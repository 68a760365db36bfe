import type { Clock } from '@shoal/base'

/** Calls `onfire` unless it is fed in time: `feed(ms)` gives it `ms` more, `stop()` ends it. */
export function watchdog (clock: Clock, ms: number, onfire: () => void): { feed (ms: number): void, stop (): void } {
  let cancel = clock.after(ms, onfire)
  return {
    feed (more) { cancel(); cancel = clock.after(more, onfire) },
    stop () { cancel() }
  }
}
