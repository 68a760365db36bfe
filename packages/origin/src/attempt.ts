import type { Clock } from '@shoal/base'
import { OriginError } from '@shoal/interface'

/**
 * One HTTP request: ends by itself when headers or bytes stay away for too long, or when the caller's signal says so. Time is the
 * injected clock's, so `AbortSignal.timeout` would not do.
 */
export class Attempt {
  readonly #clock: Clock
  readonly #controller = new AbortController()
  readonly #caller: AbortSignal | undefined
  readonly #onabort: () => void
  #cancelTimer = (): void => {}

  /** @throws the signal's reason when it is aborted already */
  constructor (clock: Clock, caller: AbortSignal | undefined) {
    caller?.throwIfAborted()
    this.#clock = clock
    this.#caller = caller
    this.#onabort = () => { this.#controller.abort(caller?.reason) }
    caller?.addEventListener('abort', this.#onabort, { once: true })
  }

  get signal (): AbortSignal {
    return this.#controller.signal
  }

  /** The caller ended it: no fault of the origin. */
  get cancelled (): boolean {
    return this.#caller?.aborted === true
  }

  /** Unless something happens within `ms` the attempt fails, with what was expected and what came. */
  expect (ms: number, what: string, got = 'nothing'): void {
    this.#cancelTimer()
    this.#cancelTimer = this.#clock.after(ms, () => {
      this.#controller.abort(new OriginError(`expected ${what}, got ${got}`))
    })
  }

  /** No time-out while the caller is busy with what came. */
  rest (): void {
    this.#cancelTimer()
  }

  /** Waits for `promise`, but no longer than the attempt lasts: not every `fetch` heeds its signal. */
  async wait<T> (promise: Promise<T>): Promise<T> {
    const { signal } = this.#controller
    signal.throwIfAborted()
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const onabort = (): void => { reject(signal.reason as Error) }
    signal.addEventListener('abort', onabort, { once: true })
    try {
      return await Promise.race([promise, aborted])
    } finally {
      signal.removeEventListener('abort', onabort)
      promise.catch(() => {})
    }
  }

  /** Ends it; whatever still arrives is dropped. */
  end (): void {
    this.#cancelTimer()
    this.#caller?.removeEventListener('abort', this.#onabort)
    this.#controller.abort()
  }
}
