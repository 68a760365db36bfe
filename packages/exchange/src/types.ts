import type { Connection, Libp2p } from '@libp2p/interface'
import type { Clock } from '@shoal/base'
import type { ServeHandler, SessionEvent } from '@shoal/interface'

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
  /** Whether a connection by WebRTC goes through a TURN server, now. @default none does */
  readonly turned?: ((connection: Connection) => boolean) | undefined
}

export interface SessionInit {
  readonly id: number
  readonly connection: Connection
  readonly clock: Clock
  readonly serve: ServeHandler
  readonly maxWindow: number
  readonly turned: ((connection: Connection) => boolean) | undefined
  readonly emit: (event: SessionEvent) => void
  /** The session is over, or never came to be: forget it. */
  readonly ended: () => void
}
