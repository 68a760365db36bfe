import { hashBlock } from '@shoal/content'
import type { BlockPlace, BlockRef, Exchange, RefuseReason, ServeHandler, Session, SessionEvent, VerifiedBlock } from '@shoal/interface'
import { seededRandom } from '@shoal/base'

export const SWARM = 'ab'.repeat(32)
export const OTHER_SWARM = 'cd'.repeat(32)
export const EMPTY = { complete: [], partial: [] }

type Of<T extends SessionEvent['type']> = Extract<SessionEvent, { type: T }>

/** Remembers what an exchange says and lets a test wait for it. */
export class Recorder {
  readonly events: SessionEvent[] = []
  #waiters: { test: (event: SessionEvent) => boolean, resolve: (event: SessionEvent) => void }[] = []

  readonly listener = (event: SessionEvent): void => {
    this.events.push(event)
    for (const waiter of this.#waiters.filter(({ test }) => test(event))) {
      this.#waiters = this.#waiters.filter(other => other !== waiter)
      waiter.resolve(event)
    }
  }

  of<T extends SessionEvent['type']> (type: T): Of<T>[] {
    return this.events.filter((event): event is Of<T> => event.type === type)
  }

  /** The first event of this type that fits, past or future. */
  async first<T extends SessionEvent['type']> (type: T, test: (event: Of<T>) => boolean = () => true): Promise<Of<T>> {
    const past = this.of(type).find(test)
    return past ?? this.next(type, test)
  }

  /** The next event of this type that fits. */
  async next<T extends SessionEvent['type']> (type: T, test: (event: Of<T>) => boolean = () => true): Promise<Of<T>> {
    return new Promise(resolve => {
      this.#waiters.push({
        test: event => event.type === type && test(event as Of<T>),
        resolve: event => { resolve(event as Of<T>) }
      })
    })
  }
}

/** Serves blocks out of memory: what is at `segment/block` of any swarm. */
export class MemoryServe implements ServeHandler {
  readonly blocks = new Map<string, VerifiedBlock>()
  readonly retired = new Set<number>()
  refuseJoin: RefuseReason | undefined
  chokeAll = false
  /** Holds back reads until it settles. */
  gate: Promise<void> | undefined
  turn: (() => Promise<void> | undefined) | undefined
  reads = 0

  admit: ServeHandler['admit'] = async () => {
    return this.refuseJoin
  }

  choked (): boolean {
    return this.chokeAll
  }

  /** On their way here, as `segment/block`. */
  readonly coming = new Set<string>()

  expects ({ segment, block }: BlockPlace): ReturnType<ServeHandler['expects']> {
    const name = `${segment}/${block}`
    return this.blocks.has(name) ? 'held' : this.coming.has(name) ? 'coming' : 'not-found'
  }

  async read (place: BlockPlace): ReturnType<ServeHandler['read']> {
    this.reads++
    await this.gate
    if (this.retired.has(place.segment)) return 'retired'
    return this.blocks.get(`${place.segment}/${place.block}`)
  }

  acquire (): Promise<void> | undefined {
    return this.turn?.()
  }

  /** Fills a segment with `count` blocks of `size` bytes and says what they must hash to. */
  async fill (segment: number, count: number, size: number): Promise<BlockRef[]> {
    const random = seededRandom(segment + 1)
    const refs: BlockRef[] = []
    for (let block = 0; block < count; block++) {
      const bytes = new Uint8Array(size)
      const words = new Uint32Array(bytes.buffer, 0, size >>> 2)
      for (let i = 0; i < words.length; i++) words[i] = random() * 2 ** 32
      const verified = await hashBlock(bytes)
      this.blocks.set(`${segment}/${block}`, verified)
      refs.push({ digest: verified.digest, size })
    }
    return refs
  }
}

/** One end of a test: an exchange, what it said and what it serves. */
export interface End {
  readonly exchange: Exchange
  readonly recorder: Recorder
  readonly serve: MemoryServe
}

export async function startEnd (exchange: Exchange): Promise<End> {
  const end = { exchange, recorder: new Recorder(), serve: new MemoryServe() }
  await exchange.start(end.recorder.listener, end.serve)
  return end
}

/** Both ends join the swarm on their one session; resolves when each knows of the other. */
export async function joinBoth (a: End, b: End, swarm = SWARM): Promise<[Session, Session]> {
  const { session: ofA } = await a.recorder.first('open')
  const { session: ofB } = await b.recorder.first('open')
  ofA.join(swarm, { have: EMPTY })
  ofB.join(swarm, { have: EMPTY })
  await a.recorder.first('join', event => event.swarm === swarm)
  await b.recorder.first('join', event => event.swarm === swarm)
  return [ofA, ofB]
}
