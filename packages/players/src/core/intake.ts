/** Takes bytes as they come. `total`: how many there will be, 0 when unknown. */
export type Sink = (bytes: Uint8Array, total: number) => void

/** One that may want a pause before the next. */
export type PacedSink = (bytes: Uint8Array, total: number) => void | Promise<void>

/** Where the bytes of one load stand. */
export class Intake {
  /** Bytes handed to the player in pieces: they cannot be taken back, so another source goes on behind them. */
  handed = 0
  /** Bytes that there will be, as far as known. */
  total = 0
  /** When the first byte of this source came, on `now`'s clock, and in how many pieces all did so far. */
  first: number | undefined
  pieces = 0
  #chunks: Uint8Array[] = []
  #length = 0
  readonly #now: () => number
  readonly #onbytes: () => void

  constructor (now: () => number, onbytes: () => void = () => {}) {
    this.#now = now
    this.#onbytes = onbytes
  }

  /** Bytes waiting to be handed out. */
  get length (): number {
    return this.#length
  }

  /** Bytes of this load that are there. */
  get loaded (): number {
    return this.handed + this.#length
  }

  /** A source begins: what the one before it left is dropped, but for what the player has already. */
  begin (): void {
    this.#chunks = []
    this.#length = 0
    this.first = undefined
    this.pieces = 0
  }

  readonly add: Sink = (bytes, total) => {
    this.first ??= this.#now()
    this.pieces++
    this.#chunks.push(bytes)
    this.#length += bytes.length
    this.total = Math.max(total, this.total, this.loaded)
    this.#onbytes()
  }

  /** All that waits, in one piece, which stays. */
  copy (): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#length)
    let at = 0
    for (const chunk of this.#chunks) { all.set(chunk, at); at += chunk.length }
    return all
  }

  /** The same, which goes. */
  take (): ArrayBuffer {
    const { buffer } = this.copy()
    this.#chunks = []
    this.#length = 0
    return buffer
  }

  /** And as a piece that the player now has. */
  hand (): ArrayBuffer {
    const piece = this.take()
    this.handed += piece.byteLength
    return piece
  }
}
