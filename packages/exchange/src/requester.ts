import { BlockMismatchError, WireError } from '@shoal/interface'
import type { BlockPlace, BlockRef, RefuseReason, Session, SessionEvent, SwarmId } from '@shoal/interface'
import { uncleared, type Clock } from '@shoal/base'
import { verifyBlock } from '@shoal/content'
import { MAX_BLOCK_BYTES, MAX_BLOCKS_PER_MESSAGE, type DataHeader, type Message, type Refuse } from '@shoal/wire'
import type { ReceiveCredit } from './credit.js'
import { FIRST_CREDIT_BYTES, MAX_OUTSTANDING_BLOCKS } from './defaults.js'
import type { LinkMeter } from './meter.js'

export interface RequesterContext {
  readonly session: Session
  readonly clock: Clock
  readonly emit: (event: SessionEvent) => void
  readonly send: (message: Message) => void
  /** The peer sent a block that is not what was asked for. */
  readonly corrupt: (detail: string) => void
  readonly fail: (reason: string) => void
  /** Something is outstanding where nothing was. */
  readonly busy: () => void
  /** Bytes of a block arrived. */
  readonly progress: (now: number) => void
}

interface Entry {
  readonly id: number
  readonly place: BlockPlace
  readonly ref: BlockRef
  readonly key: string
  /** What it counts for in `outstanding`: its size, or the largest when that is not known. */
  readonly size: number
  askedAt: number
  /** Subscribed to: the peer does not have it yet, as far as is known, and it does not count as outstanding. */
  standing: boolean
  buffer: Uint8Array | undefined
  filled: number
}

/** The asking side of a session: what is outstanding, the bytes that come for it, and the credit that they give back. */
export class Requester {
  readonly #context: RequesterContext
  readonly #credit: ReceiveCredit
  readonly #meter: LinkMeter
  readonly #maxWindow: number
  readonly #byPlace = new Map<string, Entry>()
  readonly #byRequest = new Map<number, Map<number, Entry>>()
  #nextId = 1
  /** Blocks that are not only subscribed to. */
  #live = 0
  /** Bytes that may still come for blocks that were cancelled. */
  #late = 0
  /** Where the bytes of the DATA frame that is arriving go; `undefined` to the bin. */
  #filling: Entry | undefined
  #closed = false
  outstanding = 0
  received = 0
  wasted = 0

  constructor (context: RequesterContext, credit: ReceiveCredit, meter: LinkMeter, maxWindow: number) {
    this.#context = context
    this.#credit = credit
    this.#meter = meter
    this.#maxWindow = maxWindow
  }

