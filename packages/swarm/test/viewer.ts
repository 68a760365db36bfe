import { ManualClock, seededRandom } from '@shoal/base'
import type { HaveMap, PeerName } from '@shoal/interface'
import { createSwarm, type Swarm } from '../src/index.js'
import { testHaves } from './haves.js'

export const BLOCK_BYTES = 262_144
const STEP_MS = 10
const FRAME_BYTES = 60_000
const RTT_MS = 40
const WINDOW_BYTES = 2 * BLOCK_BYTES

export interface Film {
  readonly segments: number
  /** Per segment. */
  readonly blocks: number
  readonly segmentMs: number
  /** The player asks for the next segment while less than this is buffered. */
  readonly bufferMs: number
}

/** Bytes per second, by time. */
type Rate = (now: number) => number

export interface OriginScript { readonly rate: Rate, readonly ttfb: number }

/** A peer that claims everything. `nothing`: it takes requests and stays silent. */
export interface PeerScript { readonly rate: Rate, readonly gives: 'blocks' | 'nothing' | 'garbage' }

export interface Viewing {
  readonly startMs: number
  readonly stallMs: number
  readonly stalls: number
  /** Blocks of the film by who gave them, and blocks that came for nothing. */
  readonly fromPeers: number
  readonly fromOrigin: number
  readonly wastedBytes: number
}

/** How a player fares: it plays from the first segment on, asks for one segment at a time, and stands still when it has none. */
class Player {
  readonly #film: Film
  startMs = -1
  stallMs = 0
  stalls = 0
  #buffered = 0
  #segments = 0
  #dry = false

  constructor (film: Film) {
    this.#film = film
  }

  get wants (): boolean {
    return this.#segments < this.#film.segments && this.#buffered < this.#film.bufferMs
  }

  /** ms until the next segment is missing. */
  get deadline (): number {
    return this.#buffered
  }

