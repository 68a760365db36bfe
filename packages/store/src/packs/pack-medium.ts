import { toHex } from '@shoal/base'
import { BLOCK_SIZE_BYTES } from '@shoal/content'
import { StoreError, StoreFullError } from '@shoal/interface'
import { DISK_PAGE_BYTES } from '../defaults.js'
import { DigestTable, withPlace } from '../digest-table.js'
import type { Medium, MediumListener } from '../medium-store.js'
import { storeFailure, type FileIo, type IoError } from './io.js'
import { Pack } from './pack.js'
import type { SlotRecord } from './slot-record.js'
import { Turns } from './turns.js'

const KIB = 1024
const NOTHING = new Uint8Array(0)
/** Of either of its files: the other one may have been lost. */
const PACK_NAME = /^([1-9][0-9]{0,2})k(?:\.index)?$/

/**
 * A pack for every size that blocks have, in pages: nothing is lost to rounding beside what the quota counts. Together the packs are never
 * longer than the quota: where one would have to grow while others have free slots, those are shortened first.
 */
export class PackMedium implements Medium {
  readonly #path: string
  readonly #quota: number
  readonly #io: FileIo
  /** By bytes of a slot. */
  readonly #packs = new Map<number, Pack>()
  readonly #opening = new Map<number, Promise<Pack>>()
  /** Every block that is whole on the disk, and by its number there: slot, size and expiry. */
  #table = new DigestTable()
  #slots = new Uint32Array(0)
  #sizes = new Uint32Array(0)
  #expiries = new Uint32Array(0)
  /** Shared by writes and deletions, alone for what moves blocks or shortens files. */
  readonly #turns = new Turns()
  readonly #reads = new Set<Promise<unknown>>()
  readonly #removals = new Set<Promise<unknown>>()
  #unlock: (() => void) | undefined

  constructor (path: string, quota: number, io: FileIo) {
    this.#path = path
    this.#quota = quota
    this.#io = io
  }

