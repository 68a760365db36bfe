import type { OpenSwarm } from '@shoal/engine'
import type { PeerHint } from '@shoal/interface'
import type { Host } from './host.js'
import { PUBLISHER, type Span } from './manifest.js'
import { nodeRandom, SimNode } from './node.js'
import { VirtualOrigin } from './origin.js'
import { Player } from './player.js'
import { randomFor } from './random.js'
import { VirtualStore } from './store.js'
import type { Audience } from './types.js'
import type { World } from './world.js'

/** What came out later after its beginning was waited for. */
const SETTLED_MS = 5_000

/** What is known of a viewer when it has left, or at the end. Times in ms. */
export interface Seen {
  readonly number: number
  readonly firstPeer: number | undefined
  readonly startup: number | undefined
  readonly stalls: number
  readonly watched: number
  readonly stalled: number
  readonly neighbours: number
  readonly completed: number | undefined
  readonly fromPeers: number
  readonly fromOrigin: number
  readonly delays: readonly number[]
}

/** Somebody who watches, or downloads: a node, and what it is for. */
export class Viewer {
  readonly number: number
  readonly host: Host
  readonly audience: Audience
  readonly #world: World
  /** When it was asked for something. */
  #began: number
  node: SimNode | undefined
  player: Player | undefined
  #span: Span | undefined
  #waiting: (() => void)[] = []
  #firstPeer: number | undefined
  #completed: number | undefined
  #passed = 0
  /** ms from when each live segment that it waited for was out. */
  readonly delays: number[] = []
  #over = false

  constructor (world: World, number: number, host: Host, audience: Audience) {
    this.#world = world
    this.number = number
    this.host = host
    this.audience = audience
    this.#began = world.net.clock.now()
  }

  get open (): OpenSwarm | undefined {
    return this.node?.open
  }

  get done (): boolean {
    return this.#completed !== undefined
  }

  async begin (): Promise<void> {
    const world = this.#world
    const { net, scenario, material, server } = world
    const { audience: { capacity = 2, rate = Infinity }, host } = this
    const origin = server === undefined ? undefined : new VirtualOrigin(server, host, net, material)
    const hints: PeerHint[] = [{ peer: PUBLISHER, addrs: [] }]
    this.node = await SimNode.start(world, {
      host,
      random: randomFor(scenario.seed, nodeRandom(host.index)),
      capacity,
      overlay: scenario.overlay,
      mode: scenario.mode ?? (origin === undefined ? 'p2p' : 'hybrid'),
      origin,
      rate: rate / world.scale,
      hints,
      neighbours: scenario.neighbours,
      head: scenario.mode === 'origin' ? world.head : undefined,
      store: new VirtualStore(digest => material.blockOf(digest)),
      moved: span => { this.moved(span) },
      served: () => { this.#firstPeer = net.clock.now() - this.#began }
    })
    if (this.#over) return await this.node.end(false)
    if (scenario.content.kind === 'file') void this.#download()
    else this.#watch(origin)
  }

  /** The window is known, or has moved. */
  moved (span: Span): void {
    this.#span = span
    this.poke()
  }

  /** Something may be there now. */
  poke (): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const go of waiting) go()
  }

  async leave (vanish: boolean): Promise<void> {
    this.#over = true
    this.player?.stop()
    this.poke()
    await this.node?.end(vanish)
  }

  get seen (): Seen {
    const now = this.#world.net.clock.now()
    const { ms = 0, stalled = 0 } = this.player?.watched(now) ?? {}
    const stats = this.node?.open.stats
    return {
      number: this.number,
      firstPeer: this.#firstPeer,
      startup: this.player?.startup,
      stalls: this.player?.stalls ?? 0,
      watched: ms,
      stalled,
      neighbours: this.node?.exchange.sessions.size ?? 0,
      completed: this.#completed,
      fromPeers: stats?.fromPeers ?? 0,
      fromOrigin: (stats?.fromOrigin ?? 0) + this.#passed,
      delays: this.delays
    }
  }

  async #download (): Promise<void> {
    const { net: { clock }, scenario: { content } } = this.#world
    const settle = content.kind === 'file' ? content.settle ?? 0 : 0
    try {
      if (settle > 0) await new Promise<void>(resolve => { clock.after(1000 * settle, resolve) })
      this.#began = clock.now()
      await this.node?.open.complete(undefined, {})
      this.#completed = clock.now() - this.#began
    } catch {
      // it left, or nobody had it
    }
  }

  #watch (origin: VirtualOrigin | undefined): void {
    const { net: { clock }, scenario: { content }, material } = this.#world
    const { node } = this
    if (content.kind === 'file' || node === undefined) return
    const live = content.kind === 'live'
    const newest = (): number => (this.#span?.end ?? this.#world.published) - 1
    const behind = live ? content.behind ?? 3 : 0
    this.player = new Player({
      clock,
      open: node.open,
      origin,
      duration: 1000 * content.segmentSeconds,
      end: material.pieces.length,
      ahead: 1000 * (live ? behind * content.segmentSeconds : content.ahead ?? 30),
      pieces: material.pieces,
      first: () => !live ? 0 : newest() < 0 ? undefined : Math.max(this.#span?.first ?? 0, newest() - behind + 1),
      newest,
      changed: () => new Promise(resolve => { this.#waiting.push(resolve) }),
      begins: index => { if (origin !== undefined) origin.first = index },
      came: index => {
        const at = this.#world.publishedAt.get(index)
        if (at !== undefined && at > this.#began + SETTLED_MS) this.delays.push(clock.now() - at)
      },
      passed: bytes => { this.#passed += bytes }
    })
    void this.player.play()
  }
}
