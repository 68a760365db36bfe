import { writeAt, type FileIo } from './io.js'

/** Bytes that go to the disk at once, at most: more would only make others wait. */
const MAX_BYTES = 1024 * 1024
/** Pieces that the system takes at once. @see IOV_MAX */
const MAX_PIECES = 256

/** What it takes to write to a file. */
export type AppendIo = Pick<FileIo, 'write' | 'writev'>

interface Piece {
  readonly bytes: Uint8Array
  readonly position: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes to one file, one at a time: what comes meanwhile waits, and pieces that lie one behind the other then go together. Each write is
 * handed to another thread and back, which costs the main thread as much as the copying of a block; on a busy machine more.
 */
export class Append {
  readonly #io: AppendIo
  readonly #fd: number
  #waiting: Piece[] = []
  #writing = false

  constructor (io: AppendIo, fd: number) {
    this.#io = io
    this.#fd = fd
  }

  /** Resolves when all of `bytes` is written, which must not change until then. */
  write (bytes: Uint8Array, position: number): Promise<void> {
    if (this.#io.writev === undefined) return writeAt(this.#io, this.#fd, bytes, position)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, position, resolve, reject })
      if (!this.#writing) void this.#run()
    })
  }

  async #run (): Promise<void> {
    this.#writing = true
    while (this.#waiting.length > 0) {
      const pieces = this.#next()
      const [first] = pieces as [Piece]
      try {
        if (pieces.length === 1) await writeAt(this.#io, this.#fd, first.bytes, first.position)
        else await this.#together(pieces, first.position)
        for (const { resolve } of pieces) resolve()
      } catch (error) {
        // which of them it was about is not known: each is written, or fails, for itself
        for (const { bytes, position, resolve, reject } of pieces) {
          if (pieces.length === 1) reject(error)
          else await writeAt(this.#io, this.#fd, bytes, position).then(resolve, reject)
        }
      }
    }
    this.#writing = false
  }

  /** What waits longest, and what lies behind it. */
  #next (): Piece[] {
    const pieces: Piece[] = []
    let [end, size] = [this.#waiting[0]?.position, 0]
    for (const piece of this.#waiting) {
      const { position, bytes: { byteLength } } = piece
      if (position !== end || pieces.length === MAX_PIECES || (size > 0 && size + byteLength > MAX_BYTES)) break
      pieces.push(piece)
      size += byteLength
      end = position + byteLength
    }
    this.#waiting = this.#waiting.slice(pieces.length)
    return pieces
  }

  #together (pieces: readonly Piece[], position: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const size = pieces.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
      this.#io.writev?.(this.#fd, pieces.map(({ bytes }) => bytes), position, (error, written) => {
        if (error !== null) reject(error)
        else if (written < size) reject(new RangeError(`wrote ${written} of ${size} bytes`))
        else resolve()
      })
    })
  }
}
