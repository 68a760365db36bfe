import type { BlockRef } from '@shoal/interface'
import { PLACES_PER_BLOCK } from '../defaults.js'
import { DigestTable, withPlace } from '../digest-table.js'

/** A file that holds blocks. The same object stands for it until it is withdrawn. */
export interface PlacedFile {
  /** Changes when a sink finishes the file. */
  path: string
  size: number
  /** `undefined` while we write to it ourselves. */
  mtimeMs: number | undefined
  /** When size and modification time were last found unchanged: ms on the injected clock. */
  checkedAt: number
  /** Set while the file is being renamed: settles when `path` is right again. */
  moving: Promise<void> | undefined
  readonly id: number
  /** First of its places + 1, chained by `#next`. */
  head: number
}

export interface Place {
  readonly file: PlacedFile
  readonly offset: number
  readonly size: number
}

const INITIAL_SLOTS = 64

/** Where blocks lie in files: no I/O, and 64 bytes a block in typed arrays, 5 MB for a file of 20 GiB. */
export class Places {
  readonly #table = new DigestTable()
  readonly #files = new Map<string, PlacedFile>()
  readonly #byId: (PlacedFile | undefined)[] = []
  readonly #freeIds: number[] = []
  #offsets = new Float64Array(INITIAL_SLOTS)
  #sizes = new Uint32Array(INITIAL_SLOTS)
  #owners = new Uint32Array(INITIAL_SLOTS)
  #next = new Uint32Array(INITIAL_SLOTS)

  has (digest: Uint8Array): boolean {
    return this.#table.find(digest) !== -1
  }

  find (digest: Uint8Array): Place | undefined {
    const slot = this.#table.find(digest)
    if (slot === -1) return undefined
    return { file: this.#owner(slot), offset: this.#offsets[slot] as number, size: this.#sizes[slot] as number }
  }

  file (path: string): PlacedFile | undefined {
    return this.#files.get(path)
  }

  addFile (path: string, size: number, mtimeMs: number | undefined, checkedAt: number): PlacedFile {
    const id = this.#freeIds.pop() ?? this.#byId.length
    const file: PlacedFile = { path, size, mtimeMs, checkedAt, moving: undefined, id, head: 0 }
    this.#byId[id] = file
    this.#files.set(path, file)
    return file
  }

  move (file: PlacedFile, path: string): void {
    this.#files.delete(file.path)
    this.#files.set(path, file)
    file.path = path
  }

  add (file: PlacedFile, digest: Uint8Array, offset: number, size: number): void {
    let places = 0
    const known = this.#table.find(digest, slot => this.#owners[slot] === file.id || ++places >= PLACES_PER_BLOCK)
    if (known !== -1) return
    const slot = this.#table.add(digest)
    this.#offsets = withPlace(this.#offsets, slot)
    this.#sizes = withPlace(this.#sizes, slot)
    this.#owners = withPlace(this.#owners, slot)
    this.#next = withPlace(this.#next, slot)
    this.#offsets[slot] = offset
    this.#sizes[slot] = size
    this.#owners[slot] = file.id
    this.#next[slot] = file.head
    file.head = slot + 1
  }

  /** Forgets every place of a block. */
  remove (digest: Uint8Array): void {
    for (let slot = this.#table.find(digest); slot !== -1; slot = this.#table.find(digest)) {
      const file = this.#owner(slot)
      if (file.head === slot + 1) {
        file.head = this.#next[slot] as number
      } else {
        let before = file.head - 1
        while (this.#next[before] !== slot + 1) before = (this.#next[before] as number) - 1
        this.#next[before] = this.#next[slot] as number
      }
      this.#table.remove(slot)
    }
  }

  /** Forgets a file. Returns the blocks that are in no other file either; none when it was forgotten before. */
  removeFile (file: PlacedFile): BlockRef[] {
    if (this.#byId[file.id] !== file) return []
    const gone: BlockRef[] = []
    for (let at = file.head; at !== 0; at = this.#next[at - 1] as number) {
      const slot = at - 1
      const digest = this.#table.digest(slot)
      this.#table.remove(slot)
      if (this.#table.find(digest) === -1) gone.push({ digest, size: this.#sizes[slot] })
    }
    this.#byId[file.id] = undefined
    this.#freeIds.push(file.id)
    if (this.#files.get(file.path) === file) this.#files.delete(file.path)
    return gone
  }

  #owner (slot: number): PlacedFile {
    return this.#byId[this.#owners[slot] as number] as PlacedFile
  }
}
