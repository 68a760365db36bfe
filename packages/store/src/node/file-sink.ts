import * as fs from 'node:fs/promises'
import * as nodePath from 'node:path'
import { StoreError, type BlockRef, type VerifiedBlock } from '@shoal/interface'
import { PART_SUFFIX, SINK_WRITES } from '../defaults.js'
import { Append, type AppendIo } from '../packs/append.js'
import type { HandleCache } from './handles.js'
import { storeFailure, type IoError } from '../packs/io.js'
import type { PlacedFile } from './places.js'
import { Slots } from './slots.js'
import { verifyFile } from './verify-file.js'

export interface FileSinkInit {
  /** Where the content goes. */
  out: string
  /** `file`: the only segment is written to `out` itself. `directory`: segments go under `out` by their paths. */
  kind: 'file' | 'directory'
}

/** A download into files. What is written is held by the store by reference at once, and is served while the rest is still missing. */
export interface FileSink {
  /**
   * The file of a segment; the same one for the same path. Touches no disk.
   *
   * @throws StoreError when the path leads out of `out` or ends like an unfinished file
   */
  file (path: string, size: number): SinkFile
  /** Stops. Unfinished files stay, are served on, and are taken up again by the next sink. Finished ones are untouched. */
  close (): Promise<void>
}

/**
 * One file on its way: sparse, of its final size, called `<name>.shoal-part` until `finish`. Nothing is flushed to the medium: after a
 * power failure `verifyExisting` finds what is missing.
 */
export interface SinkFile {
  /** Absolute path of the finished file. */
  readonly path: string
  /** True after `finish`, or when `verifyExisting` found the whole file in place. */
  readonly finished: boolean
  /**
   * Hashes what an earlier run left, the finished file too, and holds what is good. Returns for each block whether it is there. Call it
   * first, and again when another program changed the file.
   *
   * @param blocks of the whole segment, in order
   */
  verifyExisting (blocks: readonly BlockRef[], options?: VerifyExistingOptions): Promise<boolean[]>
  /**
   * Resolves when the block is written and held. At most 8 are written at the same time by one sink, more wait: await it before giving
   * more.
   *
   * @throws StoreFullError when the disk is full; what was written before stays good
   * @throws StoreError when the medium fails, or the file was finished or withdrawn
   */
  write (offset: number, block: VerifiedBlock): Promise<void>
  /** Gives the complete file its name. @throws StoreError when bytes are missing or another program changed it */
  finish (): Promise<void>
}

export interface VerifyExistingOptions {
  signal?: AbortSignal | undefined
  /** Bytes found good so far. */
  onprogress?: ((bytes: number) => void) | undefined
}

/** How a sink tells the store what lies in the files that it is writing. */
export interface SinkPort {
  readonly handles: HandleCache
  /** Starts, or goes on, writing to a file: its modification time means nothing until `settle`. */
  begin (path: string, size: number): PlacedFile
  /** The block lies at `offset` from now on. */
  hold (file: PlacedFile, digest: Uint8Array, offset: number, size: number): void
  /** Runs `work`, which may move the file to `path` and returns its modification time; nothing more is written. Readers wait meanwhile. */
  settle (file: PlacedFile, path: string, work: () => Promise<number>): Promise<void>
  /** False once the file has been withdrawn. */
  holds (file: PlacedFile): boolean
}

export class DirectorySink implements FileSink {
  readonly #out: string
  readonly #kind: 'file' | 'directory'
  readonly #port: SinkPort
  readonly #files = new Map<string, PartFile>()
  readonly #slots = new Slots(SINK_WRITES)

  constructor (init: FileSinkInit, port: SinkPort) {
    this.#out = nodePath.resolve(init.out)
    this.#kind = init.kind
    this.#port = port
  }

