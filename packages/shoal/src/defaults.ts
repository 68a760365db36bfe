/**
 * A stream may have 2 MiB under way: at the library's 256 KiB a link of 10 ms gets no more than 25 MB/s. What is idle is kept open by a
 * few bytes a minute.
 */
export const YAMUX = { streamOptions: { maxStreamWindowSize: 2 << 20 }, keepAliveInterval: 60_000 }

/**
 * QUIC: windows as those of yamux. The library's 10 s without a word, and a packet each 5 s, are meant for validators; a router remembers
 * where a packet of UDP came from for 30 s or more.
 */
export const QUIC = { maxIdleTimeout: 20_000, keepAliveInterval: 9_000, maxStreamData: 2 << 20, maxConnectionData: 8 << 20 }
/** Handshakes at a time, of one address that is listened on. */
export const QUIC_HANDSHAKES = 256
/** Read from a stream at a time. */
export const QUIC_READ_BYTES = 65_536

/** What a WebRTC data channel may hold back: control must not queue behind the library's 2 MiB of data. */
export const DATA_CHANNEL = { maxBufferedAmount: 256 * 1024 }

/**
 * No pings on streams of their own: they queue behind bulk data, so that a late one says nothing, and a stream costs far more than a ping.
 * Sessions judge liveness by progress, yamux and ICE keep connections open.
 */
export const MONITOR = { enabled: false }

/** A dialler over WebRTC has this long to end its handshake before the connection is used, ms. */
export const HANDSHAKE_MS = 8_000

/** So long it is taken for granted which way ICE goes, ms. */
export const LOOK_AT_ICE_MS = 1_000

/**
 * What the other end of a new connection speaks is asked once: with the library's 5 s a busy machine is connected to a server that it never
 * learns to be one.
 */
export const IDENTIFY = { timeout: 30_000 }

export const CONNECTIONS = {
  /**
   * New connections per second from one address. The library's 5 turns away an office behind one NAT, a reverse proxy, and every second
   * tab of a demonstration; 100 viewers behind one address are to join within 5 s.
   */
  inboundConnectionThreshold: 50,
  maxIncomingPendingConnections: 400,
  maxParallelDials: 20,
  /** The library gives 6 s per address and 10 s in all: too few for WebRTC through a relay into a page that is busy playing. */
  addressDialTimeout: 15_000,
  dialTimeout: 20_000
}

/**
 * Of the pending connections, those from one address of IPv4 or one /64 of IPv6: 100 viewers in 5 s, each done within a second or two, stay
 * below.
 */
export const PENDING_PER_PARTY = 50

/** Of refused connections it is told this often, for each reason; and which network most came from, among so many. */
export const REFUSALS_EVERY_MS = 10_000
export const PREFIXES_COUNTED = 256

/** Connections by which two peers dialled each other at once come within so long, ms: that of a dial. */
export const TWIN_MS = CONNECTIONS.dialTimeout

/** What is read of a router's answer at most, and of how many that say to be routers. */
export const IGD_ANSWER_BYTES = 128 * 1024
export const IGD_ANSWERS = 8
/** A router that is asked over HTTP has so long, ms; between two questions to all, ms. */
export const IGD_TIMEOUT_MS = 5_000
export const IGD_SEARCH_MS = 1_000
/** Ports on a router are asked for so long, and again at half of it; when one is taken others are tried. */
export const IGD_LEASE_S = 3_600
export const IGD_PORT_TRIES = 5

/** How a node that strangers cannot dial is reached: by a circuit through a relay, and by WebRTC that is arranged over one. */
export const THROUGH_RELAYS: readonly string[] = ['/p2p-circuit', '/webrtc']

/** A relay is for many; the library's own limit is 15 reservations. */
export const RELAY = {
  reservations: { reservationTtl: 30 * 60_000 },
  maxInboundHopStreams: 256,
  maxOutboundHopStreams: 256,
  maxOutboundStopStreams: 256
}
export const RELAY_RESERVATIONS = 1_000
/** What a relayed connection may carry and how long it may last, where that is signalling alone. */
export const RELAY_SIGNALLING = { bytes: 128 * 1024, durationMs: 120_000 }
/** The same where it may carry content. */
export const RELAY_LIMIT_BYTES = 256 * 1024 * 1024
export const RELAY_DURATION_S = 3_600
/** With a rate, so much may go at once. */
export const RELAY_BURST_MS = 250
/** What waits in a relay for one direction of a connection; above it no more is read. */
export const RELAY_WAITING_BYTES = 256 * 1024

/** A bootstrap node that could not be reached is tried again: pauses double from the first to the last. */
export const BOOTSTRAP_FIRST_MS = 1_000
export const BOOTSTRAP_MAX_MS = 60_000
/** One try, address lookup included. */
export const BOOTSTRAP_TIMEOUT_MS = 10_000
/** Peers of which it is remembered from where they see this node come. */
export const WITNESSES = 32
/** Between two looks for blocks that have expired. */
export const SWEEP_INTERVAL_MS = 60_000
/** Addresses that a link carries as hints. */
export const LINK_ADDRS = 4
/** Between two lookups of a node that looks for a relay. */
export const WALK_PAUSE_MS = 2_000
/** A publisher that has purged something stays in the swarm so long, to tell those who come. */
export const TELL_PURGE_MS = 600_000
