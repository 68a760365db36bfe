import { quantilesOf, round } from './quantiles.js'
import type { Point, Report } from './types.js'
import type { Seen, Viewer } from './viewer.js'
import type { World } from './world.js'

interface Sums {
  readonly at: number
  readonly fromPeers: number
  readonly fromOrigin: number
  readonly announced: number
  readonly control: number
  readonly peerMs: number
  readonly watched: number
  readonly stalled: number
}

/** Counts while a world runs, and says at the end what came of it. Whatever was scaled is reported at full size. */
export class Tally {
  readonly #world: World
  readonly #viewers: ReadonlySet<Viewer>
  readonly #gone: Seen[] = []
  readonly #series: Point[] = []
  #goneWatched = 0
  #goneStalled = 0
  #peerMs = 0
  #countedAt = 0
  #last: Sums
  #atWarm: Sums | undefined
  #givenAtWarm = 0
  /** Bytes that peers could have given where as much was asked for. */
  #giveable = 0
  sessions = 0
  peak = 0

  constructor (world: World, viewers: ReadonlySet<Viewer>) {
    this.#world = world
    this.#viewers = viewers
    this.#last = this.#sums()
  }

  /** Before a viewer comes or goes. */
  count (): void {
    const now = this.#world.net.clock.now()
    this.#peerMs += (now - this.#countedAt) * this.#viewers.size
    this.#countedAt = now
    this.peak = Math.max(this.peak, this.#viewers.size)
  }

  left (viewer: Viewer): void {
    const { seen } = viewer
    this.#gone.push(seen)
    this.#goneWatched += seen.watched
    this.#goneStalled += seen.stalled
  }

  warm (): void {
    this.count()
    this.#atWarm = this.#sums()
    this.#givenAtWarm = this.#given()
  }

  /** Segments of which the origin gave something. */
  #given (): number {
    return [...this.#world.server?.given ?? []].filter(bytes => bytes > 0).length
  }

  sample (): void {
    this.count()
    const [before, now] = [this.#last, this.#sums()]
    this.#last = now
    const seconds = (now.at - before.at) / 1000
    const peerSeconds = (now.peerMs - before.peerMs) / 1000
    const [peers, origin] = [now.fromPeers - before.fromPeers, now.fromOrigin - before.fromOrigin]
    this.#giveable += this.#couldGive(seconds, peers + origin)
    this.#series.push({
      at: round(now.at / 1000),
      viewers: this.#viewers.size,
      fromPeersBps: round(peers / seconds),
      fromOriginBps: round(origin / seconds),
      offload: round(ratio(peers, peers + origin)),
      announceBpsPerPeer: round(ratio(now.announced - before.announced, peerSeconds)),
      controlBpsPerPeer: round(ratio(now.control - before.control, peerSeconds)),
      stallRatio: round(ratio(now.stalled - before.stalled, now.watched - before.watched))
    })
  }

  /** Of so many bytes in so many seconds, what the uplinks of those who are there could give. */
  #couldGive (seconds: number, bytes: number): number {
    let supply = 0
    for (const { host: { up }, audience: { rate = Infinity } } of this.#viewers) {
      supply += Math.min(up.capacity * 1000 * this.#world.scale, rate)
    }
    return Math.min(supply * seconds, bytes)
  }

