import { ManualClock, seededRandom } from '@shoal/base'
import type { HaveMap, PeerName } from '@shoal/interface'
import { State } from '../src/state.js'
import { SwarmMachine } from '../src/swarm.js'
import type { SwarmAction, SwarmComponents } from '../src/types.js'
import { testHaves } from './haves.js'
import { BLOCK_BYTES } from './model.js'

export const SEGMENTS = 5
export const BLOCKS = 20

interface Known {
  readonly have: HaveMap
  readonly rate: number
  /** Blocks asked of it, in order. */
  readonly asked: Set<number>
  choked: boolean
  stalledAt: number | undefined
  /** Not to be asked before. */
  pausedUntil: number
}

/** Drives a swarm by hand, and throws when an action breaks a rule that holds whatever happened. A block is segment * BLOCKS + block. */
export class Driver {
  readonly clock = new ManualClock()
  readonly have = testHaves(() => BLOCKS)
  readonly peers = new Map<PeerName, Known>()
  readonly wants = new Map<number, number[]>()
  readonly jobs: { segment: number, first: number, end: number }[] = []
  readonly state: State
  /** Requests that were refused since the last decision, which may have been about to be cancelled. */
  readonly #ended = new Set<string>()
  readonly swarm: SwarmMachine
  /** Blocks delivered; requests for a block that another peer was asked for already. */
  delivered = 0
  doubled = 0
  wakeAt: number | undefined

  constructor (seed: number, mode: 'hybrid' | 'p2p') {
    const parts: SwarmComponents = {
      clock: this.clock, random: seededRandom(seed), have: this.have, size: () => BLOCK_BYTES, blocks: () => BLOCKS,
      link: name => {
        const { asked, rate } = this.#peer(name)
        return { window: 3 * BLOCK_BYTES, outstanding: asked.size * BLOCK_BYTES, rate, rtt: 50 }
      },
      origin: () => mode === 'p2p' ? undefined : { rate: 1_000_000, ttfb: 100, downUntil: 0 },
      swarmSize: () => this.peers.size + 1,
      known: () => [], expecting: () => 0
    }
    const init = { self: 'self', mode, swarm: `swarm ${seed}` }
    this.state = new State(init, parts)
    this.swarm = new SwarmMachine(init, parts, this.state)
  }

