import { EPSILON_BYTES, type Flow, type Link, type Time } from './flow.js'
import { Heap } from './heap.js'

interface Entry {
  readonly flow: Flow
  /** What each flow will have got, in all, when this one is through. */
  readonly end: number
  gone: boolean
}

/**
 * A link that flows with one and the same cap share equally: as `SharedLink`, for a server that gives to ten thousand at once. All flows go
 * at one rate, so that of those under way each has got the same since any moment: who is through next is the least in a heap, and a flow
 * more or less costs the logarithm of their number, not a look at all of them.
 */
export class EvenLink implements Link {
  /** Bytes per ms, of all and of each at most. */
  readonly capacity: number
  readonly #cap: number
  readonly #time: Time
  readonly #heap = new Heap<Entry>(({ end }) => end)
  readonly #entries = new Map<Flow, Entry>()
  /** Bytes that a flow would have got that has been under way from the beginning. */
  #each = 0
  #at = 0
  #due = Infinity
  #cancel: (() => void) | undefined
  carried = 0

  constructor (capacity: number, cap: number, time: Time) {
    this.capacity = capacity
    this.#cap = cap
    this.#time = time
  }

  get flows (): number {
    return this.#entries.size
  }

  start (flow: Flow): void {
    this.#advance()
    const entry: Entry = { flow, end: this.#each + flow.left, gone: false }
    this.#entries.set(flow, entry)
    this.#heap.push(entry)
    this.#arm()
  }

  stop (flow: Flow): boolean {
    this.#advance()
    const entry = this.#entries.get(flow)
    if (entry === undefined) return false
    this.#entries.delete(flow)
    entry.gone = true
    flow.left = entry.end - this.#each
    this.#arm()
    return true
  }

  get #rate (): number {
    return Math.min(this.#cap, this.capacity / this.#entries.size)
  }

  /** Goes on in time, from one end of a flow to the next: what it leaves is shared by the others from that moment on. */
  #advance (): void {
    const now = this.#time.now()
    while (this.#at < now && this.#entries.size > 0) {
      const rate = this.#rate
      const next = this.#next() as Entry
      const until = Math.min(now, this.#at + Math.max(0, next.end - this.#each) / rate)
      const bytes = Math.min(Math.max(0, next.end - this.#each), rate * (until - this.#at))
      this.#each += bytes
      this.carried += bytes * this.#entries.size
      this.#at = until
      for (let first: Entry | undefined = next; first !== undefined && first.end - this.#each <= EPSILON_BYTES; first = this.#next()) {
        this.#heap.pop()
        this.#entries.delete(first.flow)
        first.flow.left = 0
        first.flow.done(until)
      }
    }
    this.#at = now
  }

  #arm (): void {
    const next = this.#next()
    const due = next === undefined ? Infinity : this.#at + Math.max(0, next.end - this.#each) / this.#rate
    if (due === this.#due) return
    this.#cancel?.()
    this.#due = due
    this.#cancel = due === Infinity
      ? undefined
      : this.#time.after(due - this.#time.now(), () => {
        this.#cancel = undefined
        this.#due = Infinity
        this.#advance()
        this.#arm()
      })
  }

  /** Who is through next. */
  #next (): Entry | undefined {
    while (this.#heap.first?.gone === true) this.#heap.pop()
    return this.#heap.first
  }
}