  async open ({ found }: MediumListener): Promise<void> {
    try {
      await this.#io.list(this.#path)
    } catch (error) {
      throw storeFailure(error, `creating ${this.#path}`)
    }
    this.#unlock = await this.#io.lock(this.#path)
    try {
      this.#table = new DigestTable()
      for (const name of await this.#io.list(`${this.#path}/packs`)) {
        const slotBytes = Number(PACK_NAME.exec(name)?.[1]) * KIB
        if (!(slotBytes <= BLOCK_SIZE_BYTES && slotBytes % DISK_PAGE_BYTES === 0) || this.#packs.has(slotBytes)) continue
        const pack = await this.#pack(slotBytes)
        await pack.load(({ digest, size, expiry }, slot) => {
          // Of two the first counts: the process died before the one that had been moved was cleared.
          if (slotOf(size) !== slotBytes || this.#table.find(digest) !== -1) return -1
          found(digest, size, expiry)
          return this.#enter(digest, size, expiry, slot)
        })
      }
    } catch (error) {
      await this.close()
      throw storeFailure(error, `opening ${this.#path}`)
    }
  }

  async close (): Promise<void> {
    await this.#turns.alone(async () => {
      await Promise.allSettled(this.#reads)
      for (const pack of this.#packs.values()) await pack.close()
      this.#packs.clear()
    })
    this.#unlock?.()
    this.#unlock = undefined
  }

  async read (digest: Uint8Array, size: number): Promise<Uint8Array | undefined> {
    const reading = this.#read(digest, size)
    this.#reads.add(reading)
    try {
      return await reading
    } catch (error) {
      if ((error as IoError).code === 'EIO') return NOTHING
      throw storeFailure(error, `reading ${this.where(digest, size)}`)
    } finally {
      this.#reads.delete(reading)
    }
  }

  async write (digest: Uint8Array, bytes: Uint8Array, expiry: number): Promise<void> {
    try {
      try {
        await this.#write(digest, bytes, expiry)
      } catch (error) {
        if (!(error instanceof StoreFullError)) throw error
        // Free slots of other packs may take what there is on the disk: give up the new slot, and at least as much of theirs.
        const target = this.#bytes() - 2 * slotOf(bytes.byteLength)
        if (!await this.#shrinkTo(target)) throw error
        await this.#write(digest, bytes, expiry)
      }
    } catch (error) {
      throw storeFailure(error, `writing ${this.where(digest, bytes.byteLength)}`)
    }
  }

  async extend (digest: Uint8Array, size: number, expiry: number): Promise<void> {
    try {
      await this.#turns.share(async () => {
        const block = this.#table.find(digest)
        if (block === -1) return
        await (await this.#pack(slotOf(size))).record(this.#slots[block] as number, { digest, size, expiry })
        this.#expiries[block] = expiry
      })
    } catch (error) {
      throw storeFailure(error, `writing ${this.where(digest, size)}`)
    }
  }

  async remove (digest: Uint8Array, size: number): Promise<void> {
    const removal = this.#remove(digest, size)
    this.#removals.add(removal)
    try {
      await removal
    } catch (error) {
      throw storeFailure(error, `deleting ${this.where(digest, size)}`)
    } finally {
      this.#removals.delete(removal)
    }
  }

  /** All that is whole on the disk: digest, size, expiry. */
  * blocks (): Generator<SlotRecord> {
    for (const block of this.#table.slots()) {
      yield { digest: this.#table.digest(block), size: this.#sizes[block] as number, expiry: this.#expiries[block] as number }
    }
  }

  where (digest: Uint8Array, size: number): string {
    const block = this.#table.find(digest)
    return `${this.#nameOf(slotOf(size))}, ${block === -1 ? `block ${toHex(digest)}` : `slot ${this.#slots[block] as number}`}`
  }

  async #read (digest: Uint8Array, size: number): Promise<Uint8Array | undefined> {
    for (let block = this.#table.find(digest); block !== -1; block = this.#table.find(digest)) {
      const slot = this.#slots[block] as number
      const bytes = await this.#packs.get(slotOf(size))?.read(slot, size)
      // Unless it was moved meanwhile.
      const now = this.#table.find(digest)
      if (now !== -1 && this.#slots[now] === slot) return bytes
    }
    return undefined
  }

  async #remove (digest: Uint8Array, size: number): Promise<void> {
    const pack = await this.#turns.share(async () => {
      const block = this.#table.find(digest)
      if (block === -1) return undefined
      const pack = await this.#pack(slotOf(size))
      const slot = this.#slots[block] as number
      this.#table.remove(block)
      await pack.clear(slot)
      return pack
    })
    if (pack?.isLong === true) await this.#turns.alone(async () => { if (pack.isLong) await this.#shrink(pack) })
    if (this.#bytes() > this.#quota) await this.#shrinkTo(this.#quota)
  }

  async #write (digest: Uint8Array, bytes: Uint8Array, expiry: number): Promise<void> {
    const size = bytes.byteLength
    const slotBytes = slotOf(size)
    const target = this.#quota - slotBytes
    const write = async (): Promise<boolean> => {
      // another page may have been faster
      if (this.#table.find(digest) !== -1) return true
      const pack = await this.#pack(slotBytes)
      if (pack.freeBytes === 0 && this.#bytes() > target) return false
      const slot = pack.take()
      try {
        await pack.write(slot, digest, bytes, expiry)
        pack.own(slot, this.#enter(digest, size, expiry, slot))
      } catch (error) {
        // The record may be there in part, or whole.
        await pack.clear(slot).catch(() => {})
        throw storeFailure(error, `writing ${pack.path}`)
      }
      return true
    }
    while (!await this.#turns.share(write)) {
      const removals = [...this.#removals]
      if (await this.#shrinkTo(target)) continue
      // All slots are taken; some of them by blocks that are about to be deleted.
      if (removals.length > 0) await Promise.race(removals).catch(() => {})
      else throw new StoreFullError(`all of the ${this.#quota} bytes that the store may have are taken; raise the quota`)
    }
  }

  #bytes (): number {
    let sum = 0
    for (const pack of this.#packs.values()) sum += pack.bytes
    return sum
  }

  /** Shortens packs until they take `bytes` together. False when that is not to be had: there is not one free slot any more. */
  async #shrinkTo (bytes: number): Promise<boolean> {
    return this.#turns.alone(async () => {
      while (this.#bytes() > bytes) {
        let roomiest: Pack | undefined
        for (const pack of this.#packs.values()) if (pack.freeBytes > (roomiest?.freeBytes ?? 0)) roomiest = pack
        if (roomiest === undefined) return false
        await this.#shrink(roomiest)
      }
      return true
    })
  }

  async #shrink (pack: Pack): Promise<void> {
    await pack.shrink(async (block, from) => {
      const to = pack.take()
      const bytes = new Uint8Array(this.#sizes[block] as number)
      try {
        // What cannot be read any more is found to be wrong by whoever asks for it.
        bytes.set(await pack.read(from, bytes.byteLength).catch(() => NOTHING))
        await pack.write(to, this.#table.digest(block), bytes, this.#expiries[block] as number)
      } catch (error) {
        await pack.clear(to).catch(() => {})
        throw error
      }
      pack.own(to, block)
      this.#slots[block] = to
      await pack.clear(from)
    })
  }

  #enter (digest: Uint8Array, size: number, expiry: number, slot: number): number {
    const block = this.#table.add(digest)
    this.#slots = withPlace(this.#slots, block)
    this.#sizes = withPlace(this.#sizes, block)
    this.#expiries = withPlace(this.#expiries, block)
    this.#slots[block] = slot
    this.#sizes[block] = size
    this.#expiries[block] = expiry
    return block
  }

  /** The pack of slots of this length, made when it is not there. */
  async #pack (slotBytes: number): Promise<Pack> {
    if (this.#unlock === undefined) throw new StoreError(`the store in ${this.#path} is not open; call open() first`)
    const known = this.#packs.get(slotBytes)
    if (known !== undefined) return known
    const opening = this.#opening.get(slotBytes) ?? Pack.open(this.#nameOf(slotBytes), slotBytes, this.#io)
    this.#opening.set(slotBytes, opening)
    try {
      const pack = await opening
      this.#packs.set(slotBytes, pack)
      return pack
    } finally {
      this.#opening.delete(slotBytes)
    }
  }

  #nameOf (slotBytes: number): string {
    return `${this.#path}/packs/${slotBytes / KIB}k`
  }
}

/** Bytes of the slot that a block of `size` bytes lies in. */
function slotOf (size: number): number {
  return Math.ceil(size / DISK_PAGE_BYTES) * DISK_PAGE_BYTES
}
