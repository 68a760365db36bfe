/** Every constant of the picker, with its unit in the name. None is an option: a deployment has no reason to turn them. */

/**
 * Blocks that are drawn together. Rarest first with one block as the unit makes a seeder read its disk at random; a run of 8 blocks is one
 * read of 2 MiB, while a swarm of eight still has dozens of runs of a 100 MB file to spread over.
 * Must be 8: a run's blocks are one byte's bits.
 */
export const RUN_BLOCKS = 8

/** Farther than this from its deadline a want is as good as bulk: rarest first. */
export const NEAR_MS = 20_000
/** At most this much is looked at by deadline in one decision; the rest of the near zone waits in the far zone until it is its turn. */
export const FRONTS_BYTES = 64 * 1024 * 1024
/**
 * Spare time that a last-moment origin fetch gets on top of its estimate. Until the first block came from a peer so many times what it
 * takes, within these bounds and where that was measured: whoever has just come has neighbours hardly sooner than its second segment is
 * due. Of what goes down trees at most this share of the time that there was when it was asked for: a player two seconds behind live has
 * little more than one, and half of that is not to spare.
 */
export const URGENT_MARGIN_MS = 500
export const URGENT_MARGIN_MIN_MS = 200
export const URGENT_MARGIN_TIMES = 3
export const URGENT_MARGIN_SHARE = 0.2
/** Without an origin to fall back on, requests move to faster peers when a deadline is this near. */
export const SWAP_MS = 2_000
/** Estimates of peers are stretched by this before they are trusted with a deadline. */
export const CAUTION = 1.25
/** A source that is near is as good as a quicker one while it takes at most so many times as long, caution included. */
export const NEARER_FACTOR = 2
/** A peer that was not measured yet is given this long for its first bytes, while the origin stands by. */
export const FIRST_BYTES_MS = 500
/** A peer that takes so many times longer than its rate says, where that is too long, is not expected to deliver any more. */
export const OVERDUE_FACTOR = 2
/** Peers that are not measured yet are trusted with what the origin could bring so many times over in the time left. */
export const TRUST_FACTOR = 2
/** What a sender may have handed to its transport beside that: the limit of the exchange protocol for what a cancel cannot call back. */
export const TRANSPORT_BYTES = 262_144
/** Bulk is asked of a peer while this has it busy for less, and one block at a time of slower ones. */
export const QUEUE_MS = 1_000
/** Whether a peer is overdue is looked at this often, */
export const OVERDUE_MS = 250
/** and while a deadline is at risk this often. */
export const WATCH_MS = 100
/** Windows that other swarms' requests may have freed are looked at this often. */
export const REFRESH_MS = 100
/** That somebody else could give what was asked for already is looked at this much later: others are about to say the same. */
export const COVERED_MS = 100

/** Assumed of a peer that has not delivered yet, for ordering only: bytes per second. */
export const ASSUMED_PEER_RATE_BPS = 250_000
/** Assumed of an origin that has not answered yet. */
export const ASSUMED_ORIGIN_RATE_BPS = 1_000_000
export const ASSUMED_ORIGIN_TTFB_MS = 300

export const MAX_BLOCK_BYTES = 262_144
/** Largest single HTTP request for wants with a deadline, and for bulk. */
export const ORIGIN_DATED_BYTES = 16 * 1024 * 1024
export const ORIGIN_BULK_BYTES = 4 * 1024 * 1024
/** What at most this many peers hold is divided among those that lack it. */
export const RARE_HOLDERS = 2
/** So many neighbours ask for a block that somebody has just got, and twice as many after each pause. */
export const SPREAD_FIRST = 2
export const SPREAD_PAUSE_MS = 400
/** A neighbour whose turn it is at a seeder keeps it at least, and at most, this long without getting anything. */
export const TURN_MIN_MS = 1_000
export const TURN_MAX_MS = 5_000
/** Parallel origin requests: when deadlines press, when elected, ahead of need, for bulk. */
export const ORIGIN_URGENT_JOBS = 6
export const ORIGIN_ELECTED_JOBS = 4
export const ORIGIN_AHEAD_JOBS = 2
export const ORIGIN_BULK_JOBS = 3
/** More holes than this in what an origin should give, and it is asked for the whole stretch. */
export const ORIGIN_RANGES = 4
/** Pause after an origin failure, doubled with each, and its limit. */
export const ORIGIN_RETRY_MS = 500
export const ORIGIN_RETRY_MAX_MS = 10_000
/** Bulk looks for peers this long before it asks the origin. */
export const BULK_GRACE_MS = 2_000
/** Peers that deliver nothing for this long lose bulk to the origin. */
export const BULK_DEAD_MS = 10_000

