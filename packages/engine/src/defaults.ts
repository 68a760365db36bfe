import type { EngineLimits, UploadLimits } from './types.js'

export const DEFAULT_LIMITS: EngineLimits = {
  // A handful of neighbours keeps rarest first near its optimum, and each costs handshakes, announcements and have-maps
  peersPerSwarm: 12,
  sessions: 200,
  dials: 6
}

export const DEFAULT_UPLOAD: UploadLimits = { rate: Infinity, slots: 16, monthly: Infinity, yield: false }

/** Neighbours that a swarm looks for at once, and how often one more. */
export const NEIGHBOURS_FIRST = 3
export const NEIGHBOUR_EVERY_MS = 500
/** A dial that has taken so long counts no more among those that a swarm looks for: somebody else is dialled beside. */
export const SLOW_DIAL_MS = 2_000
/** A dial, session included, takes at most this long. A WebRTC connection through a relay needs several seconds on a busy machine. */
export const DIAL_TIMEOUT_MS = 25_000
/**
 * A dial that has brought a relayed connection for signalling, and nothing better yet, goes on beside a session over that one: it is looked
 * for after the first time, and again after each of the others.
 */
export const INTRODUCED_MS = 4_000
export const INTRODUCED_AGAIN_MS = 1_000
/** Content goes over a relay that allows it after so long without a better way to the peer. */
export const RELAY_PATIENCE_MS = 2_000
/** First pause after a failed dial; doubles, up to the maximum. */
export const REDIAL_FIRST_MS = 2_000
export const REDIAL_MAX_MS = 300_000
/** Candidates remembered per swarm, beside those of the link. */
export const CANDIDATES_PER_SWARM = 500
/** Of these, candidates on the word of one peer alone. */
export const CANDIDATES_PER_TELLER = 32
/** Addresses remembered per candidate. */
export const ADDRS_PER_CANDIDATE = 8
/** Neighbours of a swarm in all, as a factor on the useful ones that are looked for: some room for those that turn out useless. */
export const NEIGHBOUR_SURPLUS = 1.5
/** As few neighbours are kept whatever they are worth. */
export const KEEP_LEAST = 4
/** Who has everything, among others who have, keeps no more than this: newcomers come by themselves, and each connection costs traffic. */
export const KEEP_IDLE = 6
/** Neighbours are judged this often, and at most one is left then. */
export const REVIEW_MS = 2_500
/** A neighbour that a block came from or went to within this time is useful. */
export const EXCHANGED_MS = 10_000
/** A neighbour that was useless for this long may be left for another candidate. */
export const USELESS_MS = 30_000
/** Who reached us over a relay is about to connect directly: it is not dialled at the same time, for this long. */
export const COMING_MS = 5_000
/** Of two that can both dial each other over relays alone, one has this head start: they hear of each other at about the same time. */
export const HEAD_START_MS = 1_500
/** A peer that left the swarm or said goodbye is not dialled for this long, unless it announces itself. */
export const AWAY_MS = 60_000
/** Who could not be reached, but announced itself within this time, is in the swarm. */
export const ALIVE_MS = 180_000
/** A connection that was opened for a content is closed when its peer has shared no swarm with us for this long. */
export const UNSHARED_MS = 60_000
/** A node that has no relay, and can be reached through one only, tries somebody who may be one this often. */
export const RELAY_SEARCH_MS = 5_000
/** While nobody is known who could be asked for peers, that is looked at so often. */
export const ASK_AGAIN_MS = 100
/** Looking for peers again: pauses double from the first to the last while too few are connected. */
export const FIND_FIRST_MS = 1_000
export const FIND_MAX_MS = 60_000
/** The last while nobody needs more. */
export const FIND_IDLE_MAX_MS = 600_000
/** A lookup that is still running after this long is ended. */
export const FIND_TIMEOUT_MS = 30_000
/** The first look around, and a dial to somebody new, are likely over after this long. */
export const FIRST_LOOK_MS = 4_000
export const EXPECT_MS = 10_000
/** Peers in one peer exchange message. */
export const PEX_PEERS = 16
/** Neighbours hear what is new at once, but no sooner than this after the last time, unless a segment is complete. */
export const HAVE_INTERVAL_MS = 200
/** A peer is asked for a manifest block at most this long before another is asked too. */
export const MANIFEST_HEDGE_MS = 2_000
/** Bytes on their way to the store or to files; above it no more are asked for. */
export const PENDING_WRITE_BYTES = 16 * 1024 * 1024
/** Blocks that a reader keeps coming ahead of what has been taken: 16 MiB at full size. */
export const READ_AHEAD_BLOCKS = 64
/** Blocks per want of a reader: small enough to follow it, large enough to be one request. */
export const READ_STEP_BLOCKS = 16
/** A reader with a deadline gives up after this long without any source, one without after the longer time. */
export const STARVE_URGENT_MS = 10_000
export const STARVE_BULK_MS = 60_000
/** Peers that a block is handed on to as it comes; others find it with them. Twice what the picker's trees need. */
export const SUBSCRIBERS = 6
/** Blocks on their way here of which it is known who has subscribed to them. */
export const SUBSCRIBED_PLACES = 1_024
/** Segments of live contents that last less, seconds, are handed on as they come: parts of a low-latency stream. */
export const PUSHED_BELOW_S = 1.5
/** Parts are fetched ahead for a reader that asked for the last one no longer ago than this. */
export const AHEAD_MS = 3_000
/** Renditions of one content that are read at the same time: pictures, sound, subtitles. */
export const AHEAD_RENDITIONS = 8
/** An unchoked peer that asked for nothing this long gives its slot back. */
export const SLOT_IDLE_MS = 3_000
/** With more peers asking than slots, a turn lasts this long. */
export const SLOT_TURN_MS = 10_000
/** The same for whoever has a slot without having earned one, unless a newcomer waits. */
export const OPTIMISTIC_MS = 30_000
/** Congestion is measured over about this long. */
export const CONGESTION_MS = 2_000
/** Shares of that time with more asked for than could be sent, at which an upload counts as contended, and as free again. */
export const CONTENDED_ENTER = 0.5
export const CONTENDED_LEAVE = 0.1
/** Back-off: how often the uplink is looked at, the queueing delay that is aimed at (RFC 6817 §2.5), the least rate, the rise per look. */
export const BACK_OFF_EVERY_MS = 1_000
export const BACK_OFF_TARGET_MS = 100
export const BACK_OFF_LEAST_BPS = 16_384
export const BACK_OFF_RISE = 0.1
/**
 * A reader that waits for bytes this long before it needs them presses: uploads make room. At most this share of the time that there was:
 * a player two seconds behind live never has more than the first, and uploads of all would make room for nobody.
 */
