import type { Stream } from '@libp2p/interface'
import { encodeDataHeader, DATA_HEADER_BYTES, FRAME_HEADER_BYTES, MAX_QUEUED_BLOCKS, type Cancel, type Message, type Request, type Subscribe } from '@shoal/wire'
import type { RefuseReason, ServeHandler, Session, SessionEvent, SwarmId } from '@shoal/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { type Clock } from '@shoal/base'
import { Burst } from './burst.js'
import type { SendCredit } from './credit.js'
import { READ_AHEAD_BLOCKS, UNREAD_MS } from './defaults.js'
import { untilDrained } from './streams.js'
import { Subscriptions } from './subscriptions.js'

export interface ServerContext {
  readonly session: Session
  readonly clock: Clock
  readonly serve: ServeHandler
  readonly emit: (event: SessionEvent) => void
  readonly send: (message: Message) => void
  /** Opens our data stream: asked once, at the first block. */
  readonly openData: () => Promise<Stream>
  /** The peer has taken nothing for long. */
  readonly unread: () => void
  /** The data stream cannot go on. */
  readonly fail: (error: Error) => void
}

interface Item {
  readonly id: number
  readonly swarm: SwarmId
  readonly segment: number
  readonly block: number
  /** Set when its read has begun. */
  read: ReturnType<ServeHandler['read']> | undefined
  /** Cancelled or refused: nothing more of it is sent. */
  dead: boolean
}

/** The serving side of a session: their requests in the order of their coming, one block at a time on one data stream. */
export class Server {
  readonly #context: ServerContext
  readonly #credit: SendCredit
  readonly #frameBytes: number
  readonly #burst: Burst
  readonly #abort = new AbortController()
  readonly #queued = new Map<SwarmId, number>()
  readonly #subscriptions: Subscriptions<Item>
  #queue: Item[] = []
  #current: Item | undefined
  #running = false
  #lastId = -1
  #wake: (() => void) | undefined
  /** The upload scheduler has let the next frame pass. */
  #turnCame = false
  #stream: Promise<Stream> | undefined
  /** Block bytes handed to the transport. */
  sent = 0

  /** @param frameCap largest frame that both sides take. @param maxBurst bytes of a block handed to the stream at once, at most */
  constructor (context: ServerContext, credit: SendCredit, frameCap: number, maxBurst: number) {
    this.#context = context
    this.#credit = credit
    this.#subscriptions = new Subscriptions(context.clock, expired => { this.#refuseItems(expired, 'not-found') })
    this.#frameBytes = frameCap - FRAME_HEADER_BYTES - DATA_HEADER_BYTES
    this.#burst = new Burst(this.#frameBytes, maxBurst)
  }

