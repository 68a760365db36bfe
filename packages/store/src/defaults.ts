/** Blocks of a file system or a database take whole pages: tiny blocks must not hold more than the quota says. */
export const DISK_PAGE_BYTES = 4096
/** What a block in memory costs beside its bytes, at least. */
export const MEMORY_GRAIN_BYTES = 512
/** When room is needed, about this much is cleared at once: a transaction of a database costs more than a block. */
export const EVICTION_BATCH_BYTES = 16 * 1024 * 1024
/** One step of making room takes so many blocks at most, or what one write needs: nobody waits for more. */
export const COLLECT_BLOCKS = 64
/** Times that a write is tried again after a full disk made the store evict. */
export const FULL_DISK_RETRIES = 3
/** Files kept open for reading and writing blocks in place. */
export const OPEN_FILES = 64
/** A referenced file's size and modification time are looked at no more often than this. */
export const REFERENCE_CHECK_INTERVAL_MS = 1000
/** Writes of a sink that are under way at the same time; more wait. */
export const SINK_WRITES = 8
/** Blocks that a sink reads and hashes at the same time when it resumes. */
export const SINK_VERIFICATIONS = 8
/** What an unfinished file of a sink is called: its name and this. */
export const PART_SUFFIX = '.shoal-part'
/** Places remembered for one block: a digest that a thousand files share needs no thousand places. */
export const PLACES_PER_BLOCK = 4
/** A tab that opens the store waits no longer for another one to say what it has pinned. */
export const TAB_ANSWER_MS = 2000
/** What a tab asks of its worker at the start, and of the tab that has the files open, fails after this long without an answer. */
export const OWNER_ANSWER_MS = 5000
