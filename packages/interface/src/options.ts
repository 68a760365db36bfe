import type { TenantKey } from './access.js'
import type { PeerName } from './block.js'

/** Bytes, or a string with a unit: `512KiB`, `2GiB`, `10MB`. */
export type Size = number | string

/** Bytes per second, or a string with a unit: `10Mbit` (10⁶ bits per second), `2MB` (10⁶ bytes per second). */
export type Rate = number | string

/**
 * How a content is delivered. `hybrid`: peers and origin. `p2p`: peers only. `origin`: origin only, nothing is shared.
 * `auto`: `p2p` where no origin is known; `origin` while the device can afford to share nothing, as while data should be saved; `hybrid`
 * otherwise, and then it gives nothing while the device can afford to download alone. Each change is a `mode` event with its reason.
 */
export type Mode = 'hybrid' | 'p2p' | 'origin' | 'auto'

/**
 * How new blocks go through a swarm. `mesh`: neighbours say what they have, and are asked for it. `tree`: who gets a block hands it on at
 * once to those neighbours that have subscribed to it, along a tree of its own for each block; what does not come that way comes as in a
 * mesh. `auto`: trees for segments of live contents that last less than 1.5 s, as parts of low-latency streams do.
 */
export type Overlay = 'auto' | 'mesh' | 'tree'

/**
 * What is shared. `full`: blocks are taken from peers and given to them. `download`: taken, but none given; manifests are, as with an
 * `upload.rate` of 0. `off`: neither, everything comes from the origin as in mode `origin`.
 */
export type Sharing = 'full' | 'download' | 'off'

export interface StoreOptions {
  /**
   * Upper bound of what the store takes on disk or in memory.
   *
   * @default by device, kept and in memory: phone 256 and 64 MiB, other browsers 1 GiB and 256 MiB, Node.js 2 GiB and 256 MiB, with
   * `server` 16 GiB and 1 GiB
   */
  quota?: Size | undefined
  /**
   * Seconds that fetched blocks are kept; after that they are the first to go. What is published or pinned here is kept all the same.
   *
   * @default unlimited
   */
  ttl?: number | undefined
  /**
   * `auto`: the file system where there is a data folder, the browser's storage in a page, memory otherwise.
   *
   * @default 'auto'
   */
  kind?: 'auto' | 'memory' | undefined
}

export interface UploadOptions {
  /**
   * Upper bound of what the node gives to all peers together; 0 gives nothing but manifests.
   *
   * @default unlimited
   */
  rate?: Rate | undefined
  /**
   * Peers served at the same time.
   *
   * @default 16 in Node.js, 6 in browsers
   */
  slots?: number | undefined
  /**
   * Upper bound of what the node gives in a calendar month (UTC); then it gives nothing but manifests until the next. Restarts do not
   * change what is counted.
   *
   * @default unlimited
   */
  monthly?: Size | undefined
  /**
   * Make room for other traffic on the uplink: the node gives less as soon as round trips show queues.
   *
   * @default false
   */
  yield?: boolean | undefined
}

export interface PolicyOptions {
  /**
   * Copies of each segment, in the swarms of open contents, that the node helps to keep: while nobody waits for anything it fetches what
   * fewer hold. A server takes this duty at once, other nodes when they have been up for ten minutes. 0: it fetches only what is asked for.
   *
   * @default 3 with `server`, otherwise 0
   */
  replication?: number | undefined
}

/** What a server relays for others (`server`). Without any of these it introduces peers to each other and carries no content. */
export interface RelayOptions {
  /**
   * Content may go through this relay between peers that find no other way to each other. The operator pays for every byte twice, in and
   * out.
   *
   * @default false
   */
  content?: boolean | undefined
  /** Upper bound of what is relayed, all connections together, each byte counted once. @default unlimited */
  rate?: Rate | undefined
  /**
   * Bytes of one relayed connection, both directions together, with `content`: then the relay closes it. At least 1 MiB.
   *
   * @default 256 MiB; without `content` 128 KiB
   */
  limit?: Size | undefined
  /** Seconds that one relayed connection may last, with `content`. @default 3600; without `content` 120 */
  duration?: number | undefined
  /** Peers that may be reached through this relay at the same time. @default 1000 */
  reservations?: number | undefined
}

