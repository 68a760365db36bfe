import type { CapacityClass, Mode, Overlay } from '@shoal/interface'

/**
 * What stands between a host and the others: `open` can be dialled by strangers; `cone` maps a port the same way for all, so that two of
 * these find to each other through a relay; `symmetric` maps it anew for each.
 */
export type Nat = 'open' | 'cone' | 'symmetric'

/** Viewers of one kind. */
export interface Audience {
  readonly name: string
  /** Share of all viewers; all together 1. */
  readonly share: number
  /** Links, bits per second. */
  readonly up: number
  readonly down: number
  /** Chances of each kind of NAT; all together 1. */
  readonly nat: Readonly<Record<Nat, number>>
  /** What it says of itself. @default 2 */
  readonly capacity?: CapacityClass | undefined
  /** What its user lets it give, bytes per second; 0: nothing. @default all that the link takes */
  readonly rate?: number | undefined
  /** ms to the backbone, one way: uniform between the two. @default [2, 15] */
  readonly access?: readonly [number, number] | undefined
}

/** Segments that come one after the other, each there for a while. */
export interface LiveContent {
  readonly kind: 'live'
  /** Bits per second. */
  readonly bitrate: number
  readonly segmentSeconds: number
  /** Segments in the window. @default 10 */
  readonly window?: number | undefined
  /** Segments behind the newest at which a viewer begins. @default 3, as RFC 8216 §6.3.3 asks for */
  readonly behind?: number | undefined
}

/** A film: all of it is there, viewers begin at the beginning. */
export interface FilmContent {
  readonly kind: 'vod'
  readonly bitrate: number
  readonly segmentSeconds: number
  readonly seconds: number
  /** Seconds that a player keeps ahead. @default 30 */
  readonly ahead?: number | undefined
}

/** A file that everybody downloads as a whole. Whoever has it goes on giving. */
export interface FileContent {
  readonly kind: 'file'
  readonly bytes: number
  /** Seconds that peers have it open, and look for each other, before they begin. @default 0 */
  readonly settle?: number | undefined
}

/**
 * When viewers come. `none`: all at the beginning. `constant`: evenly over the first seconds. `flash`: more and more, then fewer, as a bell
 * over the first seconds. `diurnal`: a day's curve, squeezed into the simulated time, from a third of the peak to the peak and back.
 */
export type Arrivals =
  | { readonly kind: 'none' }
  | { readonly kind: 'constant' | 'flash', readonly seconds: number }
  | { readonly kind: 'diurnal' }

/** How long viewers stay. */
export type Stay =
  | { readonly kind: 'forever' }
  | { readonly kind: 'weibull', readonly shape: number, readonly scaleSeconds: number }
  | { readonly kind: 'lognormal', readonly mu: number, readonly sigma: number }

export interface Scenario {
  /** The same scenario with the same seed gives the same report. */
  readonly seed: number
  readonly name: string
  readonly content: LiveContent | FilmContent | FileContent
  /** At the same time; whoever leaves is replaced, unless `replace` is false. */
  readonly viewers: number
  /** Simulated seconds. A file's ends as soon as all have it. */
  readonly seconds: number
  readonly arrivals: Arrivals
  readonly stay: Stay
  /** @default true */
  readonly replace?: boolean | undefined
  /** Of those who leave, the share that vanishes without a word. @default 0.2 */
  readonly vanish?: number | undefined
  readonly audience: readonly Audience[]
  /** Round trips between regions in ms; viewers are spread over them evenly. @default one region of 20 ms */
  readonly latencies?: readonly (readonly number[])[] | undefined
  /** Viewers say in which region they are. @default false */
  readonly hints?: boolean | undefined
  /** Share of packets lost: bounds a connection's rate by TCP's response function. @default 0 */
  readonly loss?: number | undefined
  /** `undefined`: there is none. */
  readonly origin?: OriginScenario | undefined
  /** The node that publishes. Where there is an origin it gives manifests and heads only, unless `seeds`. */
  readonly publisher: PublisherScenario
  /** @default hybrid with an origin, else p2p */
  readonly mode?: Exclude<Mode, 'auto'> | undefined
  /** How new blocks go through the swarm. @default 'auto' */
  readonly overlay?: Overlay | undefined
  /** Share of a link that payload gets: the rest is headers and acknowledgements. @default 0.95 */
  readonly payload?: number | undefined
  /** Sessions that a viewer takes. @default 100, as a browser's node */
  readonly connections?: number | undefined
  /** Neighbours that a viewer looks for. @default the engine's */
  readonly neighbours?: number | undefined
  /**
   * `block`: blocks of 256 KiB, as they are. `segment`: coarse; each segment is one block, and all rates and sizes are divided by what that
   * takes, so that a segment comes from one source at a time. @default block
   */
  readonly grain?: 'block' | 'segment' | undefined
  /** ms: the least time that anything takes. @default 1 */
  readonly tick?: number | undefined
  /** Seconds between two points of the series. @default 10 */
  readonly sample?: number | undefined
  /** Seconds at the beginning that the steady figures leave out. @default 0 */
  readonly warmUp?: number | undefined
}

