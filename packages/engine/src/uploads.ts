import { TokenBucket, type Clock } from '@shoal/base'
import type { Alarm } from './alarm.js'
import { MANIFEST_RATE_BPS } from './defaults.js'

/** What all peers together get: a rate, shared frame by frame in the order of asking, of which each session has one at a time. */
export class Uploads {
  readonly #clock: Clock
  readonly #alarm: Alarm
  readonly #bucket: TokenBucket
  readonly #queue: { bytes: number, go: () => void }[] = []
  readonly #pump = (): void => { this.#drain() }

  /** @param rate bytes per second; at 0 nothing but manifests is let through by the choker, and they take little */
  constructor (rate: number, clock: Clock, alarm: Alarm) {
    this.#clock = clock
    this.#alarm = alarm
    this.#bucket = new TokenBucket(clock, rate === 0 ? MANIFEST_RATE_BPS : rate)
  }

  /** More is asked for than the rate allows. */
  get busy (): boolean {
    return this.#queue.length > 0
  }

  /** `undefined`: send now. Otherwise resolves when the rate allows it; rejects when the signal aborts. */
  acquire (bytes: number, signal: AbortSignal): Promise<void> | undefined {
    if (!this.busy && this.#bucket.take(bytes)) return undefined
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const entry = { bytes, go: resolve }
    const abort = (): void => {
      const at = this.#queue.indexOf(entry)
      if (at >= 0) this.#queue.splice(at, 1)
      reject(signal.reason as Error)
    }
    if (signal.aborted) {
      abort()
      return promise
    }
    signal.addEventListener('abort', abort, { once: true })
    entry.go = () => {
      signal.removeEventListener('abort', abort)
      resolve()
    }
    this.#queue.push(entry)
    this.#drain()
    return promise
  }

  #drain (): void {
    for (let head = this.#queue[0]; head !== undefined && this.#bucket.take(head.bytes); head = this.#queue[0]) {
      this.#queue.shift()
      head.go()
    }
    const wait = this.#bucket.wait()
    if (this.busy && wait !== Infinity) this.#alarm.soonest(this.#pump, this.#clock.now() + wait)
  }
}
