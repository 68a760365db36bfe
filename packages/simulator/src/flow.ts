/** Bytes on their way over a link that others use, too. */
export interface Flow {
  /** Bytes that are still to go. */
  left: number
  /** Bytes per ms at most, whatever is free. */
  readonly cap: number
  /** Bytes per ms now: set by the link. */
  rate: number
  /** All have gone, at this time. */
  readonly done: (at: number) => void
}

/** What flows share. */
export interface Link {
  start (flow: Flow): void
  /** Nothing more of it goes. Returns whether it was under way. */
  stop (flow: Flow): boolean
}

export interface Time {
  now (): number
  after (ms: number, fn: () => void): () => void
}

/** Less than this is rounding. */
export const EPSILON_BYTES = 0.01

/**
 * A link that flows share equally, up to each one's cap: what one leaves over the others get (max-min fairness, as long-lived TCP
 * connections over one bottleneck come near to). Never more than the capacity, and never less while somebody could use it.
 */
export class SharedLink implements Link {
  /** Bytes per ms. */
  readonly capacity: number
  /** Bytes that have gone. */
  carried = 0
  readonly #time: Time
  readonly #flows: Flow[] = []
  #at = 0
  #cancel: (() => void) | undefined

  constructor (capacity: number, time: Time) {
    this.capacity = capacity
    this.#time = time
  }

  get flows (): number {
    return this.#flows.length
  }

  start (flow: Flow): void {
    this.#advance()
    if (this.#flows.length === 0) this.#at = this.#time.now()
    this.#flows.push(flow)
    this.#share()
  }

  stop (flow: Flow): boolean {
    this.#advance()
    const at = this.#flows.indexOf(flow)
    if (at < 0) return false
    this.#flows.splice(at, 1)
    flow.rate = 0
    this.#share()
    return true
  }

  /** Goes on in time, from one end of a flow to the next: what it leaves is shared by the others from that moment on. */
  #advance (): void {
    const now = this.#time.now()
    while (this.#at < now && this.#flows.length > 0) {
      let until = now
      for (const { left, rate } of this.#flows) if (rate > 0) until = Math.min(until, this.#at + Math.max(0, left) / rate)
      const ms = until - this.#at
      for (const flow of this.#flows) {
        const bytes = Math.min(flow.left, flow.rate * ms)
        flow.left -= bytes
        this.carried += bytes
      }
      this.#at = until
      if (!this.#finish(until)) continue
      this.#fill()
    }
    this.#at = now
  }

  #finish (at: number): boolean {
    let ended = false
    for (let i = this.#flows.length - 1; i >= 0; i--) {
      const flow = this.#flows[i] as Flow
      if (flow.left > EPSILON_BYTES) continue
      flow.left = flow.rate = 0
      this.#flows.splice(i, 1)
      ended = true
      flow.done(at)
    }
    return ended
  }

  #share (): void {
    this.#fill()
    this.#cancel?.()
    this.#cancel = undefined
    let next = Infinity
    for (const { left, rate } of this.#flows) if (rate > 0) next = Math.min(next, left / rate)
    if (next === Infinity) return
    this.#cancel = this.#time.after(this.#at + next - this.#time.now(), () => {
      this.#cancel = undefined
      this.#advance()
      this.#share()
    })
  }

  /** Water-filling: those whose cap is below their share get that, the others share the rest. */
  #fill (): void {
    let free = this.capacity
    let open = this.#flows.length
    if (open === 0) return
    const share = free / open
    let capped = false
    for (const flow of this.#flows) {
      flow.rate = share
      capped ||= flow.cap < share
    }
    if (!capped) return
    const waiting = [...this.#flows].sort((a, b) => a.cap - b.cap)
    for (const flow of waiting) {
      flow.rate = Math.min(flow.cap, free / open)
      free -= flow.rate
      open--
    }
  }
}

/** The last link to a receiver: what comes has to pass in the order of its coming, and keeps none waiting while it is free. */
export class LastLink {
  /** Bytes per ms. */
  readonly capacity: number
  #freeAt = 0

  constructor (capacity: number) {
    this.capacity = capacity
  }

  /** When bytes are through whose last one comes to the link at `at`, as fast as the link takes them or slower. */
  pass (bytes: number, at: number): number {
    const ms = bytes / this.capacity
    const begin = Math.max(this.#freeAt, at - ms)
    this.#freeAt = begin + ms
    return Math.max(at, this.#freeAt)
  }
}
