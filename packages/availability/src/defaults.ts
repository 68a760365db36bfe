/** Segments of a content whose manifest is not known yet: 1,048,576 (128 KiB of bits at most per peer). */
export const MAX_SEGMENTS = 1 << 20

/** Blocks of a content whose manifest is not known yet: 4,194,304 (1 TiB in blocks of 256 KiB). */
export const MAX_BLOCKS = 1 << 22

/** Numbers of a live content's segments lie below, however long it lives. */
export const LIVE_SEGMENTS_END = 0xffff_ffff

/** Segments of a live content that a map holds at a time: the largest window, and as much of others' that are ahead or behind. */
export const LIVE_SEGMENTS = 16_384

/** Blocks of a live content: the largest window has room for the digests of so many. */
export const LIVE_BLOCKS = 8_192

/** Segments that a peer may claim to hold in part at the same time. An honest peer fetches few at once. */
export const MAX_PARTIAL_SEGMENTS = 16_384

/** One entry of a delta covers at most this many bytes of a segment's bits (8,192 blocks), so that it fits any frame. */
export const PARTIAL_WINDOW_BYTES = 1024

/** Largest announcement, without gossipsub's envelope around it. */
export const MAX_ANNOUNCEMENT_BYTES = 1024

/** What an announcement is taken to be before we made one. */
export const TYPICAL_ANNOUNCEMENT_BYTES = 200

/** What gossipsub adds to an announcement: topic, key, signature, sequence number and lengths, with an Ed25519 key. */
export const ENVELOPE_BYTES = 250

/** Addresses in one announcement. */
export const MAX_ADDRS = 3

/** A binary multiaddr; WebRTC-Direct over a relay with two certificate hashes takes about 150. */
export const MAX_ADDR_BYTES = 255

/** What gossipsub brings for each announcement, in announcements: three copies or so over a mesh of four, and gossip and control. */
export const COPIES = 4

/** What the announcements of one swarm may take of each peer's downlink: half a percent of a stream of 2.5 Mbit/s. */
export const ANNOUNCE_BYTES_PER_SECOND = 1500

/** Who has nothing new to say doubles its interval with each announcement, up to so many times the interval of the others. */
export const IDLE_STRETCH = 8

/** A cell of more peers is divided, one of fewer goes together with its other half; and what a cell is taken for before it is known. */
export const CELL_SPLIT = 400
export const CELL_MERGE = 128
export const CELL_TYPICAL = 225

/** 4,096 cells: a million and a half of peers. */
export const MAX_DEPTH = 12

/** Of what announcements may take, the share of the peer's own cell; the rest is a sample of the whole swarm. */
export const CELL_SHARE = 0.75

/** Of the whole swarm, a peer keeps in mind about as many as so many cells have: nobody is known to all. */
export const SAMPLE_CELLS = 8

/** Knowing fewer of its own cell, it keeps all in mind. */
export const SMALL_CELL = 30

/** Who comes in listens so long, before it speaks to a swarm that may be large. */
export const LEARN_MS = 6000

/** Whether the swarm is to be divided otherwise is looked at no more often than this. */
export const DIVIDE_EVERY_MS = 5000

/** A peer counts until it has been silent for so many of its intervals, or of ours: by then it should have spoken again. */
export const COUNTED_INTERVALS = 1.3

/** Announcements of one topic that are passed on per second, and at once: strangers with many names take no more than that. */
export const HEARD_PER_SECOND = 10
export const HEARD_AT_ONCE = 500

/** That some were not is told so often. */
export const SHED_EVERY_MS = 60_000

/** Shortest and longest mean interval between a peer's announcements. */
export const MIN_INTERVAL_MS = 5000
export const MAX_INTERVAL_MS = 16 * 3_600_000

/** An announcement stays valid for so many of its peer's intervals: two may get lost. So it also says how long these are. */
export const TTL_INTERVALS = 3.5

/** Validity that is believed: from ten seconds to three days. */
export const MIN_TTL_SECONDS = 10
export const MAX_TTL_SECONDS = 259_200

/** Announcements of one peer that come faster are not passed on. An honest peer leaves at least two seconds between them. */
export const MIN_GAP_MS = 1000

/** Peers remembered per swarm: ten cells. The one not heard of for the longest goes first. */
export const MAX_MEMBERS = 4096

/** How long an estimate of a swarm's size is used before the members are counted again. */
export const COUNT_EVERY_MS = 1000

/** Heads, and purges, of one content that are judged per second, and at once: each costs the check of a signature. */
export const JUDGED_PER_SECOND = 10
export const JUDGED_AT_ONCE = 10
