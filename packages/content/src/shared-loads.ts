interface Pending<V> {
  readonly promise: Promise<V>
  readonly controller: AbortController
  waiters: number
}

/** Loads under way, each started once however many wait for it, and aborted when the last of them has gone. */
export class SharedLoads<K, V> {
  readonly #pending = new Map<K, Pending<V>>()
  readonly #load: (key: K, signal: AbortSignal) => Promise<V>

  constructor (load: (key: K, signal: AbortSignal) => Promise<V>) {
    this.#load = load
  }

  /** @throws the signal's reason when this caller gives up, and what the load throws */
  async get (key: K, signal: AbortSignal | undefined): Promise<V> {
    const pending = this.#pending.get(key) ?? this.#start(key)
    pending.waiters++
    try {
      return await untilAborted(pending.promise, signal)
    } finally {
      if (--pending.waiters === 0 && this.#pending.get(key) === pending) {
        this.#pending.delete(key)
        pending.controller.abort()
      }
    }
  }

  #start (key: K): Pending<V> {
    const controller = new AbortController()
    const pending = { promise: this.#load(key, controller.signal), controller, waiters: 0 }
    this.#pending.set(key, pending)
    const settled = (): void => { this.#pending.delete(key) }
    pending.promise.then(settled, settled)
    return pending
  }
}

async function untilAborted<T> (promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onabort = (): void => { reject(signal.reason as Error) }
  signal.addEventListener('abort', onabort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onabort)
  }
}
