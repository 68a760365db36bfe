import type { Connection } from '@libp2p/interface'
import type { Clock } from '@shoal/base'
import { LOOK_AT_ICE_MS } from './defaults.js'

/** As much of a peer connection as tells which way its packets go. */
export interface IceWay {
  readonly sctp?: { readonly transport: { readonly iceTransport: IceTransport } } | null
}

interface IceTransport {
  getSelectedCandidatePair? (): Pair | null
  getRemoteCandidates? (): readonly Candidate[]
}

interface Candidate {
  readonly type: string | null
  readonly address?: string | null
  readonly port?: number | null
}

interface Pair {
  readonly local?: Candidate
  readonly remote?: Candidate
}

interface Look { readonly way: IceWay, turned: boolean, next: number }

/**
 * Which connections by WebRTC go through a TURN server: ICE knows, and may find a better way while they last. It is looked at again after
 * a while, for it is asked for with every block.
 */
export class Turned {
  readonly #clock: Clock
  /** By the address object of a connection, which is that of the transport's; a peer may have several connections of equal addresses. */
  readonly #looks = new WeakMap<object, Look>()

  constructor (clock: Clock) {
    this.#clock = clock
  }

  noted ({ remoteAddr }: Pick<Connection, 'remoteAddr'>, way: IceWay | undefined): void {
    if (way !== undefined) this.#looks.set(remoteAddr, { way, turned: false, next: 0 })
  }

  /** Whether either end is reached through a TURN server, as far as this end knows. */
  has ({ remoteAddr }: Pick<Connection, 'remoteAddr'>): boolean {
    const look = this.#looks.get(remoteAddr)
    if (look === undefined) return false
    const now = this.#clock.now()
    if (now >= look.next) {
      look.next = now + LOOK_AT_ICE_MS
      look.turned = isTurned(look.way) ?? look.turned
    }
    return look.turned
  }
}

/** `undefined` when ICE does not say, as of a connection that is gone. */
function isTurned ({ sctp }: IceWay): boolean | undefined {
  try {
    const ice = sctp?.transport.iceTransport
    const pair = ice?.getSelectedCandidatePair?.()
    if (pair === undefined || pair === null) return undefined
    const { local, remote } = pair
    if (local?.type === 'relay' || remote?.type === 'relay') return true
    // what came from there before the other end had told of it goes by another name
    return remote?.type === 'prflx' && ice?.getRemoteCandidates?.()
      .some(({ type, address, port }) => type === 'relay' && address === remote.address && port === remote.port) === true
  } catch {
    // what is native throws when it is closed
    return undefined
  }
}
