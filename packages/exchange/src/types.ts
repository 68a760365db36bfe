import type { Libp2p } from '@libp2p/interface'
import type { Clock } from '@shoal/base'

export interface ExchangeInit {
  /**
   * Most bytes that one peer may have under way to us: the memory that a session may take. At least 512 KiB, at most 3.5 MiB.
   *
   * @default 3670016 (3.5 MiB)
   */
  maxWindow?: number | undefined
}

export interface ExchangeComponents {
  /** The libp2p node, or as much of one. */
  readonly node: Pick<Libp2p, 'handle' | 'unhandle' | 'dial' | 'getConnections'>
  readonly clock: Clock
}