  #peer (name: PeerName): Known {
    const peer = this.peers.get(name)
    if (peer === undefined) throw new Error(`${name} is not here`)
    return peer
  }

  wanted (key: number): boolean {
    return [...this.wants.values()].some(keys => keys.includes(key))
  }

  want (segment: number, first: number, end: number, deadline: number | undefined): void {
    const id = this.swarm.want({ segment, first, end, deadline })
    this.wants.set(id, Array.from({ length: end - first }, (_, i) => segment * BLOCKS + first + i))
  }

  unwant (id: number): void {
    this.wants.delete(id)
    this.swarm.unwant(id)
  }

  join (name: PeerName, rate: number, full: boolean): void {
    this.leave(name)
    const have = testHaves(() => BLOCKS, full)
    this.peers.set(name, { have, rate, asked: new Set(), choked: false, stalledAt: undefined, pausedUntil: 0 })
    this.swarm.peerJoined(name, have)
  }

  leave (name: PeerName): void {
    if (this.peers.delete(name)) this.swarm.peerLeft(name)
  }

  gains (name: PeerName, key: number): void {
    this.#peer(name).have.add(Math.floor(key / BLOCKS), key % BLOCKS, BLOCKS)
    this.swarm.peerHave(name, [Math.floor(key / BLOCKS)])
  }

  choke (name: PeerName, choked: boolean): void {
    const peer = this.#peer(name)
    peer.choked = choked
    if (!choked) peer.pausedUntil = 0
    this.swarm.peerChoked(name, choked)
  }

  stall (name: PeerName): void {
    const peer = this.#peer(name)
    if (peer.asked.size === 0) return
    peer.stalledAt = this.clock.now()
    this.swarm.stalled(name)
  }

  deliver (name: PeerName): void {
    const peer = this.#peer(name)
    const [key] = peer.asked
    if (key === undefined) return
    peer.asked.delete(key)
    peer.stalledAt = undefined
    peer.pausedUntil = 0
    this.#arrive(key, name)
  }

  refuse (name: PeerName, reason: 'busy' | 'not-found' | 'lost'): void {
    const peer = this.#peer(name)
    const [key] = peer.asked
    if (key === undefined) return
    peer.asked.delete(key)
    this.#ended.add(`${name} ${key}`)
    if (reason === 'lost') this.swarm.lost(name, Math.floor(key / BLOCKS), key % BLOCKS)
    else this.swarm.refused(name, Math.floor(key / BLOCKS), key % BLOCKS, reason)
    if (reason === 'busy') peer.pausedUntil = Math.max(peer.pausedUntil, this.clock.now() + 250)
  }

  /** The origin's oldest request goes on by a block, ends, or fails. */
  origin (fails: boolean): void {
    const [job] = this.jobs
    if (job === undefined) return
    const { segment, first, end } = job
    const next = Array.from({ length: end - first }, (_, i) => first + i).find(block => !this.have.has(segment, block))
    if (!fails && next !== undefined) this.#arrive(segment * BLOCKS + next, 'origin')
    else {
      this.jobs.shift()
      this.swarm.originDone(segment, first, end, fails ? 'failed' : undefined)
    }
  }

  #arrive (key: number, from: string): void {
    this.delivered++
    this.have.add(Math.floor(key / BLOCKS), key % BLOCKS, BLOCKS)
    this.swarm.delivered(Math.floor(key / BLOCKS), key % BLOCKS, from)
  }

  decide (): void {
    const { actions, wakeAt } = this.swarm.decide()
    this.wakeAt = wakeAt
    for (const action of actions) this.#act(action)
    this.#ended.clear()
  }

  #act (action: SwarmAction): void {
    if (action.type === 'request' || action.type === 'cancel') {
      const peer = this.#peer(action.peer)
      for (const block of action.blocks) {
        const key = action.segment * BLOCKS + block
        if (action.type === 'request') this.#request(peer, action.peer, key)
        else if (!peer.asked.delete(key) && !this.#ended.has(`${action.peer} ${key}`)) throw new Error(`cancelled ${key}, which ${action.peer} was not asked for`)
      }
    } else if (action.type === 'origin') {
      this.jobs.push({ segment: action.segment, first: action.first, end: action.end })
    } else if (action.type === 'cancel-origin') {
      const at = this.jobs.findIndex(job => job.segment === action.segment && job.first === action.first && job.end === action.end)
      // it may have ended since
      if (at >= 0) this.jobs.splice(at, 1)
    }
  }

  #request (peer: Known, name: PeerName, key: number): void {
    const now = this.clock.now()
    if (peer.asked.has(key)) throw new Error(`asked ${name} twice for ${key}`)
    if (this.have.has(Math.floor(key / BLOCKS), key % BLOCKS)) throw new Error(`asked for ${key}, which is here`)
    if (!this.wanted(key)) throw new Error(`asked for ${key}, which nobody wants`)
    if (!peer.have.has(Math.floor(key / BLOCKS), key % BLOCKS)) throw new Error(`asked ${name} for ${key}, which it lacks`)
    if (peer.choked) throw new Error(`asked ${name}, which chokes us`)
    if (peer.pausedUntil > now) throw new Error(`asked ${name}, which is busy`)
    if (peer.stalledAt !== undefined && (now - peer.stalledAt < 2000 || peer.asked.size > 0)) throw new Error(`asked ${name}, which stalls`)
    for (const other of this.peers.values()) if (other.asked.has(key)) this.doubled++
    peer.asked.add(key)
  }

  /** Blocks that are wanted and not here. */
  get missing (): number[] {
    return [...new Set([...this.wants.values()].flat())].filter(key => !this.have.has(Math.floor(key / BLOCKS), key % BLOCKS))
  }
}
