import type { PeerName } from '@shoal/interface'
import type { VirtualClock } from './clock.js'
import { LastLink, SharedLink } from './flow.js'
import type { Nat } from './types.js'

export interface HostInit {
  readonly name: PeerName
  readonly index: number
  /** Index into the latency matrix. */
  readonly region: number
  /** ms from the host to the backbone, one way. */
  readonly access: number
  readonly nat: Nat
  /** Bytes per ms. */
  readonly up: number
  readonly down: number
  /** Sessions that it takes. */
  readonly connections: number
}

/** A machine on the virtual network: its links, and whether it is there. */
export class Host {
  readonly name: PeerName
  readonly index: number
  readonly region: number
  readonly access: number
  readonly nat: Nat
  readonly connections: number
  readonly up: SharedLink
  readonly down: LastLink
  /** One list for all who know it: in a large swarm that is five hundred others. */
  readonly addrs: readonly string[]
  /** Gone without a word: nothing comes from it and nothing gets to it. */
  gone = false

  constructor ({ name, index, region, access, nat, up, down, connections }: HostInit, clock: VirtualClock) {
    this.name = name
    this.index = index
    this.region = region
    this.access = access
    this.nat = nat
    this.connections = connections
    this.up = new SharedLink(up, clock)
    this.down = new LastLink(down)
    this.addrs = [`/memory/${name}`]
  }
}

/** ms from one host to another, one way: the matrix holds round trips between regions. */
export function latency (a: Host, b: Host, matrix: readonly (readonly number[])[]): number {
  return (matrix[a.region]?.[b.region] ?? 0) / 2 + a.access + b.access
}
