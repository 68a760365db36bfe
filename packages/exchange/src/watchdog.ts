import type { Session, SessionEvent } from '@shoal/interface'
import type { Clock } from '@shoal/base'
import { MAX_BLOCK_BYTES, type Message } from '@shoal/wire'
import { BUSY_PING_MS, IDLE_PING_MS, PONG_MS, STALL_FACTOR, STALL_FIRST_MS, STALL_MIN_MS, STALL_REPEAT_MAX_MS } from './defaults.js'
import type { LinkMeter } from './meter.js'

export interface WatchdogContext {
  readonly session: Session
  readonly clock: Clock
  readonly meter: LinkMeter
  readonly emit: (event: SessionEvent) => void
  readonly send: (message: Message) => void
  readonly outstanding: () => number
  /** A ping stayed without any sign of life. */
  readonly silent: () => void
}

/** The one timer of a session: stalls of what is outstanding, pings, and peers that fell silent. */
export class Watchdog {
  readonly #context: WatchdogContext
  #cancel: (() => void) | undefined
  #dueAt = Infinity
  #heardAt = 0
  #progressAt = 0
  /** When a lasting stall is told next, and how long after that again; 0: no stall. */
  #stallAt = 0
  #stallPause = 0
  #pingAt = -Infinity
  #nonce = 0
  #awaiting = false

  constructor (context: WatchdogContext) {
    this.#context = context
  }

  start (): void {
    this.#heardAt = this.#context.clock.now()
    this.#ping()
    this.#arm()
  }

  stop (): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** Any bytes came. */
  heard (): void {
    this.#heardAt = this.#context.clock.now()
  }

  /** Something is outstanding where nothing was. */
  busy (): void {
    this.progress(this.#context.clock.now())
    this.#arm()
  }

  /** Bytes of blocks came. */
  progress (now: number): void {
    this.#progressAt = now
    this.#stallPause = 0
  }

  pong (nonce: number): void {
    if (!this.#awaiting || nonce !== this.#nonce) return
    this.#awaiting = false
    this.#context.meter.pong(this.#context.clock.now() - this.#pingAt)
  }

  /** No byte for this long while something is outstanding is a stall. */
  get #patience (): number {
    const { meter } = this.#context
    if (meter.rate === 0) return STALL_FIRST_MS
    return Math.max(STALL_MIN_MS, STALL_FACTOR * (meter.delay + MAX_BLOCK_BYTES * 1000 / meter.rate))
  }

  #ping (): void {
    this.#nonce = (this.#nonce + 1) % 2 ** 32
    this.#pingAt = this.#context.clock.now()
    this.#awaiting = true
    this.#context.send({ type: 'ping', nonce: this.#nonce })
  }

  #tick (): void {
    const { clock, session, emit } = this.#context
    const now = clock.now()
    const busy = this.#context.outstanding() > 0
    if (this.#awaiting && now - this.#pingAt >= PONG_MS && this.#heardAt <= this.#pingAt) {
      this.#context.silent()
      return
    }
    const idle = now - Math.max(this.#heardAt, this.#pingAt) >= IDLE_PING_MS
    if (idle || (busy && !this.#awaiting && now - this.#pingAt >= BUSY_PING_MS)) this.#ping()
    if (busy && now >= this.#nextStall()) {
      this.#stallPause = this.#stallPause === 0 ? this.#patience : Math.min(STALL_REPEAT_MAX_MS, 2 * this.#stallPause)
      this.#stallAt = now + this.#stallPause
      emit({ type: 'stalled', session, ms: now - this.#progressAt })
    }
    if (!session.closed) this.#arm()
  }

  #nextStall (): number {
    return this.#stallPause === 0 ? this.#progressAt + this.#patience : this.#stallAt
  }

  /** Sets the timer for what falls due first; one that fires early only sets itself anew. */
  #arm (): void {
    const { clock } = this.#context
    const now = clock.now()
    let due = Math.max(this.#heardAt, this.#pingAt) + IDLE_PING_MS
    if (this.#awaiting) due = Math.min(due, this.#pingAt + PONG_MS)
    if (this.#context.outstanding() > 0) due = Math.min(due, this.#nextStall(), now + BUSY_PING_MS)
    if (this.#cancel !== undefined && this.#dueAt <= due && this.#dueAt > now) return
    this.stop()
    this.#dueAt = due
    this.#cancel = clock.after(Math.max(1, due - now), () => {
      this.#cancel = undefined
      this.#tick()
    })
  }
}
