import type { RefuseReason } from '@shoal/interface'
import type { Ask } from './ask.js'
import type { Flow } from './flow.js'
import type { SessionEnd } from './network.js'

/** More waiting than this is refused, as by the exchange. */
const MAX_QUEUED_BLOCKS = 256
/** A frame of the exchange, less its header: what the upload scheduler lets pass at a time. */
const FRAME_BYTES = 65_536
/** Maximum segment size, and the constant of TCP's response function (Mathis et al., CCR 27(3), 1997). */
const SEGMENT_BYTES = 1_460
const MATHIS = 1.22

/** The session that it serves on. */
export interface ServingHost extends SessionEnd {
  /** ms to the other end. */
  readonly delay: number
  readonly other: { progressed (): void }
  /** Bytes are on their way. */
  sending: boolean
  refuse (asks: readonly Ask[], reason: RefuseReason): void
  delivered (ask: Ask, bytes: number, from: number, at: number): void
}

/** The serving side of a session: what is asked for, one block at a time, as the exchange's server does it. */
export class Serving {
  readonly #session: ServingHost
  readonly #abort = new AbortController()
  readonly #cap: number
  #queue: Ask[] = []
  #subscribed: Ask[] = []
  #current: { readonly ask: Ask, readonly flow: Flow, readonly end: () => void } | undefined
  #running = false
  #endedAt = 0

  constructor (session: ServingHost) {
    const { delay, home: { net: { loss } } } = session
    this.#session = session
    // the credit of the exchange over the round trip, and what TCP makes of the loss
    const window = 3.5 * 1024 * 1024 / Math.max(1, 2 * delay)
    this.#cap = loss > 0 ? Math.min(window, MATHIS * SEGMENT_BYTES / (Math.max(1, 2 * delay) * Math.sqrt(loss))) : window
  }

  /** @param standing they are to be sent when they come */
  asked (asks: readonly Ask[], standing: boolean): void {
    const session = this.#session
    const { serve } = session.home
    if (serve === undefined) return
    const { swarm, segment } = (asks[0] as Ask).place
    if (serve.choked(session, swarm, segment)) {
      session.refuse(asks, 'choked')
      return
    }
    if (standing) {
      for (const ask of asks) {
        const answer = serve.expects(ask.place, session)
        if (answer === 'held') this.#queue.unshift(ask)
        else if (answer === 'coming') this.#subscribed.push(ask)
        else session.refuse([ask], answer)
      }
      if (!this.#running) void this.#run()
      return
    }
    const room = Math.max(0, MAX_QUEUED_BLOCKS - this.#queue.length)
    this.#queue.push(...asks.slice(0, room))
    if (room < asks.length) session.refuse(asks.slice(room), 'busy')
    if (!this.#running) void this.#run()
  }

  /** It is here: if it was subscribed to it goes out next. */
  arrived (segment: number, block: number): void {
    const at = this.#subscribed.findIndex(({ place }) => place.segment === segment && place.block === block)
    if (at < 0) return
    this.#queue.unshift(...this.#subscribed.splice(at, 1))
    if (!this.#running) void this.#run()
  }

  cancelled (asks: readonly Ask[]): void {
    for (const ask of asks) ask.dead = true
    this.#queue = this.#queue.filter(ask => !ask.dead)
    this.#subscribed = this.#subscribed.filter(ask => !ask.dead)
    const current = this.#current
    if (current?.ask.dead === true && this.#session.home.host.up.stop(current.flow)) current.end()
  }

  /** @param all what is being sent as well */
  refuseAll (reason: RefuseReason, all: boolean): void {
    const refused = [...this.#queue, ...this.#subscribed]
    this.#queue = []
    this.#subscribed = []
    for (const ask of refused) ask.dead = true
    if (refused.length > 0) this.#session.refuse(refused, reason)
    const current = this.#current
    if (!all || current === undefined || !this.#session.home.host.up.stop(current.flow)) return
    current.ask.dead = true
    current.end()
    this.#session.refuse([current.ask], reason)
  }

  close (): void {
    this.#abort.abort(new Error('the session is over'))
    this.#queue = []
    this.#subscribed = []
    const current = this.#current
    if (current !== undefined && this.#session.home.host.up.stop(current.flow)) current.end()
  }

  async #run (): Promise<void> {
    this.#running = true
    try {
      for (let ask = this.#queue.shift(); ask !== undefined; ask = this.#queue.shift()) {
        if (ask.dead) continue
        await this.#serve(ask)
        if (this.#abort.signal.aborted) return
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) throw error
    } finally {
      this.#running = false
    }
  }

  async #serve (ask: Ask): Promise<void> {
    const session = this.#session
    const { serve } = session.home
    const block = await serve?.read(ask.place, session)
    if (ask.dead || this.#abort.signal.aborted) return
    if (block === undefined || typeof block === 'string') {
      session.refuse([ask], block ?? 'not-found')
      return
    }
    const from = session.home.net.clock.now()
    let sent = 0
    let paid = 0
    while (sent < ask.size) {
      // what may go at once goes as one, what has to wait frame by frame
      let end = sent + paid
      let wait: Promise<void> | undefined
      while (wait === undefined && end < ask.size) {
        wait = serve?.acquire(session, Math.min(FRAME_BYTES, ask.size - end), this.#abort.signal)
        if (wait === undefined) end = Math.min(ask.size, end + FRAME_BYTES)
      }
      // what was paid for goes out first, and the session may end meanwhile
      wait?.catch(() => {})
      const left = end > sent ? await this.#send(ask, end - sent) : 0
      sent = end - left
      const cut = ask.dead || left > 0
      if (cut || sent === ask.size) session.delivered(ask, sent, from, this.#endedAt)
      if (cut || this.#abort.signal.aborted) return
      await wait
      if (ask.dead) {
        if (sent > 0) session.delivered(ask, sent, from, this.#endedAt)
        return
      }
      paid = wait === undefined ? 0 : Math.min(FRAME_BYTES, ask.size - sent)
    }
  }

  /** Returns bytes that did not go. */
  #send (ask: Ask, bytes: number): Promise<number> {
    const session = this.#session
    const { host, net: { clock } } = session.home
    return new Promise(resolve => {
      const end = (at: number): void => {
        this.#current = undefined
        this.#endedAt = at
        session.sending = false
        session.other.progressed()
        resolve(Math.round(flow.left))
      }
      const flow: Flow = { left: bytes, cap: this.#cap, rate: 0, done: end }
      this.#current = { ask, flow, end: () => { end(clock.now()) } }
      session.sending = true
      host.up.start(flow)
    })
  }
}
