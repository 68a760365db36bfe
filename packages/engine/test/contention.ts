import { ManualClock } from '@shoal/base'
import type { BuiltManifest } from '@shoal/content/publishing'
import type { OpenSwarm } from '../src/index.js'
import { randomBytes } from './bytes.js'
import { elapse, testContent, testNode, type TestNode } from './node.js'
import { VirtualNet } from './virtual-net.js'

export const BLOCK = 262_144
/** Upload of everybody who gives, bytes per second. */
export const RATE = 8 * BLOCK

/** What somebody does in a swarm behind narrow uplinks. */
export interface Part {
  readonly name: string
  /** Bytes per second that it gives; 0: a free rider. */
  readonly rate?: number
  /** Virtual ms after the others. */
  readonly late?: number
  /** It serves nobody but peers whose name begins so. */
  readonly friends?: string
  /** It comes again under a new name, with what it has, every so many virtual ms. */
  readonly renew?: number
}

export interface Outcome {
  /** Virtual seconds from its start until it had everything, by name. */
  readonly seconds: Readonly<Record<string, number>>
  /** The same until it had its first block. */
  readonly first: Readonly<Record<string, number>>
}

/**
 * One seeder and these peers, all on one virtual network where only uploads take time. Whoever is complete goes on giving.
 *
 * @param rate of the seeder, bytes per second
 */
export async function contend (parts: readonly Part[], { blocks = 128, rate = RATE, limit = 900 } = {}): Promise<Outcome> {
  const clock = new ManualClock(1e12)
  const net = new VirtualNet(clock)
  const seed = await testNode(net, 'seed', { upload: { rate } })
  const built = await testContent({ 'film.bin': randomBytes(BLOCK * blocks) }, seed.store)
  await (await seed.open(built, { publish: true })).scan()
  const players = parts.map(part => new Player(part, built, net))
  await elapse(clock, limit * 1000, () => {
    for (const player of players) player.look()
    return players.every(({ done }) => done !== undefined)
  })
  for (const node of [seed, ...players.map(({ node }) => node)]) await node?.engine.stop()
  const times = (of: (player: Player) => number | undefined): Record<string, number> =>
    Object.fromEntries(players.map(player => [player.part.name, ((of(player) ?? Infinity) - (player.part.late ?? 0)) / 1000]))
  return {
    seconds: times(({ done }) => done),
    first: times(({ first }) => first)
  }
}

class Player {
  readonly part: Part
  node: TestNode | undefined
  first: number | undefined
  done: number | undefined
  readonly #built: BuiltManifest
  readonly #net: VirtualNet
  #open: OpenSwarm | undefined
  #names = 0
  #begunAt = -Infinity

  constructor (part: Part, built: BuiltManifest, net: VirtualNet) {
    this.part = part
    this.#built = built
    this.#net = net
  }

  /** Asked at every step of the clock. */
  look (): void {
    const now = this.#net.clock.now()
    const { late = 0, renew = Infinity } = this.part
    if (this.done !== undefined || now < late) return
    if (this.#names === 0 || now - this.#begunAt >= renew) {
      this.#begunAt = now
      void this.#begin()
    }
    if (this.first === undefined && (this.#open?.stats.fromPeers ?? 0) > 0) this.first = now
  }

  async #begin (): Promise<void> {
    const { name, rate = RATE, friends } = this.part
    const before = this.node
    await before?.engine.stop()
    const as = this.#names++ === 0 ? name : `${name}, again ${this.#names}`
    const node = this.node = await testNode(this.#net, as, { upload: { rate }, ...before !== undefined && { store: before.store } })
    const exchange = this.#net.exchanges.get(as)
    const serve = exchange?.serve
    if (friends !== undefined && exchange !== undefined && serve !== undefined) {
      exchange.serve = { ...serve, choked: (session, ...rest) => !session.peer.startsWith(friends) || serve.choked(session, ...rest) }
    }
    const open = this.#open = await node.open(this.#built)
    await open.complete(undefined, {}).then(() => { this.done = this.#net.clock.now() }, () => {})
  }
}

export function median (values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
}

/** The times of those whose name begins so. */
export function of (times: Readonly<Record<string, number>>, prefix: string): number[] {
  return Object.entries(times).filter(([name]) => name.startsWith(prefix)).map(([, seconds]) => seconds)
}

export function crowd (name: string, count: number, more: Omit<Part, 'name'> = {}): Part[] {
  return Array.from({ length: count }, (_, i) => ({ name: `${name} ${i}`, ...more }))
}
