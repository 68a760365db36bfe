import type { Clock } from '@shoal/base'
import { toFailure } from './failure.js'
import { EVENTS_MAX, type ContentInfo, type News } from './protocol.js'

type Target = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>

/** Names that nobody listens for are not sent; no node has so many. */
const NAMES_MAX = 64
/** A target's: how often it is told of what was missed, ms. */
const MISSED_EVERY_MS = 1_000

/** What one other tab listens for. It acknowledges what it has heard; of a tab that does not, no more is kept than a number. */
export class Subscriptions {
  readonly #tell: (news: News) => void
  readonly #clock: Clock
  readonly #ends = new Map<string, () => void>()
  #under = 0
  #missed = 0

  constructor (tell: (news: News) => void, clock: Clock) {
    this.#tell = tell
    this.#clock = clock
  }

  add (target: object, on: number, name: string, info: () => ContentInfo | undefined): void {
    const key = `${on} ${name}`
    const names = [...this.#ends.keys()].filter(other => other.startsWith(`${on} `)).length
    if (this.#ends.has(key) || names >= NAMES_MAX || typeof name !== 'string') return
    const listener = (event: Event): void => { this.#send({ type: 'event', on, name, detail: sendable((event as CustomEvent).detail), info: info() }) }
    ;(target as Target).addEventListener(name, listener)
    this.#ends.set(key, () => { (target as Target).removeEventListener(name, listener) })
  }

  ack (events: number): void {
    this.#under = Math.max(0, this.#under - events)
  }

  end (): void {
    for (const end of this.#ends.values()) end()
    this.#ends.clear()
  }

  #send (news: News): void {
    if (this.#under < EVENTS_MAX) {
      this.#under++
      this.#tell(news)
      return
    }
    if (this.#missed++ === 0) this.#later()
  }

  /** When the other tab hears again it learns how many it has missed. */
  #later (): void {
    this.#clock.after(MISSED_EVERY_MS, () => {
      if (this.#ends.size === 0) return
      if (this.#under >= EVENTS_MAX) { this.#later(); return }
      this.#tell({ type: 'missed', events: this.#missed })
      this.#missed = 0
    })
  }
}

/** An `Error` would arrive without its class. */
function sendable (detail: unknown): unknown {
  const { error } = (detail ?? {}) as { error?: unknown }
  return error instanceof Error ? { ...detail as object, error: toFailure(error) } : detail
}
