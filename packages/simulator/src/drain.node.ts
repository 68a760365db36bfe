import { setImmediate } from 'node:timers'

/** Resolves when every microtask that is waiting now, and all that those bring about, has run. */
export function drained (): Promise<void> {
  return new Promise(resolve => { setImmediate(resolve) })
}
