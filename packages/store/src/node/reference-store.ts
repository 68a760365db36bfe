import * as fs from 'node:fs/promises'
import { systemClock, uncleared, type Clock } from '@shoal/base'
import { verifyBlock } from '@shoal/content'
import {
  BlockMismatchError, StoreError, type BlockRef, type BlockStore, type Collected, type CollectOptions, type FileReference, type PutOptions,
  type ReferenceStore, type StoreEvent, type VerifiedBlock
} from '@shoal/interface'
import { OPEN_FILES, REFERENCE_CHECK_INTERVAL_MS } from '../defaults.js'
import { DirectorySink, type FileSink, type FileSinkInit } from './file-sink.js'
import { HandleCache } from './handles.js'
import { storeFailure } from '../packs/io.js'
import { Places, type Place, type PlacedFile } from './places.js'

export interface ReferenceStoreInit {
  /** @default the system's */
  clock?: Clock | undefined
}

/** A `ReferenceStore` that also saves contents into files, and serves from them at once. */
export interface FileReferenceStore extends ReferenceStore {
  /** A new download into `out`. */
  sink (init: FileSinkInit): FileSink
}

/**
 * Holds blocks where they lie in somebody else's files, and everything else in `backing`. A reference is read in place and hashed each
 * time. A file whose size or modification time changed, that is gone, or that holds one wrong block is withdrawn as a whole, with one
 * event. `put` of a block that is referenced writes nothing.
 */
export function referenceStore (backing: BlockStore, init: ReferenceStoreInit = {}): FileReferenceStore {
  return new FileSystemReferenceStore(backing, init.clock ?? systemClock)
}

class FileSystemReferenceStore implements FileReferenceStore {
  onevent: ((event: StoreEvent) => void) | undefined
  readonly #backing: BlockStore
  readonly #clock: Clock
  readonly #places = new Places()
  #handles = new HandleCache(OPEN_FILES)