/**
 * The origin waits for peers that are expected to join while a want has this much time to its last moment, or half of what it had, if that
 * is less. Where nobody knows how quick the origin is, it does not wait at all for one that had less than the second. Where that is known,
 * and no peer has anything yet, one that had less than the third waits for the last moment: the second segment of a player that has just
 * begun has no more.
 */
export const EXPECT_MARGIN_MS = 4_000
export const EXPECT_LEAST_MS = 2_000
export const EXPECT_BRIEF_MS = 1_000
/** But with so many neighbours who watch what we watch, whoever comes in is not likely to hold what none of them has. */
export const EXPECT_COMPANY = 4

/** Pause between one elected peer and the next: at most this, and at most this share of the time left. */
export const ELECTION_PAUSE_MS = 600
export const ELECTION_PAUSE_SHARE = 0.1
/** But so many round trips, where that is no larger share: the word of who fetches takes its time. */
export const ELECTION_RTTS = 2
export const ELECTION_RTT_SHARE = 0.25
/** The same in a swarm too large to know, where a copy takes several hops to come by. */
export const ELECTION_WIDE_PAUSE_MS = 1_000
/** Copies aimed at in a swarm too large to know; the threshold doubles every pause. */
export const ELECTION_COPIES = 1
/** Names of the swarm's peers are looked up again after this long. */
export const KNOWN_MS = 1_000
/** An origin that is asked in the last moment has this long before peers that are quicker take over its last blocks. */
export const CROWD_MS = 150
/** In the last moment the next in rank asks the origin when the one before could have the block: the least and the most time for that. */
export const CROWD_PAUSE_MIN_MS = 150
export const CROWD_PAUSE_MAX_MS = 600
/** A neighbour that got something so lately is at work. */
export const ACTIVE_MS = 5_000
/** In the last moment each viewer begins with another block of a segment of at most so many. */
export const ROTATED_BLOCKS = 16
/** It asks for so many of them at first. Fewer leave more to the last moment again, more are fetched by all at once. */
export const BEGIN_BLOCKS = 3
/** A neighbour that says it fetches is believed for at least this long... */
export const FETCHING_MIN_MS = 1_500
/** ...and not at all after breaking its word this often. */
export const FETCHING_BROKEN = 3
/** Segments of which we remember who fetches them. */
export const FETCHING_LIMIT = 4_096

/** Neighbours that one hands a pushed block on to. */
export const PUSH_CHILDREN = 3
/** So long is listened who else waits for what somebody fetches: those may hand it on. */
export const PUSH_LISTEN_MS = 40
/** A parent has this long, or a round trip, from when somebody else has the block; then that one is asked for it. */
export const PUSH_GRACE_MS = 400
/** Blocks of which we remember who did not want to hand them on. */
export const TRIED_LIMIT = 256

/** Pause of a peer that refuses as busy or choked, doubled with each, and its limit. */
export const BUSY_MS = 250
export const BUSY_MAX_MS = 8_000
/** Who has had us wait for so long and never gave us anything is no source. */
export const WITHHOLD_MS = 3_000
/** Pause of a peer that will not serve us at all. */
export const SHUT_MS = 30_000
/** Pause before a stalled peer is probed with one block, doubled with each stall, and its limit. */
export const STALL_MS = 2_000
export const STALL_MAX_MS = 30_000
/** How long a peer's "not found" outweighs its have-map, and of how many blocks we remember it. */
export const DENIED_MS = 60_000
export const DENIED_LIMIT = 1_024

/** Blocks that an idle peer of unknown or outdated rate is asked for beside the origin: fewer give no measurement. */
export const PROBE_BLOCKS = 2
/** At most this often. */
export const PROBE_MS = 5_000

/** Blocks that one idle peer takes over at the end. */
export const ENDGAME_BLOCKS = 2
/** Only from peers that need this much longer. */
export const ENDGAME_GAIN = 1.5
/** Duplicates may cost this share of all bytes delivered, plus those begun last. */
export const DUPLICATES_SHARE = 0.02
/** Taking back what is likely under way already may cost this share of them. */
export const RECALLS_SHARE = 0.01
/** Look again this often while peers are idle at the end. */
export const ENDGAME_MS = 100
