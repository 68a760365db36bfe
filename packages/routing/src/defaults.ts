const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** How long a DHT server keeps a provider record. Short, because viewers come and go; a dead provider is dialled for nothing until then. */
export const PROVIDER_VALIDITY_MS = 30 * MINUTE_MS

/** A provider of a few swarms renews its records so often: two renewals may fail before one is gone. */
export const REPROVIDE_INTERVAL_MS = 10 * MINUTE_MS

/** One of many swarms renews more rarely, so that its lookups come no faster than this, as long as each comes before its record expires. */
export const REPROVIDE_GAP_MS = 6 * SECOND_MS
export const REPROVIDE_MAX_MS = 24 * MINUTE_MS

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

/**
 * Nobody to tell yet, or no address to be found at: looked at again soon, for that costs nothing, in pauses that double up to the most. A
 * node that has just started has both within a second, and what it publishes is not found before it has told of it.
 */
export const WAIT_MIN_MS = 100
export const WAIT_MAX_MS = 2 * SECOND_MS

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

/** Kademlia's k, nodes that keep a record and that an answer names, and α, requests of a lookup at the same time: those of the servers. */
export const K = 20
export const ALPHA = 3

/** Requests of one lookup, and nodes that it knows of: whoever names others without end is not followed for ever. */
export const MAX_REQUESTS = 60
export const MAX_CANDIDATES = 256

/** Longest time that one request of a client may take, dialling included, as long as the servers' own. */
export const REQUEST_TIMEOUT_MS = 5 * SECOND_MS

/** After this long somebody else is asked beside: three nodes that hang must not hold up a lookup until they time out. */
export const SLOW_MS = SECOND_MS

/** Requests of a client at the same time, all its lookups together. */
export const MAX_CONCURRENT_REQUESTS = 12

/** DHT servers that a client remembers; the one that has been silent for longest goes first. */
export const MAX_KNOWN_NODES = 128

/** Servers of which a server remembers that they said so; the one that was connected least lately goes first. */
export const MAX_SERVERS_HEARD = 4_096

/** Our own addresses in a record. A node behind a few relays has two for each. */
export const MAX_OWN_ADDRS = 16

/** Largest answer to a client, and what may arrive in all before it is read. A popular swarm's providers make some 100 KiB. */
export const MAX_MESSAGE_BYTES = 1024 * 1024
export const MAX_READ_BYTES = MAX_MESSAGE_BYTES + 64 * 1024

/** Providers read from one answer: no single server can fill all that a lookup yields. */
export const MAX_NAMED_PROVIDERS = 64

/** Addresses read of a peer in an answer: a server has one for each of its interfaces and transports. */
export const MAX_NAMED_ADDRS = 24

/** Longest peer id, as a multihash, and longest multiaddr in an answer. */
export const MAX_PEER_ID_BYTES = 64
export const MAX_ADDR_BYTES = 512

/** Largest `/.well-known/shoal`, and most addresses taken from it. */
export const MAX_WELL_KNOWN_BYTES = 64 * 1024
export const MAX_WELL_KNOWN_ADDRS = 32

/** Addresses that are not parsed again, of at most so many characters. */
export const KNOWN_ADDRS = 1024
export const KNOWN_CHARS = 256
