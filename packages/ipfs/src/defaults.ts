/** Largest block that IPFS peers take of each other, and we of them: 2 MiB. */
export const MAX_BLOCK_BYTES = 2 * 1024 * 1024

/** Blocks too large for Shoal's store that are kept in memory while a graph is walked: at most 64 MiB. */
export const LARGE_BLOCKS = 32

/** Blocks fetched from the IPFS world that are given on, as digests: the oldest are forgotten first. */
export const MAX_FETCHED = 65_536

/** Between two looks at which contents are open. */
export const REFRESH_MS = 1_000

/** A source that has not given a block in this time is given up. */
export const BLOCK_TIMEOUT_MS = 60_000

/** Blocks of a file that are asked for at the same time. */
export const READ_AHEAD = 16

/** Segments of contents that are made known to the IPFS world: what stands above their leaves is kept in the store. */
export const MAX_SEGMENTS = 100_000

/** Levels of a graph. */
export const MAX_DEPTH = 64