export const PRESSED_MS = 1_000
export const PRESSED_SHARE = 0.25
/** A node that gave all it may in a month looks at the calendar this often. */
export const MONTH_CHECK_MS = 3_600_000
/** Blocks that a peer may claim and then not have, at once and per second: what it says may be a moment old. */
export const STALE_BLOCKS = 64
export const STALE_BLOCKS_PER_SECOND = 1
/** Peers watched for that, and peers that said they are phones. */
export const PEERS_WATCHED = 1_000
/** Segments, and blocks of each, of which it is remembered to whom alone they were given, until they turn up elsewhere. */
export const SPREAD_SEGMENTS = 256
export const SPREAD_BLOCKS = 256
/** Blocks given to a peer alone by which it is judged; older ones count less and less. */
export const SPREAD_MEMORY = 64
/** Who was given so many and passed on a smaller part of them than this takes what is left over; of who is new that part is expected. */
export const SPREAD_PROOF = 4
export const SPREAD_LEAST = 1 / 16
/** While peers wait for slots, who has them is decided this often. */
export const CHOKE_INTERVAL_MS = 1_000
/** What a node with an upload rate of 0 gives all the same: manifests, so that newcomers get to know others through it. */
export const MANIFEST_RATE_BPS = 65_536
/** Provide when at most about this many others do: readers dial several providers at once. */
export const PROVIDER_SAMPLE = 20
/** Whether we do is looked at this often. */
export const PROVIDE_REVIEW_MS = 60_000
/** Of the neighbours looked for, the share that is for peers who are near before others. */
export const LOCAL_SHARE = 2 / 3
/** Neighbours of its own cell that a peer of a large swarm has at least: enough for gossip to reach every corner of a few hundred. */
export const CELL_NEIGHBOURS = 4
/** A manifest that nobody gave within this time does not exist, as far as the caller is concerned. */
export const OPEN_TIMEOUT_MS = 30_000
/** Readers are looked at this often for having no source. */
export const STARVE_CHECK_MS = 1_000
/** A peer that was not in the swarm is asked again after this long; if it comes in meanwhile, it says so itself. */
export const JOIN_AGAIN_MS = 30_000
/**
 * Another token is asked for so long before ours ends, or in the last quarter of a shorter life; again after half of what is left, but no
 * sooner than the second.
 */
export const RENEW_LEAD_S = 60
export const RENEW_MIN_MS = 1_000
/** The same once it has ended. */
export const RENEW_RETRY_MS = 30_000
/** Tokens of one peer that are looked at: one for each session, and one whenever it has a new one. */
export const JUDGED_PER_SECOND = 1
export const JUDGED_AT_ONCE = 16
/** Peers of which that is remembered. */
export const JUDGED_PEERS = 10_000
/** With nobody but peers that refuse us, a content is given up after this long. */
export const REFUSED_MS = 5_000
/** The same is looked at so often while somebody may give it yet. */
export const LOOK_AGAIN_MS = 1_000
/** After the store evicted something, contents are compared with it this much later, once for all that goes meanwhile. */
export const RECHECK_MS = 1_000
/** Bytes are counted for a rate while no pause between them is longer than this, in stretches of at least the second. */
export const RATE_PAUSE_MS = 3_000
export const RATE_SAMPLE_MS = 1_000
/** A peer that was measured to give less, bytes per second, takes no duty. */
export const SEED_RATE_BPS = 32_768
/** In a swarm of at most so many peers even the weak let themselves be found. */
export const SMALL_SWARM = 5
/** A node that is no server takes caching duty after it was up for so long: of those who stay ten minutes most stay for long. */
export const CACHE_UPTIME_S = 600
/** A smaller store is for what is being read. */
export const CACHE_STORE_BYTES = 4 * 1024 * 1024
/** Copies beyond which a node that cares for none calls its own surplus, when its store is full. */
export const SURPLUS_COPIES = 3
/** Purge lists that wait for their content's manifest, one a session. */
export const PURGES_WAITING = 64
/** Purge lists of a content judged per second, and at once: each costs the check of a signature, and may go on to all neighbours. */
export const PURGES_PER_SECOND = 10
export const PURGES_AT_ONCE = 10
/** Segments of a content of which it is remembered whether they are purged. */
export const SEGMENTS_JUDGED = 10_000
/** Segments that are looked through for purged ones in one go. */
export const PURGE_STEP_SEGMENTS = 256
