import { ManualClock, seededRandom } from '@shoal/base'
import type { HaveMap, PeerName } from '@shoal/interface'
import { createSwarm } from '../src/index.js'
import type { Swarm, SwarmAction, SwarmInit, Want } from '../src/index.js'
import { testHaves } from './haves.js'

export const BLOCK_BYTES = 262_144

export interface Content { readonly segments: number, readonly blocks: number }

export interface NodeOptions {
  mode?: SwarmInit['mode']
  /** Bytes per second out and in. */
  up?: number
  down?: number
  seed?: boolean
  /** Share of requests answered by silence. */
  silent?: number
  /** Share of requests refused. */
  refuse?: number
  uses?: ModelOrigin
}

interface Flow { readonly to: ModelNode, readonly segment: number, readonly block: number, left: number }

/** An HTTP server with a rate that its requests share. */
export class ModelOrigin {
  readonly rate: number
  readonly ttfb: number
  /** Blocks given out. */
  served = 0
  fails: (now: number) => boolean = () => false
  /** Fetches of all nodes together in the step under way and in the one before, when they share the rate. */
  shared: { now: number, before: number } | undefined
  constructor (rate = 5_000_000, ttfb = 50) {
    this.rate = rate
    this.ttfb = ttfb
  }

  step (): void {
    if (this.shared !== undefined) this.shared = { now: 0, before: this.shared.now }
  }
}

/**
 * A network of nodes that each run the real swarm over links of fixed delay and rate, in steps of `STEP_MS`. A node sends the blocks asked
 * of it in order, one per neighbour at a time, its upload rate shared among the neighbours that wait.
 */
const STEP_MS = 10
const DELAY_MS = 50

export class Model {
  readonly clock = new ManualClock()
  readonly content: Content
  readonly nodes: ModelNode[] = []
  readonly random: () => number
  /** Also names the swarm, so that elections differ from run to run. */
  readonly seed: number

  constructor (content: Content, seed = 1) {
    this.seed = seed
    this.content = content
    this.random = seededRandom(seed)
  }

  add (options: NodeOptions = {}): ModelNode {
    const node = new ModelNode(this, `peer-${this.nodes.length}`, options)
    this.nodes.push(node)
    return node
  }

  connect (a: ModelNode, b: ModelNode): void {
    a.join(b)
    b.join(a)
  }

  mesh (): void {
    this.nodes.forEach((a, i) => { for (const b of this.nodes.slice(i + 1)) this.connect(a, b) })
  }

  leave (node: ModelNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1)
    for (const other of this.nodes) other.part(node.name)
  }

  /** Runs until `done` or the time is over; returns the time. */
  run (ms: number, done: () => boolean = () => false): number {
    const end = this.clock.now() + ms
    while (this.clock.now() < end && !done()) {
      for (const node of this.nodes) node.tick()
      for (const node of this.nodes) node.send()
      for (const origin of new Set(this.nodes.map(node => node.options.uses))) origin?.step()
      this.clock.advance(STEP_MS)
    }
    return this.clock.now()
  }
}

export class ModelNode {
  readonly name: PeerName
  readonly swarm: Swarm
  readonly have: HaveMap
  readonly options: NodeOptions
  readonly log: SwarmAction[] = []
  readonly links = new Map<PeerName, { node: ModelNode, copy: HaveMap, outstanding: Map<string, number>, rate: number, at: number }>()
  readonly wanted = new Map<string, number>()
  readonly arrived = new Map<string, number>()
  /** Blocks by the peer they came from. */
  readonly tally = new Map<PeerName, number>()
  readonly doubles = { requested: 0, outside: 0 }
  fromPeers = 0
  fromOrigin = 0
  wasted = 0
  overshoot = 0
  readonly #model: Model
  readonly #queues = new Map<ModelNode, Flow[]>()
  readonly #fetches = new Set<{ segment: number, first: number, end: number, at: number, sent: number }>()
  #originRate: number | undefined
  #wakeAt: number | undefined
  #dirty = true
  #choked: PeerName | undefined

