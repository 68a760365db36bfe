import type { ManifestSegment } from '@shoal/interface'

/** The unit of verification, exchange and storage: 262,144 bytes at most, which is also Kubo's and Helia's default leaf. */
export const BLOCK_SIZE_BYTES = 256 * 1024

/** The segment number under which a manifest's own blocks travel: block 0 is the root, block n + 1 is page n. */
export const MANIFEST_SEGMENT: ManifestSegment = 0xffffffff

/** SHA-256. */
export const DIGEST_BYTES = 32

/**
 * Leaves that each page but the last holds of a segment that does not fit in one page: 259,000 bytes at 32 of digest and 3 of length, which
 * leaves room in a block for the longest path and rendition.
 */
export const SPLIT_LEAVES = 7_400

/** The same of a manifest of any version: the first had no lengths. */
export function splitLeaves (version: number): number {
  return version < 2 ? 8_000 : SPLIT_LEAVES
}

/** 256 GiB in one segment: its digests fill half of the pages kept in memory. */
export const MAX_SEGMENT_BLOCKS = 2 ** 20

/** 4 TiB in one content; a root has room for about so many. */
export const MAX_CONTENT_BLOCKS = 2 ** 24

export const MAX_SEGMENTS = 2 ** 24

/** Pages kept decoded, at most 64 MiB. The least recently used goes first. */
export const MAX_CACHED_PAGES = 256

/** UTF-8 bytes. */
export const MAX_PATH_BYTES = 1_024

/** UTF-8 bytes of one part of a path, and of a content's name: the limit of most file systems. */
export const MAX_NAME_BYTES = 255

/** Longest duration of a segment in ms: a day. */
export const MAX_DURATION_MS = 86_400_000

export const MAX_ORIGINS = 16

/** Characters. */
export const MAX_ORIGIN_LENGTH = 2_048

/** An RSA-8192 key and its signature take about half of it. */
export const MAX_ENVELOPE_BYTES = 4_096

/** Characters. */
export const MAX_LINK_LENGTH = 8_192

/** Addresses in one link. */
export const MAX_LINK_ADDRS = 32

/** Characters. */
export const MAX_ADDR_LENGTH = 1_024

/** Smaller files are cut every 256 KiB: their few leaves would hardly survive a change. */
export const MIN_CONTENT_DEFINED_BYTES = 1024 * 1024

/** A playlist beyond this is only a file. 10,000 segments take about 1 MiB. */
export const MAX_PLAYLIST_BYTES = 16 * 1024 * 1024

/**
 * How bytes become leaves, as a manifest records it: see `cutting.ts`. No leaf is longer than `max` bytes; content-defined ones are longer
 * than `min` and end where the leading `bits` bits of a hash of the last 32 bytes are 0.
 */
export const CHUNKER = { name: 'gear-32', version: 1, min: 128 * 1024, max: BLOCK_SIZE_BYTES, bits: 15 } as const

/** Segment numbers of live contents lie below; the number above all is `MANIFEST_SEGMENT`. */
export const LIVE_SEGMENTS_END = 0xffff_ffff

/** Bytes of a head with its window inside: what a HEAD message holds. */
export const MAX_HEAD_BYTES = 64 * 1024

/** Of a head's envelope, bytes for how its window differs from the one before: the rest has room beside them. */
export const MAX_DELTA_BYTES = 2_048

/** Longest target duration of a live content in ms: an hour. */
export const MAX_TARGET_MS = 3_600_000

/** Segments of one representation that a live MPD is followed with, the newest of those that it lists: a window holds no more. */
export const MAX_LIVE_LISTED = 1_000

/** Heads that are remembered to tell a second one of the same sequence. */
export const HEADS_REMEMBERED = 8

/** Bytes of a signed purge list: fits with the swarm's id into the smallest frame that a peer may ask for. */
export const MAX_PURGE_BYTES = 8_000

/** Characters of why something is purged, and of the tag that it went by, which is that of a policy. */
export const MAX_PURGE_REASON_CHARACTERS = 256
export const MAX_PURGE_TAG_CHARACTERS = 256