  got (now: number): void {
    if (this.#segments++ === 0) this.startMs = now
    this.#buffered += this.#film.segmentMs
    this.#dry = false
  }

  get done (): boolean {
    return this.#segments === this.#film.segments
  }

  step (ms: number): void {
    if (this.startMs < 0 || this.done) return
    if (this.#buffered > 0) {
      this.#buffered = Math.max(0, this.#buffered - ms)
      return
    }
    this.stallMs += ms
    if (!this.#dry) this.stalls++
    this.#dry = true
  }
}

/** The same film with the origin alone: one plain request per segment. */
export function viewPlain (film: Film, origin: OriginScript): Pick<Viewing, 'startMs' | 'stallMs' | 'stalls'> {
  const player = new Player(film)
  let now = 0
  let fetch: { from: number, left: number } | undefined
  while (!player.done) {
    if (fetch === undefined && player.wants) fetch = { from: now + origin.ttfb, left: film.blocks * BLOCK_BYTES }
    if (fetch !== undefined && fetch.from <= now) fetch.left -= origin.rate(now) * STEP_MS / 1000
    now += STEP_MS
    player.step(STEP_MS)
    if (fetch !== undefined && fetch.left <= 0) {
      player.got(now)
      fetch = undefined
    }
  }
  return player
}

interface Asked { readonly segment: number, readonly block: number, readonly at: number, left: number }

/** A peer at the other end of a session: its blocks in order, in frames, and the session's view of the link. */
class Link {
  readonly script: PeerScript
  readonly queue: Asked[] = []
  rate = 0
  budget = 0
  sampleFrom = 0
  sampleBytes = 0
  progressAt = 0
  stallPause = 0
  stallAt = Infinity

  constructor (script: PeerScript) {
    this.script = script
  }

  get outstanding (): number {
    return this.queue.length * BLOCK_BYTES
  }

  /** As a session measures it. */
  get window (): number {
    return Math.min(14 * BLOCK_BYTES, WINDOW_BYTES + 2 * this.rate * RTT_MS / 1000)
  }

  get patience (): number {
    return Math.max(1000, 8 * (RTT_MS + (this.rate > 0 ? BLOCK_BYTES * 1000 / this.rate : 0)))
  }

  arrived (bytes: number, now: number): void {
    this.sampleBytes += bytes
    this.progressAt = now
    this.stallPause = 0
    if (now - this.sampleFrom < 100) return
    const sample = this.sampleBytes * 1000 / (now - this.sampleFrom)
    this.rate = this.rate === 0 ? sample : this.rate + 0.3 * (sample - this.rate)
    this.sampleFrom = now
    this.sampleBytes = 0
  }
}

/** The film by the real picker between an origin and peers with faults, on a clock of its own. */
export class Viewer {
  readonly #film: Film
  readonly #origin: OriginScript
  readonly #clock = new ManualClock()
  readonly #have: HaveMap
  readonly #links = new Map<PeerName, Link>()
  readonly #swarm: Swarm
  readonly #player: Player
  readonly #jobs: { readonly segment: number, readonly first: number, readonly end: number, readonly from: number, sent: number }[] = []
  /** As the origin's own statistics: of requests that ended. */
  #originRate: number | undefined
  #originTtfb: number | undefined
  #fromPeers = 0
  #fromOrigin = 0
  #wasted = 0
  #want: { id: number, segment: number } | undefined
  #next = 0
  #dirty = true
  #wakeAt: number | undefined

  constructor (film: Film, origin: OriginScript, peers: readonly PeerScript[]) {
    this.#film = film
    this.#origin = origin
    this.#player = new Player(film)
    this.#have = testHaves(() => film.blocks)
    this.#swarm = createSwarm({ self: 'viewer', mode: 'hybrid', swarm: 'film' }, {
      clock: this.#clock, random: seededRandom(1), have: this.#have, size: () => BLOCK_BYTES, blocks: () => film.blocks,
      link: peer => {
        const link = this.#links.get(peer)
        if (link === undefined) return { window: 0, outstanding: 0, rate: 0, rtt: undefined }
        const { window, outstanding, rate } = link
        return { window, outstanding, rate, rtt: RTT_MS }
      },
      origin: () => ({ rate: this.#originRate, ttfb: this.#originTtfb, downUntil: 0 }),
      swarmSize: () => peers.length + 1,
      known: () => [], expecting: () => 0
    })
    for (const [i, script] of peers.entries()) {
      this.#links.set(`peer-${i}`, new Link(script))
      this.#swarm.peerJoined(`peer-${i}`, testHaves(() => film.blocks, true))
    }
  }

  watch (): Viewing {
    while (!this.#player.done && this.#clock.now() < 300_000) {
      this.#ask()
      const now = this.#clock.now()
      if (this.#dirty || now >= (this.#wakeAt ?? Infinity)) this.#decide()
      this.#clock.advance(STEP_MS)
      for (const [name, link] of this.#links) this.#receive(name, link)
      this.#fetch()
      this.#player.step(STEP_MS)
      this.#take()
    }
    const { startMs, stallMs, stalls } = this.#player
    return { startMs, stallMs, stalls, fromPeers: this.#fromPeers, fromOrigin: this.#fromOrigin, wastedBytes: this.#wasted }
  }

  #ask (): void {
    if (this.#want !== undefined || !this.#player.wants) return
    const segment = this.#next++
    const deadline = this.#clock.now() + this.#player.deadline
    this.#want = { id: this.#swarm.want({ segment, first: 0, end: this.#film.blocks, deadline }), segment }
    this.#dirty = true
  }

  #take (): void {
    if (this.#want === undefined || !this.#have.complete(this.#want.segment)) return
    this.#swarm.unwant(this.#want.id)
    this.#want = undefined
    this.#player.got(this.#clock.now())
    this.#dirty = true
  }

  #decide (): void {
    this.#dirty = false
    const { actions, wakeAt } = this.#swarm.decide()
    this.#wakeAt = wakeAt
    const now = this.#clock.now()
    for (const action of actions) {
      if (action.type === 'request') {
        const link = this.#links.get(action.peer) as Link
        if (link.queue.length === 0) {
          link.sampleFrom = link.progressAt = now
          link.sampleBytes = link.stallPause = 0
        }
        for (const block of action.blocks) link.queue.push({ segment: action.segment, block, at: now, left: BLOCK_BYTES })
      } else if (action.type === 'cancel') {
        const link = this.#links.get(action.peer) as Link
        for (const block of action.blocks) {
          const at = link.queue.findIndex(asked => asked.segment === action.segment && asked.block === block)
          this.#wasted += BLOCK_BYTES - (link.queue.splice(at, 1)[0]?.left ?? 0)
        }
      } else if (action.type === 'origin') {
        const { segment, first, end } = action
        this.#jobs.push({ segment, first, end, from: now + this.#origin.ttfb, sent: 0 })
      } else if (action.type === 'cancel-origin') {
        const { segment, first, end } = action
        const at = this.#jobs.findIndex(job => job.segment === segment && job.first === first && job.end === end)
        const [job] = this.#jobs.splice(at, 1)
        this.#wasted += (job?.sent ?? 0) % BLOCK_BYTES
      }
    }
  }

  #receive (name: PeerName, link: Link): void {
    const now = this.#clock.now()
    if (link.queue.length === 0) {
      link.budget = 0
      return
    }
    const head = link.queue[0] as Asked
    if (link.script.gives !== 'nothing' && head.at + RTT_MS <= now) link.budget += link.script.rate(now) * STEP_MS / 1000
    while (link.queue[0] !== undefined && link.budget >= Math.min(FRAME_BYTES, link.queue[0].left)) {
      const asked = link.queue[0]
      const bytes = Math.min(FRAME_BYTES, asked.left)
      link.budget -= bytes
      asked.left -= bytes
      link.arrived(bytes, now)
      if (asked.left > 0) continue
      if (link.script.gives === 'garbage') {
        this.#shut(name, link)
        return
      }
      link.queue.shift()
      this.#arrive(asked.segment, asked.block, name)
    }
    this.#stall(name, link, now)
  }

  #stall (name: PeerName, link: Link, now: number): void {
    const at = link.stallPause === 0 ? link.progressAt + link.patience : link.stallAt
    if (link.queue.length === 0 || now < at) return
    link.stallPause = Math.min(30_000, Math.max(link.patience, 2 * link.stallPause))
    link.stallAt = now + link.stallPause
    this.#swarm.stalled(name)
    this.#dirty = true
  }

  /** Wrong bytes end the session. */
  #shut (name: PeerName, link: Link): void {
    this.#links.delete(name)
    this.#wasted += BLOCK_BYTES
    for (const { segment, block } of link.queue) this.#swarm.lost(name, segment, block)
    this.#swarm.peerLeft(name)
    this.#dirty = true
  }

  /** Requests share the origin's rate. */
  #fetch (): void {
    const now = this.#clock.now()
    const active = this.#jobs.filter(job => job.from <= now)
    for (const job of active) {
      this.#originTtfb ??= this.#origin.ttfb
      const before = Math.floor(job.sent / BLOCK_BYTES)
      job.sent += this.#origin.rate(now) * STEP_MS / 1000 / active.length
      const total = job.end - job.first
      for (let i = before; i < Math.min(total, Math.floor(job.sent / BLOCK_BYTES)); i++) this.#arrive(job.segment, job.first + i, 'origin')
      if (job.sent < total * BLOCK_BYTES || !this.#jobs.includes(job)) continue
      this.#jobs.splice(this.#jobs.indexOf(job), 1)
      const rate = job.sent * 1000 / Math.max(1, now - job.from)
      this.#originRate = this.#originRate === undefined ? rate : this.#originRate + 0.3 * (rate - this.#originRate)
      this.#swarm.originDone(job.segment, job.first, job.end, undefined)
      this.#dirty = true
    }
  }

  #arrive (segment: number, block: number, from: PeerName | 'origin'): void {
    this.#dirty = true
    if (!this.#have.add(segment, block, this.#film.blocks)) this.#wasted += BLOCK_BYTES
    else if (from === 'origin') this.#fromOrigin++
    else this.#fromPeers++
    this.#swarm.delivered(segment, block, from)
  }
}