  constructor (model: Model, name: string, options: NodeOptions) {
    this.#model = model
    this.name = name
    this.options = options
    this.have = testHaves(() => model.content.blocks, options.seed === true)
    const mode = options.mode ?? (options.uses === undefined ? 'p2p' : 'hybrid')
    this.swarm = createSwarm({ self: name, mode, swarm: `model-${model.seed}` }, {
      clock: model.clock, random: seededRandom(Math.floor(model.random() * 2 ** 32)), have: this.have,
      size: () => BLOCK_BYTES, blocks: () => model.content.blocks,
      link: peer => {
        const link = this.links.get(peer)
        const outstanding = (link?.outstanding.size ?? 0) * BLOCK_BYTES
        const rate = link?.rate ?? 0
        return { window: Math.max(2 * BLOCK_BYTES, 2 * rate * 2 * DELAY_MS / 1000 + BLOCK_BYTES), outstanding, rate, rtt: 2 * DELAY_MS }
      },
      origin: () => {
        if (options.uses === undefined) return undefined
        return { rate: options.uses.shared === undefined ? options.uses.rate : this.#originRate, ttfb: options.uses.ttfb, downUntil: 0 }
      },
      swarmSize: () => model.nodes.length,
      known: () => model.nodes.map(node => node.name), expecting: () => 0
    })
  }

  join (other: ModelNode): void {
    const copy = testHaves(() => this.#model.content.blocks, other.options.seed === true)
    if (other.options.seed !== true) this.#each((segment, block) => { if (other.have.has(segment, block)) copy.add(segment, block, 0) })
    this.links.set(other.name, { node: other, copy, outstanding: new Map(), rate: 0, at: this.#model.clock.now() })
    this.swarm.peerJoined(other.name, copy)
    this.#dirty = true
  }

  part (name: PeerName): void {
    const link = this.links.get(name)
    if (link === undefined) return
    this.links.delete(name)
    this.#queues.delete(link.node)
    for (const key of link.outstanding.keys()) this.swarm.lost(name, ...place(key))
    this.swarm.peerLeft(name)
    this.#dirty = true
  }

  want (want: Want): number {
    for (let block = want.first; block < want.end; block++) {
      if (!this.have.has(want.segment, block)) this.wanted.set(`${want.segment}/${block}`, want.deadline ?? Infinity)
    }
    this.#dirty = true
    return this.swarm.want(want)
  }

  wantAll (deadline?: (segment: number) => number | undefined): void {
    for (let segment = 0; segment < this.#model.content.segments; segment++) {
      this.want({ segment, first: 0, end: this.#model.content.blocks, deadline: deadline?.(segment) })
    }
  }

  unwant (id: number): void {
    this.swarm.unwant(id)
    this.#dirty = true
  }

  get complete (): boolean {
    return this.wanted.size === this.arrived.size
  }

  get late (): number {
    return [...this.wanted].filter(([key, deadline]) => (this.arrived.get(key) ?? Infinity) > deadline).length
  }

  /** Carries out a decision when something happened or its time has come. */
  tick (): void {
    const now = this.#model.clock.now()
    if (!this.#dirty && now < (this.#wakeAt ?? Infinity)) return
    this.#dirty = false
    const { actions, wakeAt } = this.swarm.decide()
    this.#wakeAt = wakeAt
    const { requested } = this.doubles
    for (const action of actions) this.#carryOut(action)
    const links = [...this.links.values()]
    if (this.doubles.requested > requested) {
      for (const key of this.wanted.keys()) {
        if (!this.arrived.has(key) && !links.some(link => link.outstanding.has(key))) this.doubles.outside++
      }
    }
    for (const [name, link] of this.links) {
      const outstanding = link.outstanding.size * BLOCK_BYTES
      const window = Math.max(2 * BLOCK_BYTES, 2 * link.rate * 2 * DELAY_MS / 1000 + BLOCK_BYTES)
      if (actions.some(action => action.type === 'request' && action.peer === name) && outstanding >= window + BLOCK_BYTES) this.overshoot++
    }
  }

  #carryOut (action: SwarmAction): void {
    this.log.push(action)
    const { clock } = this.#model
    if (action.type === 'request') {
      const link = this.links.get(action.peer)
      if (action.peer === this.#choked) throw new Error(`asked ${action.peer}, which chokes us`)
      if (link === undefined) throw new Error(`asked ${action.peer}, which left`)
      for (const block of action.blocks) {
        const key = `${action.segment}/${block}`
        if (link.outstanding.has(key)) throw new Error(`asked ${action.peer} twice for ${key}`)
        if (this.have.has(action.segment, block)) throw new Error(`asked for ${key}, which we hold`)
        if (!link.copy.has(action.segment, block)) throw new Error(`asked ${action.peer} for ${key}, which it lacks`)
        for (const other of this.links.values()) if (other.outstanding.has(key)) this.doubles.requested++
        link.outstanding.set(key, clock.now())
        clock.after(DELAY_MS, () => link.node.serve(this, action.segment, block))
      }
    } else if (action.type === 'cancel') {
      const link = this.links.get(action.peer)
      for (const block of action.blocks) {
        if (link?.outstanding.delete(`${action.segment}/${block}`) !== true) {
          throw new Error(`cancelled what was not asked of ${action.peer}`)
        }
        clock.after(DELAY_MS, () => link.node.unserve(this, action.segment, block))
      }
    } else if (action.type === 'origin') {
      const { segment, first, end } = action
      this.#fetches.add({ segment, first, end, at: clock.now() + (this.options.uses?.ttfb ?? 0), sent: 0 })
    } else if (action.type === 'cancel-origin') {
      const { segment, first, end } = action
      for (const fetch of this.#fetches) {
        if (fetch.segment === segment && fetch.first === first && fetch.end === end) this.#fetches.delete(fetch)
      }
    } else if (action.type === 'fetching') {
      for (const { node } of this.links.values()) clock.after(DELAY_MS, () => { node.told(this.name, action.segment) })
    }
  }

  choke (peer: PeerName, choked: boolean): void {
    this.swarm.peerChoked(peer, choked)
    this.#choked = choked ? peer : undefined
    this.#dirty = true
  }

  told (peer: PeerName, segment: number): void {
    this.swarm.peerFetching(peer, segment)
    this.#dirty = true
  }

  serve (to: ModelNode, segment: number, block: number): void {
    if (!this.#model.nodes.includes(this) || this.#model.random() < (this.options.silent ?? 0)) {
      this.#model.clock.after(1000, () => { to.stall(this.name, segment, block) })
      return
    }
    if (this.#model.random() < (this.options.refuse ?? 0)) {
      this.#model.clock.after(DELAY_MS, () => { to.refused(this.name, segment, block) })
      return
    }
    let queue = this.#queues.get(to)
    if (queue === undefined) this.#queues.set(to, queue = [])
    queue.push({ to, segment, block, left: BLOCK_BYTES })
  }

  unserve (to: ModelNode, segment: number, block: number): void {
    const queue = this.#queues.get(to) ?? []
    const at = queue.findIndex(flow => flow.segment === segment && flow.block === block)
    if (at < 0) return
    to.wasted += BLOCK_BYTES - (queue[at]?.left ?? 0)
    queue.splice(at, 1)
  }

  stall (peer: PeerName, segment: number, block: number): void {
    if (this.links.get(peer)?.outstanding.has(`${segment}/${block}`) !== true) return
    this.swarm.stalled(peer)
    this.#dirty = true
    // a real session would say so again
    this.#model.clock.after(5000, () => {
      if (this.links.get(peer)?.outstanding.delete(`${segment}/${block}`) !== true) return
      this.swarm.lost(peer, segment, block)
      this.#dirty = true
    })
  }

  refused (peer: PeerName, segment: number, block: number): void {
    if (this.links.get(peer)?.outstanding.delete(`${segment}/${block}`) !== true) return
    this.swarm.refused(peer, segment, block, 'busy')
    this.#dirty = true
  }

  /** One step of sending: upload shared by neighbours, head of each queue. */
  send (): void {
    const busy = [...this.#queues.values()].filter(queue => queue.length > 0)
    let budget = (this.options.up ?? 2_500_000) * STEP_MS / 1000
    for (let i = 0; i < busy.length; i++) {
      const queue = busy[i] as Flow[]
      let share = budget / (busy.length - i)
      while (share > 0 && queue.length > 0) {
        const flow = queue[0] as Flow
        const bytes = Math.min(share, flow.left)
        flow.left -= bytes
        share -= bytes
        budget -= bytes
        if (flow.left > 0) break
        queue.shift()
        this.#model.clock.after(DELAY_MS, () => { flow.to.receive(this.name, flow.segment, flow.block) })
      }
    }
    this.#fetch()
  }

  #fetch (): void {
    const origin = this.options.uses
    const now = this.#model.clock.now()
    if (origin === undefined) return
    const active = [...this.#fetches].filter(fetch => fetch.at <= now)
    if (origin.shared !== undefined) origin.shared.now += active.length
    for (const fetch of active) {
      if (origin.fails(now)) {
        this.#fetches.delete(fetch)
        this.#dirty = true
        this.swarm.originDone(fetch.segment, fetch.first, fetch.end, 'failed')
        continue
      }
      const before = Math.floor(fetch.sent / BLOCK_BYTES)
      fetch.sent += origin.rate * STEP_MS / 1000 / Math.max(active.length, origin.shared?.before ?? 0)
      const total = fetch.end - fetch.first
      for (let i = before; i < Math.min(total, Math.floor(fetch.sent / BLOCK_BYTES)); i++) {
        origin.served++
        this.#arrive(fetch.segment, fetch.first + i, 'origin')
      }
      if (fetch.sent < total * BLOCK_BYTES || !this.#fetches.delete(fetch)) continue
      this.#originRate = fetch.sent * 1000 / Math.max(STEP_MS, now - fetch.at)
      this.swarm.originDone(fetch.segment, fetch.first, fetch.end, undefined)
    }
  }

  receive (from: PeerName, segment: number, block: number): void {
    const link = this.links.get(from)
    const asked = link?.outstanding.get(`${segment}/${block}`)
    if (link === undefined || asked === undefined) {
      this.wasted += BLOCK_BYTES
      return
    }
    this.tally.set(from, (this.tally.get(from) ?? 0) + 1)
    link.outstanding.delete(`${segment}/${block}`)
    const now = this.#model.clock.now()
    // idle time is no slowness
    const rate = BLOCK_BYTES * 1000 / Math.max(STEP_MS, now - Math.max(link.at, asked + 2 * DELAY_MS))
    link.rate = link.rate === 0 ? rate : link.rate * 0.7 + Math.min(rate, 10_000_000) * 0.3
    link.at = now
    this.#arrive(segment, block, from)
  }

  #arrive (segment: number, block: number, from: PeerName | 'origin'): void {
    this.#dirty = true
    if (!this.have.add(segment, block, this.#model.content.blocks)) {
      this.wasted += BLOCK_BYTES
      this.swarm.delivered(segment, block, from)
      return
    }
    if (from === 'origin') this.fromOrigin++
    else this.fromPeers++
    const key = `${segment}/${block}`
    if (this.wanted.has(key)) this.arrived.set(key, this.#model.clock.now())
    this.swarm.delivered(segment, block, from)
    for (const { node } of this.links.values()) this.#model.clock.after(DELAY_MS, () => { node.hears(this.name, segment, block) })
  }

  hears (peer: PeerName, segment: number, block: number): void {
    const link = this.links.get(peer)
    if (link === undefined) return
    link.copy.add(segment, block, 0)
    const bits = new Uint8Array(1)
    bits[0] = 1 << (block % 8)
    this.swarm.peerHave(peer, [segment], { complete: [], partial: [{ segment, first: block - block % 8, bits }] })
    this.#dirty = true
  }

  #each (fn: (segment: number, block: number) => void): void {
    const { segments, blocks } = this.#model.content
    for (let segment = 0; segment < segments; segment++) for (let block = 0; block < blocks; block++) fn(segment, block)
  }
}

function place (key: string): [number, number] {
  const [segment, block] = key.split('/').map(Number)
  return [segment as number, block as number]
}
