/**
 * One session per connection: swarms, have-maps, requests and blocks of all contents over at most two streams each way, with credit that
 * the receiver grants, explicit refusals, and cancels that take effect within a frame. Speaks `/shoal/exchange/1.0.0`, which
 * `doc/protocol.md` describes byte by byte and `@shoal/wire` encodes.
 *
 * It moves and verifies bytes and reports what peers say; whom to connect to, what to ask for and whom to serve is decided elsewhere.
 *
 * ```ts
 * const create = exchange()
 * const sessions = create({ node: libp2p, clock: systemClock })
 * await sessions.start(event => { console.log(event.type) }, serve)
 * const session = await sessions.connect(undefined, ['/ip4/192.0.2.1/tcp/4001/p2p/12D3Koo…'])
 * session.join(swarm, { have: { complete: [], partial: [] } })
 * session.request(swarm, 0, [0, 1], refs)
 * ```
 *
 * @packageDocumentation
 */

import type { Exchange } from '@shoal/interface'
import { LibP2PExchange } from './exchange.js'
import type { ExchangeComponents, ExchangeInit } from './types.js'

/** @throws ConfigError when an option makes no sense */
export function exchange (init: ExchangeInit = {}): (components: ExchangeComponents) => Exchange {
  return components => new LibP2PExchange(init, components)
}

export { RELAYED_CONTENT_BYTES } from './defaults.js'
export { transportOf } from './transport.js'
export type { ExchangeComponents, ExchangeInit } from './types.js'
export { EXCHANGE_PROTOCOL } from '@shoal/wire'