  /**
   * @param handle ours for the swarm; `undefined` when we are not in it: all is refused at once
   * @param type a subscription waits at the peer until that has the block
   */
  request (
    swarm: SwarmId, handle: number | undefined, segment: number, blocks: readonly number[], refs: readonly BlockRef[],
    type: 'request' | 'subscribe' = 'request'
  ): void {
    const now = this.#context.clock.now()
    let entries = new Map<number, Entry>()
    const refused: BlockPlace[] = []
    const standing = type === 'subscribe'
    const idle = this.#live === 0
    for (const [i, block] of blocks.entries()) {
      const key = `${segment}/${block}/${swarm}`
      const ref = refs[i]
      const known = this.#byPlace.get(key)
      // it holds now what was subscribed to: that is on its way already
      if (known?.standing === true && !standing) this.#count(known, now)
      if (ref === undefined || known !== undefined) continue
      const place = { swarm, segment, block }
      if (handle === undefined || this.#byPlace.size >= MAX_OUTSTANDING_BLOCKS) {
        refused.push(place)
        continue
      }
      const size = ref.size ?? MAX_BLOCK_BYTES
      const entry: Entry = { id: this.#nextId, place, ref, key, size, askedAt: now, standing: true, buffer: undefined, filled: 0 }
      this.#byPlace.set(key, entry)
      if (!standing) this.#count(entry, now)
      entries.set(block, entry)
      if (entries.size === MAX_BLOCKS_PER_MESSAGE) {
        this.#ask(type, handle, segment, entries)
        entries = new Map()
      }
    }
    if (handle !== undefined && entries.size > 0) this.#ask(type, handle, segment, entries)
    if (idle && this.#live > 0) {
      this.#meter.busy(now)
      this.#context.busy()
    }
    if (refused.length > 0) queueMicrotask(() => { this.#refuseLocally(refused, handle === undefined ? 'not-joined' : 'busy') })
  }

  cancel (swarm: SwarmId, segment: number, blocks: readonly number[]): void {
    const byId = new Map<number, number[]>()
    for (const block of blocks) {
      const entry = this.#byPlace.get(`${segment}/${block}/${swarm}`)
      if (entry === undefined) continue
      this.#forget(entry)
      this.#discard(entry)
      const same = byId.get(entry.id)
      if (same === undefined) byId.set(entry.id, [block])
      else same.push(block)
    }
    for (const [id, blocks] of byId) this.#context.send({ type: 'cancel', id, blocks })
    this.#grant()
  }

  /** The peer will not send these. */
  refused (message: Refuse): void {
    for (const block of message.blocks) {
      const entry = this.#byRequest.get(message.id)?.get(block)
      // a refusal may cross our cancel on the way
      if (entry === undefined || entry.filled === entry.buffer?.byteLength) continue
      this.#forget(entry)
      this.#discard(entry)
      this.#context.emit({ type: 'refused', session: this.#context.session, place: entry.place, reason: message.reason })
    }
    this.#grant()
  }

  /** A DATA frame begins. @throws WireError past the credit, for a block that was never asked for, or out of order */
  data (header: DataHeader, length: number): void {
    if (this.#closed) return
    this.#credit.receive(length)
    const entry = this.#byRequest.get(header.id)?.get(header.block)
    this.#filling = undefined
    if (entry === undefined) {
      this.#late -= length
      if (header.id >= this.#nextId || this.#late < 0) {
        throw new WireError(`expected bytes of blocks that were asked for, got ${length} of block ${header.block} of request ${header.id}`)
      }
      return
    }
    if (entry.standing) this.#begun(entry)
    if (entry.buffer === undefined && header.offset === 0) {
      if (entry.ref.size !== undefined && header.total !== entry.ref.size) {
        this.#waste(length)
        this.#context.corrupt(`expected a block of ${entry.ref.size} bytes, got one of ${header.total}`)
        return
      }
      // nobody sees it before every byte of it has come and been verified
      entry.buffer = uncleared(header.total)
    }
    if (entry.buffer?.byteLength !== header.total || header.offset !== entry.filled) {
      throw new WireError(`expected byte ${entry.filled} of a block next, got ${header.offset} of ${header.total}`)
    }
    this.#filling = entry
  }

  /** Bytes of the DATA frame that began last. */
  piece (bytes: Uint8Array): void {
    if (this.#closed) return
    const now = this.#context.clock.now()
    this.#meter.arrived(bytes.byteLength, now)
    this.#context.progress(now)
    const entry = this.#filling
    if (entry?.buffer === undefined) {
      this.#waste(bytes.byteLength)
      this.#grant()
      return
    }
    entry.buffer.set(bytes, entry.filled)
    entry.filled += bytes.byteLength
    if (entry.filled === entry.buffer.byteLength) void this.#verify(entry, entry.buffer, now)
  }

  /** What the session still owed an event for. */
  close (): BlockPlace[] {
    this.#closed = true
    const lost = [...this.#byPlace.values()].map(entry => entry.place)
    this.#byPlace.clear()
    this.#byRequest.clear()
    this.outstanding = this.#live = 0
    return lost
  }

  /** From now on it is late when it does not come. */
  #count (entry: Entry, now: number): void {
    entry.standing = false
    entry.askedAt = now
    this.#live++
    this.outstanding += entry.size
  }

  /** The peer has got what we subscribed to. How long it takes to answer this does not tell. */
  #begun (entry: Entry): void {
    const now = this.#context.clock.now()
    const idle = this.#live === 0
    this.#count(entry, now)
    if (!idle) return
    this.#meter.busy(now, false)
    this.#context.busy()
  }

  #ask (type: 'request' | 'subscribe', handle: number, segment: number, entries: Map<number, Entry>): void {
    const id = this.#nextId++
    this.#byRequest.set(id, entries)
    this.#context.send({ type, handle, id, segment, blocks: [...entries.keys()] })
  }

  async #verify (entry: Entry, buffer: Uint8Array, at: number): Promise<void> {
    const size = buffer.byteLength
    let block
    try {
      block = await verifyBlock(entry.ref, buffer)
    } catch (error) {
      if (this.#closed) return
      this.#waste(size)
      if (error instanceof BlockMismatchError) this.#context.corrupt(error.message)
      else this.#context.fail(`blocks cannot be verified here: ${String(error)}`)
      return
    }
    if (this.#closed) return
    const now = this.#context.clock.now()
    this.#meter.verified(now - at)
    this.#credit.settle(size)
    const wanted = this.#byPlace.get(entry.key) === entry
    if (wanted) {
      this.#forget(entry)
      this.received += size
    } else {
      this.wasted += size
    }
    this.#grant()
    if (wanted) this.#context.emit({ type: 'block', session: this.#context.session, place: entry.place, block, ms: now - entry.askedAt })
  }

  #refuseLocally (places: readonly BlockPlace[], reason: RefuseReason): void {
    if (this.#closed) return
    for (const place of places) this.#context.emit({ type: 'refused', session: this.#context.session, place, reason })
  }

  #forget (entry: Entry): void {
    this.#byPlace.delete(entry.key)
    const request = this.#byRequest.get(entry.id)
    request?.delete(entry.place.block)
    if (request?.size === 0) this.#byRequest.delete(entry.id)
    if (entry.standing) return
    this.outstanding -= entry.size
    if (--this.#live === 0) this.#meter.idle(this.#context.clock.now())
  }

  /** What has come of a block that nobody wants any more goes to the bin, and what is under way may still come. */
  #discard (entry: Entry): void {
    const total = entry.buffer?.byteLength ?? entry.size
    if (entry.filled === total) return
    this.#late += total - entry.filled
    if (this.#filling === entry) this.#filling = undefined
    this.#waste(entry.filled)
  }

  #waste (bytes: number): void {
    this.#credit.settle(bytes)
    this.wasted += bytes
  }

  #grant (): void {
    this.#credit.grow(Math.min(this.#maxWindow, Math.max(FIRST_CREDIT_BYTES, 2 * this.#meter.window)))
    const bytes = this.#credit.take()
    if (bytes > 0) this.#context.send({ type: 'credit', bytes })
  }
}
