import { withPlace } from '../digest-table.js'
import { Append } from './append.js'
import { closeFile, openFile, readAt, truncate, type FileIo } from './io.js'
import { decodeRecord, encodeRecord, NO_RECORD, RECORD_BYTES, type SlotRecord } from './slot-record.js'

const INITIAL_SLOTS = 16
const FREE = 0
/** Being written or cleared. */
const BUSY = 0xffff_ffff
const RECORDS_AT_A_TIME = 16_384

/**
 * Blocks of about one size in one file, in slots of the same length, and beside it the index: what lies in a slot is said by the record in
 * the same place there. Bytes are written before their record and the record is cleared before the slot is used again, so that whenever
 * the process dies, every record tells the truth. Records are overwritten in place: clearing one needs no room on a full disk.
 */
export class Pack {
  readonly path: string
  readonly slotBytes: number
  readonly #io: FileIo
  readonly #data: number
  readonly #index: number
  readonly #bytes: Append
  readonly #records: Append
  /** By slot: FREE, BUSY, or the owner's number of the block + 1. */
  #owners = new Uint32Array(INITIAL_SLOTS)
  #taken = 0
  /** No slot below is free. */
  #lowest = 0
  /** Behind the last slot that is taken. */
  #end = 0
  /** Slots that the file has. */
  #length = 0

  private constructor (path: string, slotBytes: number, io: FileIo, data: number, index: number) {
    this.path = path
    this.slotBytes = slotBytes
    this.#io = io
    this.#data = data
    this.#index = index
    this.#bytes = new Append(io, data)
    this.#records = new Append(io, index)
  }

  static async open (path: string, slotBytes: number, io: FileIo): Promise<Pack> {
    const data = await openFile(io, path)
    try {
      return new Pack(path, slotBytes, io, data, await openFile(io, `${path}.index`))
    } catch (error) {
      await closeFile(io, data)
      throw error
    }
  }

  /** Length of the file at most, of which `freeBytes` hold nothing. */
  get bytes (): number {
    return this.#length * this.slotBytes
  }

  get freeBytes (): number {
    return (this.#length - this.#taken) * this.slotBytes
  }

  /** Half of the file and more, at its end, holds nothing. */
  get isLong (): boolean {
    return this.#length > 0 && this.#end <= this.#length / 2
  }

  /** Enters all that the index knows: `found` gives the owner's number for it, −1 when it wants none. Cuts off the rest. */
  async load (found: (block: SlotRecord, slot: number) => number): Promise<void> {
    for (let slot = 0; ;) {
      const records = await readAt(this.#io, this.#index, RECORDS_AT_A_TIME * RECORD_BYTES, slot * RECORD_BYTES)
      for (let at = 0; at < records.byteLength; at += RECORD_BYTES, slot++) {
        const block = decodeRecord(records.subarray(at, at + RECORD_BYTES))
        const owner = block === undefined || block.size > this.slotBytes ? -1 : found(block, slot)
        if (owner === -1) continue
        this.#owners = withPlace(this.#owners, slot)
        this.#owners[slot] = owner + 1
        this.#end = slot + 1
        this.#taken++
      }
      if (records.byteLength < RECORDS_AT_A_TIME * RECORD_BYTES) break
    }
    this.#length = this.#end
    await this.#truncate()
  }

  async close (): Promise<void> {
    await closeFile(this.#io, this.#data)
    await closeFile(this.#io, this.#index)
  }

  /** The lowest free slot, which nobody else gets. */
  take (): number {
    let slot = this.#lowest
    while (slot < this.#end && this.#owners[slot] !== FREE) slot++
    this.#owners = withPlace(this.#owners, slot)
    this.#owners[slot] = BUSY
    this.#taken++
    this.#lowest = slot + 1
    this.#end = Math.max(this.#end, this.#lowest)
    this.#length = Math.max(this.#length, this.#end)
    return slot
  }

  /** The slot is free: nothing was written to it, or its record was cleared. */
  release (slot: number): void {
    this.#owners[slot] = FREE
    this.#taken--
    this.#lowest = Math.min(this.#lowest, slot)
    while (this.#end > 0 && this.#owners[this.#end - 1] === FREE) this.#end--
  }

  /** Fills a slot that was taken with the block that its owner knows by `owner`. */
  async write (slot: number, digest: Uint8Array, bytes: Uint8Array, expiry: number): Promise<void> {
    await this.#bytes.write(bytes, slot * this.slotBytes)
    await this.record(slot, { digest, size: bytes.byteLength, expiry })
  }

  /** Says what lies in a slot. */
  async record (slot: number, block: SlotRecord): Promise<void> {
    await this.#records.write(encodeRecord(block), slot * RECORD_BYTES)
  }

  own (slot: number, owner: number): void {
    this.#owners[slot] = owner + 1
  }

  read (slot: number, size: number): Promise<Uint8Array> {
    return readAt(this.#io, this.#data, size, slot * this.slotBytes)
  }

  /** Clears a slot's record, and frees it even if that fails: then it says at worst what a reader finds to be wrong. */
  async clear (slot: number): Promise<void> {
    this.#owners[slot] = BUSY
    try {
      await this.#records.write(NO_RECORD, slot * RECORD_BYTES)
    } finally {
      this.release(slot)
    }
  }

  /**
   * Gives the free slots at the end back to the disk; when there are none there but elsewhere, after `move` brought the last block to the
   * lowest one. Not while any slot is busy.
   */
  async shrink (move: (owner: number, from: number) => Promise<void>): Promise<void> {
    if (this.#end === this.#length && this.#taken < this.#length) await move((this.#owners[this.#end - 1] as number) - 1, this.#end - 1)
    this.#length = this.#end
    await this.#truncate()
  }

  async #truncate (): Promise<void> {
    await truncate(this.#io, this.#index, this.#length * RECORD_BYTES)
    // Its last block need not fill its slot: this may make the file longer, by a hole.
    await truncate(this.#io, this.#data, this.bytes)
  }
}