export interface PublisherScenario {
  /** Bits per second. */
  readonly up: number
  readonly seeds: boolean
  /** What it gives, bytes per second. @default all that the link takes */
  readonly rate?: number | undefined
  /** Sessions that it takes. @default 300 */
  readonly connections?: number | undefined
}

export interface OriginScenario {
  /** Bits per second in all, and of one connection. @default 1e12 and 1e8 */
  readonly capacity?: number | undefined
  readonly perConnection?: number | undefined
  /** ms from request to answer, and there and back to its edge, on top of the viewer's access. @default 30 and 10 */
  readonly answer?: number | undefined
  readonly roundTrip?: number | undefined
}

/** A point of the series: sums over the stretch that ends there, rates in bytes per second. */
export interface Point {
  readonly at: number
  readonly viewers: number
  readonly fromPeersBps: number
  readonly fromOriginBps: number
  readonly offload: number
  readonly announceBpsPerPeer: number
  readonly controlBpsPerPeer: number
  readonly stallRatio: number
}

/** What came of a scenario. Sizes in bytes, rates in bytes per second, times in seconds. */
export interface Report {
  readonly scenario: string
  readonly seed: number
  readonly seconds: number
  readonly sessions: number
  readonly peak: number
  readonly events: number
  readonly fromPeers: number
  readonly fromOrigin: number
  /** Of the bytes from peers, those that came from another region. */
  readonly afar: number
  readonly wasted: number
  readonly offload: number
  /** No more could come from peers: one copy of each segment has to come from the origin, and uplinks are what they are. */
  readonly offloadCeiling: number
  /** Of segments that were published after the warm-up. */
  readonly originCopies: Quantiles
  /** How many these are: none of a stream that ends before they have had their time. */
  readonly originCounted: number
  /**
   * Of these, what cannot be saved once viewers have begun as they did: one copy of each segment, or more where the first segments of those
   * who came took more.
   */
  readonly originFloor: number
  readonly announceBpsPerPeer: number
  readonly announceShare: number
  readonly controlBpsPerPeer: number
  readonly announcements: number
  /** From the link to the first block from a peer. */
  readonly firstPeer: Quantiles
  readonly startup: Quantiles
  /** From the moment a live segment is out until a viewer has it, of those that were out when viewers waited for them. */
  readonly delay: Quantiles
  readonly stalls: number
  readonly stallRatio: number
  readonly neighbours: Quantiles
  /** Files: from the viewer's start until it had everything, in the order of the viewers; `null` where it never had. */
  readonly completed: readonly (number | null)[]
  /** The same until its first block. */
  readonly firstBlock: readonly (number | null)[]
  /** Copies of the content that the publisher sent. */
  readonly publisherCopies: number
  /** What the engines reported, and how often: the names of the public events. */
  readonly reported: Readonly<Record<string, number>>
  readonly series: readonly Point[]
}

export interface Quantiles { readonly mean: number, readonly p50: number, readonly p90: number, readonly p99: number, readonly max: number }