  file (path: string, size: number): SinkFile {
    const target = this.#kind === 'file' ? this.#out : nodePath.resolve(this.#out, path)
    if (path.includes('\0') || (this.#kind === 'directory' && !target.startsWith(this.#out + nodePath.sep))) {
      throw new StoreError(`the path ${JSON.stringify(path)} does not lie inside ${this.#out}; the content cannot be saved`)
    }
    if (target.endsWith(PART_SUFFIX)) {
      throw new StoreError(`${target} ends in ${PART_SUFFIX}, which is kept for unfinished files; the content cannot be saved under this name`)
    }
    let file = this.#files.get(target)
    if (file === undefined) {
      file = new PartFile(target, size, this.#port, this.#slots)
      this.#files.set(target, file)
    }
    return file
  }

  async close (): Promise<void> {
    await Promise.all([...this.#files.values()].map(file => file.pause()))
    this.#files.clear()
  }
}

class PartFile implements SinkFile {
  readonly path: string
  readonly #size: number
  readonly #port: SinkPort
  readonly #slots: Slots
  readonly #append: Append
  #state: 'open' | 'paused' | 'finished' = 'open'
  #begun: Promise<PlacedFile> | undefined
  /** Offsets of the blocks that are there, and their bytes. */
  readonly #done = new Set<number>()
  #doneBytes = 0
  readonly #writes = new Set<Promise<void>>()

  constructor (path: string, size: number, port: SinkPort, slots: Slots) {
    this.path = path
    this.#size = size
    this.#port = port
    this.#slots = slots
    this.#append = new Append(throughCache(port.handles, this.#part), NO_DESCRIPTOR)
  }

  get finished (): boolean {
    return this.#state === 'finished'
  }

  async verifyExisting (blocks: readonly BlockRef[], options: VerifyExistingOptions = {}): Promise<boolean[]> {
    const good = new Array<boolean>(blocks.length).fill(false)
    this.#assertOpen()
    this.#begun = undefined
    this.#done.clear()
    this.#doneBytes = 0
    const source = await this.#existing()
    if (source === undefined) return good
    const found: { digest: Uint8Array, offset: number, size: number }[] = []
    let bytes = 0
    try {
      const handle = await fs.open(source, 'r')
      try {
        await verifyFile(handle, blocks, (index, offset) => {
          const { digest, size = 0 } = blocks[index] as BlockRef
          good[index] = true
          found.push({ digest, offset, size })
          bytes += size
          options.onprogress?.(bytes)
        }, options.signal)
      } finally {
        await handle.close()
      }
      if (source === this.path) {
        if (bytes === 0 && this.#size > 0) return good
        if (bytes !== this.#size) await fs.rename(this.path, this.#part)
      }
    } catch (error) {
      options.signal?.throwIfAborted()
      throw storeFailure(error, `verifying ${source}`)
    }
    if (source === this.path && bytes === this.#size) {
      const file = this.#port.begin(this.path, this.#size)
      for (const { digest, offset, size } of found) this.#port.hold(file, digest, offset, size)
      await this.#port.settle(file, this.path, () => modified(this.path))
      this.#state = 'finished'
      return good
    }
    const file = await this.#begin()
    for (const { digest, offset, size } of found) this.#hold(file, digest, offset, size)
    return good
  }

  async write (offset: number, block: VerifiedBlock): Promise<void> {
    const size = block.bytes.byteLength
    if (offset < 0 || offset + size > this.#size) {
      throw new RangeError(`a block of ${size} bytes at ${offset} does not lie inside ${this.path} of ${this.#size} bytes`)
    }
    const writing = this.#slots.run(() => this.#write(offset, block))
    this.#writes.add(writing)
    try {
      await writing
    } finally {
      this.#writes.delete(writing)
    }
  }

  async finish (): Promise<void> {
    if (this.#state === 'finished') return
    await Promise.allSettled(this.#writes)
    this.#assertOpen()
    if (this.#doneBytes !== this.#size) {
      throw new StoreError(`${this.path} is not complete: ${this.#doneBytes} of ${this.#size} bytes are there`)
    }
    const file = await this.#begin()
    this.#assertHeld(file)
    this.#state = 'finished'
    try {
      await this.#port.settle(file, this.path, async () => {
        await this.#port.handles.forget(this.#part)
        await fs.rename(this.#part, this.path)
        return modified(this.path)
      })
    } catch (error) {
      this.#state = 'open'
      throw storeFailure(error, `finishing ${this.path}`)
    }
    this.#done.clear()
  }

  /** Leaves an unfinished file as it is, for the next run. */
  async pause (): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'paused'
    await Promise.allSettled(this.#writes)
    const file = await this.#begun?.catch(() => undefined)
    if (file === undefined) return
    await this.#port.settle(file, this.#part, async () => {
      await this.#port.handles.forget(this.#part)
      return modified(this.#part)
    }).catch((error: unknown) => { throw storeFailure(error, `closing ${this.#part}`) })
  }

  async #write (offset: number, { digest, bytes }: VerifiedBlock): Promise<void> {
    this.#assertOpen()
    const file = await this.#begin()
    this.#assertHeld(file)
    try {
      await this.#append.write(bytes, offset)
    } catch (error) {
      throw storeFailure(error, `writing ${this.#part}`)
    }
    this.#hold(file, digest, offset, bytes.byteLength)
  }

  #hold (file: PlacedFile, digest: Uint8Array, offset: number, size: number): void {
    this.#port.hold(file, digest, offset, size)
    if (this.#done.has(offset)) return
    this.#done.add(offset)
    this.#doneBytes += size
  }

  get #part (): string {
    return `${this.path}${PART_SUFFIX}`
  }

  #begin (): Promise<PlacedFile> {
    this.#begun ??= this.#create().catch((error: unknown) => {
      // The next write tries again: somebody may have made room.
      this.#begun = undefined
      throw storeFailure(error, `creating ${this.#part}`)
    })
    return this.#begun
  }

  async #create (): Promise<PlacedFile> {
    await fs.mkdir(nodePath.dirname(this.path), { recursive: true })
    // Said now, not when everything has come and only the name is missing.
    if ((await fs.stat(this.path).catch(() => undefined))?.isDirectory() === true) {
      throw new StoreError(`${this.path} is a folder, where a file is to be written; remove it or choose another place`)
    }
    const handle = await fs.open(this.#part, fs.constants.O_RDWR | fs.constants.O_CREAT)
    try {
      if ((await handle.stat()).size !== this.#size) await handle.truncate(this.#size)
    } finally {
      await handle.close()
    }
    return this.#port.begin(this.#part, this.#size)
  }

  /** What an earlier run left: the unfinished file, or else the finished one when it has the right size. */
  async #existing (): Promise<string | undefined> {
    for (const path of [this.#part, this.path]) {
      const stat = await fs.stat(path).catch(() => undefined)
      if (stat?.isFile() === true && (path === this.#part || stat.size === this.#size)) return path
    }
    return undefined
  }

  #assertOpen (): void {
    if (this.#state !== 'open') throw new StoreError(`${this.path} is ${this.#state}; open a new sink to write to it`)
  }

  #assertHeld (file: PlacedFile): void {
    if (this.#port.holds(file)) return
    throw new StoreError(`${this.#part} was changed by another program while it was written; verify what is there and go on`)
  }
}

/** The cache knows which descriptor it is at the moment. */
const NO_DESCRIPTOR = -1

function throughCache (handles: HandleCache, path: string): AppendIo {
  type Work = (handle: fs.FileHandle) => Promise<{ readonly bytesWritten: number }>
  const tell = (work: Work, done: (error: IoError | null, written: number) => void): void => {
    handles.use(path, 'r+', work).then(({ bytesWritten }) => { done(null, bytesWritten) }, (error: unknown) => { done(error as IoError, 0) })
  }
  return {
    write: (_, bytes, offset, length, position, done) => { tell(handle => handle.write(bytes, offset, length, position), done) },
    writev: (_, pieces, position, done) => { tell(handle => handle.writev(pieces, position), done) }
  }
}

async function modified (path: string): Promise<number> {
  return (await fs.stat(path)).mtimeMs
}
