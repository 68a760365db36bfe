import type { PeerName } from '@shoal/interface'
import type { Random } from '@shoal/base'
import { VirtualClock } from './clock.js'
import { EvenLink } from './even-link.js'
import type { Gossip, Overlay } from './gossip.js'
import { Host } from './host.js'
import { makeMaterial, type Material } from './material.js'
import { PUBLISHER, type Span } from './manifest.js'
import { Traffic, type Network } from './network.js'
import { SimNode, type Ground } from './node.js'
import type { OriginServer } from './origin.js'
import { pick, randomFor } from './random.js'
import { ENVELOPE_BYTES, headOf } from './source.js'
import { VirtualStore } from './store.js'
import type { Audience, Nat, Scenario } from './types.js'

const BLOCK_BYTES = 262_144
const DEFAULT_LATENCIES = [[20]]
/** Bits per second to bytes per ms. */
const PER_MS = 1 / 8_000
/** Draws of the network itself, of who comes, and of what they are. */
const NET_RANDOM = 1
const HOST_RANDOM = 2
const OVERLAY_RANDOM = 3

/** Everything of one simulation that is there once: time, network, content, publisher, origin, and what was counted. */
export class World implements Ground {
  readonly scenario: Scenario
  readonly material: Material
  /** What all rates and sizes are divided by. */
  readonly scale: number
  readonly net: Network
  readonly overlay: Overlay
  readonly gossips = new Map<PeerName, Gossip>()
  readonly server: OriginServer | undefined
  readonly #hostRandom: Random
  readonly #free: number[] = []
  #hosts = 0
  #names = 0
  publisher: SimNode | undefined
  /** Live segments that are out. */
  published = 0
  announcements = 0
  /** What engines reported, by name. */
  readonly events = new Map<string, number>()

  private constructor (scenario: Scenario, material: Material, scale: number) {
    const { seed, latencies = DEFAULT_LATENCIES, loss = 0, tick = 1, origin, viewers } = scenario
    const clock = new VirtualClock(tick)
    this.scenario = scenario
    this.material = material
    this.scale = scale
    this.#hostRandom = randomFor(seed, HOST_RANDOM)
    const traffic = new Traffic()
    this.net = {
      clock,
      latencies,
      loss,
      exchanges: new Map(),
      providers: new Map(),
      random: randomFor(seed, NET_RANDOM),
      traffic,
      blockOf: ({ segment, block }) => material.pieces[segment]?.blocks[block],
      linked: ({ home, peer }) => {
        const [mine, theirs] = [this.gossips.get(home.host.name), this.gossips.get(peer)]
        if (mine === undefined || theirs === undefined) return
        mine.linked(theirs)
        theirs.linked(mine)
      },
      unlinked: ({ home, peer }) => {
        const [mine, theirs] = [this.gossips.get(home.host.name), this.gossips.get(peer)]
        if (mine === undefined || theirs === undefined) return
        mine.unlinked(theirs)
        theirs.unlinked(mine)
      }
    }
    this.overlay = {
      net: this.net,
      random: randomFor(seed, OVERLAY_RANDOM),
      hosts: 4 * viewers + 16,
      count: (topic, bytes, messages) => {
        if (topic.includes('/head/')) {
          traffic.heads += bytes
          return
        }
        traffic.announced += bytes
        this.announcements += messages
      }
    }
    if (origin === undefined) return
    const { capacity = 1e12, perConnection = 1e8, answer = 30, roundTrip = 10 } = origin
    this.server = {
      link: new EvenLink(capacity * PER_MS / scale, perConnection * PER_MS / scale, clock),
      perConnection: perConnection * PER_MS / scale,
      answer,
      oneWay: roundTrip / 2,
      given: new Float64Array(material.pieces.length),
      firsts: new Float64Array(material.pieces.length)
    }
  }