/** What `createShoal`, the configuration file and the command line take: the same words everywhere. All are optional. */
export interface ShoalOptions {
  /**
   * First nodes to know: multiaddrs, or https URLs whose `/.well-known/shoal` lists current addresses. There is no built-in list.
   *
   * @default []
   */
  bootstrap?: readonly string[] | undefined
  /**
   * Multiaddrs to listen on.
   *
   * @default in Node.js TCP and WebSockets on any free port of every interface and, but for a server, what browsers have: a relay's
   * circuit, and WebRTC through it. A `/udp/…/quic-v1` here or in `bootstrap` brings QUIC, which takes an optional package: without that
   * `listen` is a `ListenError`, and a bootstrap node is dialled at its other addresses
   */
  listen?: readonly string[] | undefined
  /** Addresses to tell others instead of those listened on (a public name, a proxy). @default [] */
  announce?: readonly string[] | undefined
  /** Folder for identity, store and records. Without it everything lives in memory and the identity is new each time. */
  data?: string | undefined
  store?: StoreOptions | undefined
  upload?: UploadOptions | undefined
  policy?: PolicyOptions | undefined
  /** @default 'hybrid' */
  mode?: Mode | undefined
  /**
   * What the user allows, of any content and whatever the device can afford: the way of an opt-out. Changed by `setSharing`.
   *
   * @default 'full'
   */
  sharing?: Sharing | undefined
  /**
   * Token to show to the peers of a content that asks for one, or where tokens come from: called with this node's peer id, which a token
   * is bound to, and the link of the content, whenever a content is opened and before the last token ends. An empty one is none.
   *
   * @default none
   */
  token?: string | ((peer: PeerName, link: string) => Promise<string>) | undefined
  /**
   * Secrets of tenants, 32 bytes in base64url, by their keys: what this node publishes for them is found under ids that nobody else can
   * derive. For the operator's nodes; viewers find these ids in their tokens.
   *
   * @default {}
   */
  tenants?: Readonly<Record<TenantKey, string>> | undefined
  /**
   * ICE servers for WebRTC: `stun:HOST:PORT`, and with `username` and `credential` `turn:HOST:PORT` or `turns:HOST:PORT`, which Node.js
   * uses over UDP alone. Never filled in by a default of a library.
   *
   * @default []
   */
  iceServers?: readonly { urls: string | string[], username?: string, credential?: string }[] | undefined
  /**
   * In a page one of the tabs of its origin has the node and the others use it. `false`: a node with an identity and a memory store of its
   * own, nothing is shared with other tabs or later visits.
   *
   * @default true
   */
  share?: boolean | undefined
  /** Find nodes of the local network by multicast DNS (Node.js only). @default false */
  mdns?: boolean | undefined
  /** Open a port on the local router by UPnP (Node.js only). @default false */
  upnp?: boolean | undefined
  /** Relay for others and answer DHT queries: for nodes that strangers can dial. @default false; `shoal serve` sets true */
  server?: boolean | undefined
  relay?: RelayOptions | undefined
  /**
   * Network name: nodes of different networks do not see each other's DHT and topics.
   *
   * @default 'shoal'
   */
  network?: string | undefined
  /**
   * Key of a private network, 64 hex digits, as in Kubo's `swarm.key` (Node.js only): nobody without it connects, or sees who speaks which
   * protocol. TCP and WebSockets alone; addresses for WebRTC are left out.
   *
   * @default none: anybody may connect
   */
  networkKey?: string | undefined
  /**
   * Where this node is, in any word that all nodes of the place share: a branch, a campus, a provider. Peers of one region are dialled
   * before others. Others hear eight bits of a hash of it, nothing more.
   *
   * @default what follows from the network's address, as others see it
   */
  region?: string | undefined
}