  report (): Report {
    this.count()
    const { scenario, net: { clock, traffic }, material, publisher, scale } = this.#world
    const end = this.#sums()
    const warm = this.#atWarm ?? NOTHING
    const peerSeconds = (end.peerMs - warm.peerMs) / 1000
    const delivered = end.fromPeers - warm.fromPeers + end.fromOrigin - warm.fromOrigin
    const all = [...this.#gone, ...[...this.#viewers].map(({ seen }) => seen)].sort((a, b) => a.number - b.number)
    const total = end.fromPeers + end.fromOrigin
    // since the last sample
    const rest = this.#couldGive((end.at - this.#last.at) / 1000, total - this.#last.fromPeers - this.#last.fromOrigin)
    const once = (this.#given() - this.#givenAtWarm) * (material.pieces[0]?.segment.size ?? 0) * scale
    const known = (values: readonly (number | undefined)[]): number[] => values.flatMap(value => value === undefined ? [] : [value / 1000])
    const file = scenario.content.kind === 'file'
    return {
      scenario: scenario.name,
      seed: scenario.seed,
      seconds: round(clock.now() / 1000),
      sessions: this.sessions,
      peak: this.peak,
      events: clock.events,
      fromPeers: round(end.fromPeers),
      fromOrigin: round(end.fromOrigin),
      afar: round(ratio(traffic.fromAfar, traffic.fromPeers)),
      wasted: round(traffic.wasted * scale),
      offload: round(ratio(end.fromPeers - warm.fromPeers, delivered)),
      offloadCeiling: round(Math.max(0, Math.min(1 - ratio(once, delivered), ratio(this.#giveable + rest, total)))),
      ...this.#copies(),
      announceBpsPerPeer: round(ratio(end.announced - warm.announced, peerSeconds)),
      announceShare: round(ratio(end.announced - warm.announced, delivered)),
      controlBpsPerPeer: round(ratio(end.control - warm.control, peerSeconds)),
      announcements: this.#world.announcements,
      firstPeer: quantilesOf(known(all.map(({ firstPeer }) => firstPeer))),
      startup: quantilesOf(known(all.map(({ startup }) => startup))),
      delay: quantilesOf(known(all.flatMap(({ delays }) => delays))),
      stalls: all.reduce((sum, { stalls }) => sum + stalls, 0),
      stallRatio: round(ratio(end.stalled, end.watched)),
      neighbours: quantilesOf([...this.#viewers].map(({ seen }) => seen.neighbours)),
      completed: file ? all.map(({ completed }) => completed === undefined ? null : round(completed / 1000)) : [],
      firstBlock: file ? all.map(({ firstPeer }) => firstPeer === undefined ? null : round(firstPeer / 1000)) : [],
      publisherCopies: round(ratio((publisher?.host.up.carried ?? 0), material.bytes)),
      reported: Object.fromEntries([...this.#world.events].sort(([a], [b]) => a < b ? -1 : 1)),
      series: this.#series
    }
  }

  /** Of live segments that came out after the warm-up and have had their time, of a film's all that anybody got. */
  #copies (): Pick<Report, 'originCopies' | 'originCounted' | 'originFloor'> {
    const { scenario: { content, warmUp = 0 }, server, material, published } = this.#world
    if (server === undefined || content.kind === 'file') return { originCopies: quantilesOf([]), originCounted: 0, originFloor: 0 }
    const size = (material.pieces[0]?.segment.size ?? 1)
    const window = content.kind === 'live' ? content.window ?? 10 : 0
    const from = content.kind === 'live' ? window + Math.ceil(warmUp / content.segmentSeconds) : 0
    const to = content.kind === 'live' ? Math.max(from, Math.floor(published - window / 2)) : material.pieces.length
    const counted = [...server.given.keys()].slice(from, to).filter(index => content.kind === 'live' || server.given[index] !== 0)
    const of = (bytes: Float64Array): number[] => counted.map(index => (bytes[index] as number) / size)
    const least = of(server.firsts).map(first => Math.max(1, first))
    return { originCopies: quantilesOf(of(server.given)), originCounted: counted.length, originFloor: quantilesOf(least).mean }
  }

  #sums (): Sums {
    const { net: { clock, traffic }, scale } = this.#world
    const now = clock.now()
    let [watched, stalled] = [this.#goneWatched, this.#goneStalled]
    for (const { player } of this.#viewers) {
      const of = player?.watched(now)
      watched += of?.ms ?? 0
      stalled += of?.stalled ?? 0
    }
    return {
      at: now,
      fromPeers: traffic.fromPeers * scale,
      fromOrigin: traffic.fromOrigin * scale,
      announced: traffic.announced,
      control: traffic.control,
      peerMs: this.#peerMs,
      watched,
      stalled
    }
  }
}

const NOTHING: Sums = { at: 0, fromPeers: 0, fromOrigin: 0, announced: 0, control: 0, peerMs: 0, watched: 0, stalled: 0 }

function ratio (of: number, all: number): number {
  return all > 0 ? of / all : 0
}
