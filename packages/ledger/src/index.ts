/**
 * What a node remembers of its peers, from its own dealings alone: verified bytes either way, what was useful, wasted or wrong, how fast it
 * came, penalties and bans. Scores and claims on upload are pure functions of that; what peers say of themselves or of each other never
 * counts. See `doc/ledger.md`.
 *
 * ```ts
 * const ledger = await openLedger({ clock, datastore })
 * ledger.accounts.received(peer, swarm, block.byteLength, worth(popularity), ms)
 * ledger.accounts.penalise(peer, 'spam')
 * ledger.score(peer)          // from −100, shut out, over 0, nothing known, towards 100
 * if (ledger.dirty) await ledger.flush()
 * ```
 *
 * @packageDocumentation
 */

export { openLedger, Ledger, type LedgerInit } from './ledger.js'
export { claim } from './score.js'
export { openShare, worth } from './weights.js'
export { FLUSH_MS } from './defaults.js'
export type { Conditions, PeerFacts } from './types.js'