  /** @returns what is wrong with it, `undefined` when nothing is. @param swarm `undefined` when the peer or we are not in it */
  request (message: Request | Subscribe, swarm: SwarmId | undefined): string | undefined {
    const { id, segment, blocks } = message
    if (id <= this.#lastId) return `expected a request id above ${this.#lastId}, got ${id}`
    this.#lastId = id
    if (swarm === undefined) this.#refuse(id, blocks, 'not-joined')
    else if (this.#context.serve.choked(this.#context.session, swarm, segment)) this.#refuse(id, blocks, 'choked')
    else if (message.type === 'subscribe') this.#subscribe(message, swarm)
    else {
      const room = Math.max(0, MAX_QUEUED_BLOCKS - this.#queue.length)
      const taken = blocks.slice(0, room)
      for (const block of taken) this.#queue.push({ id, swarm, segment, block, read: undefined, dead: false })
      if (taken.length < blocks.length) this.#refuse(id, blocks.slice(room), 'busy')
      if (taken.length > 0) this.#count(swarm, taken.length)
      if (!this.#running) void this.#run()
    }
    return undefined
  }

  /** A block is here: if the peer has subscribed to it, it is the next that it gets. */
  arrived (swarm: SwarmId, segment: number, block: number): void {
    const item = this.#subscriptions.take(swarm, segment, block)
    if (item === undefined) return
    if (this.#queue.length >= MAX_QUEUED_BLOCKS) this.#refuse(item.id, [block], 'busy')
    else this.#next(item)
  }

  #subscribe ({ id, segment, blocks }: Subscribe, swarm: SwarmId): void {
    const { serve, session } = this.#context
    for (const block of blocks) {
      const item = { id, swarm, segment, block, read: undefined, dead: false }
      const answer = this.#queue.length >= MAX_QUEUED_BLOCKS ? 'busy' : serve.expects(item, session)
      if (answer === 'held') this.#next(item)
      else if (answer !== 'coming') this.#refuse(id, [block], answer)
      else if (!this.#subscriptions.add(item)) this.#refuse(id, [block], 'busy')
    }
  }

  #next (item: Item): void {
    this.#queue.unshift(item)
    this.#count(item.swarm, 1)
    if (!this.#running) void this.#run()
  }

  cancel (message: Cancel): void {
    const blocks = new Set(message.blocks)
    this.#drop(item => item.id === message.id && blocks.has(item.block))
  }

  /** Refuses all that waits in a swarm; the block that is being sent goes on when the reason is `choked`. */
  refuseAll (swarm: SwarmId, reason: RefuseReason): void {
    this.#refuseItems(this.#drop(item => item.swarm === swarm && (reason !== 'choked' || item !== this.#current)), reason)
  }

  #refuseItems (items: readonly Item[], reason: RefuseReason): void {
    const byId = new Map<number, number[]>()
    for (const { id, block } of items) byId.set(id, [...byId.get(id) ?? [], block])
    for (const [id, blocks] of byId) this.#refuse(id, blocks, reason)
  }

  /** The peer granted credit. */
  credited (): void {
    this.#wake?.()
  }

  close (): void {
    this.#abort.abort()
    this.#queue = []
    this.#subscriptions.close()
    this.#wake?.()
  }

  #drop (match: (item: Item) => boolean): Item[] {
    const dropped = this.#queue.filter(match)
    if (dropped.length > 0) this.#queue = this.#queue.filter(item => !match(item))
    const current = this.#current
    if (current !== undefined && !current.dead && match(current)) dropped.push(current)
    for (const item of dropped) {
      item.dead = true
      this.#count(item.swarm, -1)
    }
    if (dropped.length > 0) this.#wake?.()
    dropped.push(...this.#subscriptions.drop(match))
    return dropped
  }

  #count (swarm: SwarmId, change: number): void {
    const queued = (this.#queued.get(swarm) ?? 0) + change
    if (queued > 0) this.#queued.set(swarm, queued)
    else this.#queued.delete(swarm)
    this.#context.emit({ type: 'demand', session: this.#context.session, swarm, queued })
  }

  #refuse (id: number, blocks: readonly number[], reason: RefuseReason): void {
    this.#context.send({ type: 'refuse', id, reason, blocks })
  }

  async #run (): Promise<void> {
    this.#running = true
    try {
      for (;;) {
        const item = this.#queue.shift()
        if (item === undefined || this.#abort.signal.aborted) break
        this.#current = item
        void this.#openData()
        const reading = this.#read(item)
        for (const next of this.#queue.slice(0, READ_AHEAD_BLOCKS)) void this.#read(next)
        const block = await reading
        if (item.dead) continue
        if (block === undefined || typeof block === 'string') this.#refuse(item.id, [item.block], block ?? 'not-found')
        else await this.#send(item, block.bytes)
        if (!item.dead) this.#count(item.swarm, -1)
      }
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#context.fail(error instanceof Error ? error : new Error(String(error)))
    } finally {
      this.#running = false
      this.#current = undefined
    }
  }

  /** Our data stream; begun beside the first read, for its negotiation takes a round trip. */
  #openData (): Promise<Stream> {
    if (this.#stream === undefined) {
      this.#stream = this.#context.openData()
      // whoever sends on it sees the failure
      this.#stream.catch(() => {})
    }
    return this.#stream
  }

  #read (item: Item): ReturnType<ServeHandler['read']> {
    // a store that fails has reported it; to the peer the block is not to be had here
    item.read ??= this.#context.serve.read(item, this.#context.session).catch(() => undefined)
    return item.read
  }

  async #send (item: Item, bytes: Uint8Array): Promise<void> {
    const { session, clock, emit } = this.#context
    const stream = await this.#openData()
    const total = bytes.byteLength
    let sent = 0
    this.#turnCame = false
    try {
      while (sent < total && !item.dead) {
        let end = sent
        let wait: Promise<void> | undefined
        do {
          const length = Math.min(this.#frameBytes, total - end)
          wait = this.#allow(length)
          if (wait === undefined) end += length
        } while (wait === undefined && end < total && end - sent < this.#burst.bytes)
        if (end > sent) {
          const frames = this.#frames(item, bytes, sent, end)
          const from = clock.now()
          this.sent += end - sent
          sent = end
          if (!stream.send(frames) || stream.writableNeedsDrain) await this.#drained(stream)
          this.#burst.taken(clock.now() - from)
        }
        if (wait === undefined) continue
        await wait
        this.#abort.signal.throwIfAborted()
      }
    } finally {
      if (sent > 0) emit({ type: 'sent', session, swarm: item.swarm, bytes: sent })
    }
  }

  async #drained (stream: Stream): Promise<void> {
    const { clock, unread } = this.#context
    const cancel = clock.after(UNREAD_MS, unread)
    try {
      await untilDrained(stream)
    } finally {
      cancel()
    }
  }

  /** Pays for a frame with `length` bytes of a block: `undefined` when that may go now, else what to wait for before asking again. */
  #allow (length: number): Promise<void> | undefined {
    if (this.#credit.available < length) return new Promise(resolve => { this.#wake = resolve })
    if (!this.#turnCame) {
      const turn = this.#context.serve.acquire(this.#context.session, length, this.#abort.signal)?.then(() => { this.#turnCame = true })
      // what was paid for before goes out first, and the session may end meanwhile
      turn?.catch(() => {})
      if (turn !== undefined) return turn
    }
    this.#turnCame = false
    this.#credit.spend(length)
    return undefined
  }

  /** The frames as a list of pieces, nothing copied. */
  #frames ({ id, block }: Item, bytes: Uint8Array, from: number, to: number): Uint8ArrayList {
    const frames = new Uint8ArrayList()
    for (let offset = from; offset < to; offset += this.#frameBytes) {
      const piece = bytes.subarray(offset, Math.min(offset + this.#frameBytes, to))
      frames.append(encodeDataHeader({ id, block, offset, total: bytes.byteLength }, piece.byteLength))
      frames.append(piece)
    }
    return frames
  }
}
