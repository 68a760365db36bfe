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
  #begun = false

  constructor (part: Part, built: BuiltManifest, net: VirtualNet) {
    this.part = part
    this.#built = built
    this.#net = net
  }

  /** Asked at every step of the clock. */
  look (): void {
    const now = this.#net.clock.now()
    if (this.done !== undefined || now < (this.part.late ?? 0)) return
    if (!this.#begun) void this.#begin()
    this.#begun = true
    if (this.first === undefined && (this.#open?.stats.fromPeers ?? 0) > 0) this.first = now
  }

  async #begin (): Promise<void> {
    const { name, rate = RATE } = this.part
    const node = this.node = await testNode(this.#net, name, { upload: { rate } })
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