  constructor (backing: BlockStore, clock: Clock) {
    this.#backing = backing
    this.#clock = clock
    backing.onevent = event => { this.#pass(event) }
  }

  get used (): number {
    return this.#backing.used
  }

  get quota (): number {
    return this.#backing.quota
  }

  async open (): Promise<void> {
    await this.#backing.open()
    this.#handles = new HandleCache(OPEN_FILES)
  }

  async close (): Promise<void> {
    await this.#handles.close()
    await this.#backing.close()
  }

  has (digest: Uint8Array): boolean {
    return this.#places.has(digest) || this.#backing.has(digest)
  }

  async get (ref: BlockRef): Promise<VerifiedBlock | undefined> {
    for (let place = this.#places.find(ref.digest); place !== undefined; place = this.#places.find(ref.digest)) {
      // Same digest, other length: the reference is wrong, not the file.
      if (ref.size !== undefined && ref.size !== place.size) return undefined
      const block = await this.#read(ref.digest, place)
      if (block !== undefined) return block
    }
    return this.#backing.get(ref)
  }

  async put (block: VerifiedBlock, options?: PutOptions): Promise<void> {
    if (!this.#places.has(block.digest)) await this.#backing.put(block, options)
  }

  async delete (digest: Uint8Array): Promise<void> {
    this.#places.remove(digest)
    await this.#backing.delete(digest)
  }

  pin (digest: Uint8Array): void {
    this.#backing.pin(digest)
  }

  unpin (digest: Uint8Array): void {
    this.#backing.unpin(digest)
  }

  pinned (digest: Uint8Array): boolean {
    return this.#backing.pinned(digest)
  }

  demote (digest: Uint8Array): void {
    this.#backing.demote(digest)
  }

  promote (digest: Uint8Array): void {
    this.#backing.promote(digest)
  }

  async collect (options?: CollectOptions): Promise<Collected> {
    return await this.#backing.collect(options)
  }

  reference (reference: FileReference): void {
    let file = this.#places.file(reference.path)
    if (file !== undefined && (file.size !== reference.size || file.mtimeMs !== reference.mtimeMs)) {
      this.#withdraw(file, 'it was published again with other contents')
      file = undefined
    }
    // A file that was replaced by one of the same size and time may still be open as it was.
    forget(this.#handles, reference.path)
    file ??= this.#places.addFile(reference.path, reference.size, reference.mtimeMs, this.#clock.now())
    let offset = reference.offset
    for (const { digest, size } of reference.blocks) {
      if (size === undefined) throw new TypeError('every block of a file reference needs a size')
      this.#places.add(file, digest, offset, size)
      offset += size
    }
  }

  unreference (path: string): void {
    const file = this.#places.file(path)
    if (file === undefined) return
    this.#places.removeFile(file)
    forget(this.#handles, path)
  }

  sink (init: FileSinkInit): FileSink {
    return new DirectorySink(init, {
      handles: this.#handles,
      begin: (path, size) => this.#begin(path, size),
      hold: (file, digest, offset, size) => { if (this.#current(file)) this.#places.add(file, digest, offset, size) },
      settle: (file, path, work) => this.#settle(file, path, work),
      holds: file => this.#current(file)
    })
  }

  /** `undefined` when the place is to be looked up again: the file was withdrawn, or moved meanwhile. */
  async #read (digest: Uint8Array, { file, offset, size }: Place): Promise<VerifiedBlock | undefined> {
    await file.moving
    const { path } = file
    try {
      const change = await this.#changed(file)
      if (change !== undefined) {
        if (file.path === path) this.#withdraw(file, change)
        return undefined
      }
      const bytes = uncleared(size)
      const { bytesRead } = await this.#handles.use(path, 'r', handle => handle.read(bytes, 0, size, offset))
      return await verifyBlock({ digest, size }, bytesRead === size ? bytes : bytes.subarray(0, bytesRead))
    } catch (error) {
      await file.moving
      if (file.path !== path) return undefined
      // closed meanwhile
      if (error instanceof StoreError) throw error
      const code = (error as NodeJS.ErrnoException).code ?? ''
      // The machine is short of something: that says nothing about the file.
      if (SHORTAGES.has(code)) throw storeFailure(error, `reading ${path}`)
      this.#withdraw(file, error instanceof BlockMismatchError
        ? `the block at ${offset} is not what was published`
        : `it cannot be read: ${(error as Error).message}`)
      return undefined
    }
  }

  /**
   * Looks at the path, not at the open file: one that was replaced by a rename keeps its old contents for those who have it open. At most
   * once a second and file, for it costs as much as reading a small block.
   */
  async #changed (file: PlacedFile): Promise<string | undefined> {
    const now = this.#clock.now()
    if (file.mtimeMs === undefined || now - file.checkedAt < REFERENCE_CHECK_INTERVAL_MS) return undefined
    const { size, mtimeMs } = await fs.stat(file.path)
    // A sink may have finished the file while we looked.
    if (file.mtimeMs === undefined) return undefined
    if (size !== file.size) return `its size changed from ${file.size} to ${size} bytes`
    if (mtimeMs !== file.mtimeMs) return 'it was modified'
    file.checkedAt = now
    return undefined
  }

  #withdraw (file: PlacedFile, reason: string): void {
    if (!this.#current(file)) return
    const blocks = this.#places.removeFile(file).filter(({ digest }) => !this.#backing.has(digest))
    forget(this.#handles, file.path)
    this.onevent?.({ type: 'withdrawn', path: file.path, blocks, reason })
  }

  #current (file: PlacedFile): boolean {
    return this.#places.file(file.path) === file
  }

  #begin (path: string, size: number): PlacedFile {
    const known = this.#places.file(path)
    if (known?.size === size) {
      known.mtimeMs = undefined
      return known
    }
    if (known !== undefined) this.#withdraw(known, 'another download writes to it')
    return this.#places.addFile(path, size, undefined, this.#clock.now())
  }

  async #settle (file: PlacedFile, path: string, work: () => Promise<number>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    file.moving = promise
    try {
      const mtimeMs = await work()
      if (!this.#current(file)) return
      if (path !== file.path) {
        const replaced = this.#places.file(path)
        if (replaced !== undefined) this.#withdraw(replaced, 'it was downloaded again')
        forget(this.#handles, file.path)
        forget(this.#handles, path)
        this.#places.move(file, path)
      }
      file.mtimeMs = mtimeMs
      file.checkedAt = this.#clock.now()
    } finally {
      file.moving = undefined
      resolve(undefined)
    }
  }

  /** What the backing store lost may still be held by reference. */
  #pass (event: StoreEvent): void {
    if (event.type !== 'evicted') {
      this.onevent?.(event)
      return
    }
    const digests = event.digests.filter(digest => !this.#places.has(digest))
    if (digests.length > 0) this.onevent?.({ type: 'evicted', digests })
  }
}

/** Handles that were only read from: an error on close says nothing. */
function forget (handles: HandleCache, path: string): void {
  handles.forget(path).catch(() => {})
}

const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN', 'EBUSY'])