  static async make (scenario: Scenario): Promise<World> {
    const { content, seconds, seed, grain = 'block' } = scenario
    if (content.kind === 'file') return new World(scenario, await makeMaterial(1, content.bytes, undefined, seed), 1)
    const bytes = Math.round(content.bitrate * content.segmentSeconds / 8)
    const scale = grain === 'segment' ? bytes / BLOCK_BYTES : 1
    const segments = content.kind === 'live'
      ? windowOf(scenario) + Math.ceil(seconds / content.segmentSeconds)
      : Math.ceil(content.seconds / content.segmentSeconds)
    return new World(scenario, await makeMaterial(segments, Math.round(bytes / scale), content.segmentSeconds, seed), scale)
  }

  get live (): boolean {
    return this.scenario.content.kind === 'live'
  }

  /** The head as it is now. */
  get head (): Uint8Array {
    return headOf(this.span, this.live ? undefined : ENVELOPE_BYTES)
  }

  get span (): Span {
    const { content } = this.scenario
    if (content.kind !== 'live') return { first: 0, end: this.material.pieces.length }
    return { first: Math.max(0, this.published - windowOf(this.scenario)), end: this.published }
  }

  /** A viewer's machine, and which audience it belongs to. */
  host (audience: Audience): Host {
    const random = this.#hostRandom
    const { latencies } = this.net
    const { payload = 0.95, connections = 100 } = this.scenario
    const [least, most] = audience.access ?? [2, 15]
    const index = this.#free.pop() ?? this.#hosts++
    return new Host({
      name: `v${this.#names++}`,
      index,
      region: Math.floor(random() * latencies.length),
      access: least + random() * (most - least),
      nat: pick(Object.entries(audience.nat) as [Nat, number][], random),
      up: audience.up * payload * PER_MS / this.scale,
      down: audience.down * payload * PER_MS / this.scale,
      connections
    }, this.net.clock)
  }

  audience (number: number): Audience {
    const { audience, content } = this.scenario
    // of a file's swarm who is what is settled, so that runs can be compared
    if (content.kind === 'file') {
      let before = 0
      for (const each of audience) {
        before += each.share * this.scenario.viewers
        if (number < Math.round(before)) return each
      }
    }
    return pick(audience.map(each => [each, each.share] as const), this.#hostRandom)
  }

  /** Its index may be another's. */
  release (host: Host): void {
    this.#free.push(host.index)
  }

  event (_peer: PeerName, name: string, _detail: unknown): void {
    this.events.set(name, (this.events.get(name) ?? 0) + 1)
  }

  /** The publisher begins: a live stream with a whole window. */
  async publish (): Promise<void> {
    const { scenario, net, material, scale } = this
    const { content, publisher: { up, seeds, rate = Infinity, connections = 300 }, payload = 0.95 } = scenario
    if (content.kind === 'live') this.published = windowOf(scenario)
    const store = new VirtualStore(digest => material.blockOf(digest))
    const add = (first: number, end: number): void => {
      if (seeds) for (const piece of material.pieces.slice(first, end)) for (const block of piece.blocks) void store.put(block)
    }
    add(this.span.first, this.span.end)
    const host = new Host({
      name: PUBLISHER, index: this.#hosts++, region: 0, access: 1, nat: 'open', connections,
      up: up * payload * PER_MS / scale, down: 1e9 * PER_MS
    }, net.clock)
    this.publisher = await SimNode.start(this, {
      host,
      random: randomFor(scenario.seed, 0),
      capacity: seeds ? 3 : 0,
      mode: 'p2p',
      origin: undefined,
      rate: rate / scale,
      hints: [],
      neighbours: undefined,
      head: this.head,
      store,
      moved: () => {},
      served: () => {}
    })
    if (content.kind !== 'live') return
    const period = 1000 * content.segmentSeconds
    const next = (): void => {
      if (this.published >= material.pieces.length) return
      add(this.published, ++this.published)
      void this.publisher?.open.update(this.head)
      this.publishedAt.set(this.published - 1, net.clock.now())
      this.onpublished?.()
      net.clock.after(period, next)
    }
    net.clock.after(period, next)
  }

  /** When live segments came out, ms, by index. */
  readonly publishedAt = new Map<number, number>()
  /** Another live segment is out. */
  onpublished: (() => void) | undefined
}

function windowOf ({ content }: Scenario): number {
  return content.kind === 'live' ? content.window ?? 10 : 0
}
