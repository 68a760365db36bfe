import { BLOCK_SIZE_BYTES } from '@shoal/content'

const DIGEST_BYTES = 32
const CHECKED_BYTES = DIGEST_BYTES + 4 + 4
/** Digest, size, expiry and checksum, these little-endian. */
export const RECORD_BYTES = CHECKED_BYTES + 4
/** What says that a slot is free. */
export const NO_RECORD = new Uint8Array(RECORD_BYTES)

export interface SlotRecord {
  readonly digest: Uint8Array
  readonly size: number
  /** Seconds since 1970, 0: never. */
  readonly expiry: number
}

/** What an index says of a slot. */
export function encodeRecord ({ digest, size, expiry }: SlotRecord): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES)
  const view = new DataView(record.buffer)
  record.set(digest)
  view.setUint32(DIGEST_BYTES, size, true)
  view.setUint32(DIGEST_BYTES + 4, expiry, true)
  view.setUint32(CHECKED_BYTES, checksum(record), true)
  return record
}

/** `undefined` when it says that the slot is free, or was torn. */
export function decodeRecord (record: Uint8Array): SlotRecord | undefined {
  if (record.byteLength !== RECORD_BYTES) return undefined
  const view = new DataView(record.buffer, record.byteOffset, RECORD_BYTES)
  const size = view.getUint32(DIGEST_BYTES, true)
  if (size === 0 || size > BLOCK_SIZE_BYTES || view.getUint32(CHECKED_BYTES, true) !== checksum(record)) return undefined
  return { digest: record.slice(0, DIGEST_BYTES), size, expiry: view.getUint32(DIGEST_BYTES + 4, true) }
}

/** FNV-1a, 32 bits: against torn writes, not against people. */
function checksum (record: Uint8Array): number {
  let hash = 0x811c_9dc5
  for (let i = 0; i < CHECKED_BYTES; i++) hash = Math.imul(hash ^ (record[i] as number), 0x0100_0193)
  return hash >>> 0
}
