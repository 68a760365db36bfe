import type { PrivateKey } from '@libp2p/interface'
import type { Clock, Random } from '@shoal/base'
import type { Engine } from '@shoal/engine'
import type { Ledger } from '@shoal/ledger'
import type { Bootstrap } from './bootstrap.js'
import type { Config } from './config.js'
import type { Library } from './library.js'
import type { Network, NodeStore, Platform } from './platform.js'

/** The parts that a node is made of. Started and stopped by `createNode`. */
export interface Parts {
  readonly config: Config
  readonly platform: Platform
  readonly clock: Clock
  readonly random: Random
  readonly privateKey: PrivateKey
  readonly network: Network
  readonly store: NodeStore
  readonly ledger: Ledger
  readonly library: Library
  readonly engine: Engine
  readonly bootstrap: Bootstrap
  readonly close: () => Promise<void>
}
