const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** How long a DHT server keeps a provider record. Short, because viewers come and go; a dead provider is dialled for nothing until then. */
export const PROVIDER_VALIDITY_MS = 30 * MINUTE_MS

/** A provider renews its record so often: two renewals may fail before it is gone. */
export const REPROVIDE_INTERVAL_MS = 10 * MINUTE_MS

/** How often a DHT server throws out records that are too old. */
export const CLEANUP_INTERVAL_MS = 5 * MINUTE_MS

/**
 * How long a peer stays in the peer store without news. Must be above `PROVIDER_VALIDITY_MS + CLEANUP_INTERVAL_MS`: a single provider whose
 * peer is gone from a DHT server's peer store makes that server fail every lookup of the swarm (@libp2p/kad-dht 16.4.5).
 */
export const MAX_PEER_AGE_MS = 24 * HOUR_MS

/** How long an address is believed without news; above the same sum, for a provider without addresses is not named. */
export const MAX_ADDRESS_AGE_MS = 2 * HOUR_MS

/** How often the DHT looks around itself: a node that started alone has to find the others soon. */
export const QUERY_SELF_INTERVAL_MS = MINUTE_MS

/** Nobody to tell yet, or no address to be found at: look again soon, it costs nothing. */
export const WAIT_MS = 2 * SECOND_MS

/** Between tries to provide that nobody accepted; doubles up to the most. */
export const RETRY_MIN_MS = 2 * SECOND_MS
export const RETRY_MAX_MS = MINUTE_MS

/** Longest time that one try to provide may take. */
export const PROVIDE_TIMEOUT_MS = MINUTE_MS

/** Swarms provided at the same time; the others wait their turn. */
export const MAX_CONCURRENT_PROVIDES = 4

/** With fewer DHT nodes known than a record is given to, a provider looks around first: for so many random keys, for at most so long. */
export const ENOUGH_KNOWN = 20
export const LOOK_AROUND_KEYS = 8
export const LOOK_AROUND_TIMEOUT_MS = 2 * SECOND_MS

/** Providers that one lookup yields, and addresses of each: a server's reply is not capped by the library. */
export const MAX_FOUND_PEERS = 128
export const MAX_ADDRS_PER_PEER = 8

/** Largest `/.well-known/shoal`, and most addresses taken from it. */
export const MAX_WELL_KNOWN_BYTES = 64 * 1024
export const MAX_WELL_KNOWN_ADDRS = 32
