const CHUNK_ROWS = 1024
/** The first chunk begins with so many and doubles: most nodes meet a few dozen peers, and a thousand rows are 88 KB. */
const FIRST_ROWS = 32

interface Chunk { readonly doubles: Float64Array, readonly floats: Float32Array }

/**
 * Rows of numbers in typed arrays, allocated by the thousand: an object with as many fields takes three times the memory, and the
 * collector's time.
 */
export class Rows {
  readonly #doubles: number
  readonly #floats: number
  readonly #chunks: Chunk[] = []
  /** Rows that there is room for. */
  #room = 0
  readonly #free: number[] = []
  #next = 0

  /** @param doubles fields of 64 bits a row. @param floats fields of 32 bits */
  constructor (doubles: number, floats: number) {
    this.#doubles = doubles
    this.#floats = floats
  }

  /** A row of zeros. */
  make (): number {
    const row = this.#free.pop() ?? this.#next++
    if (row >= this.#room) this.#grow()
    return row
  }

  #grow (): void {
    if (this.#room >= CHUNK_ROWS) {
      this.#chunks.push(this.#chunkOf(CHUNK_ROWS))
      this.#room += CHUNK_ROWS
      return
    }
    const first = this.#chunkOf(this.#room = Math.max(FIRST_ROWS, 2 * this.#room))
    const [before] = this.#chunks
    if (before !== undefined) {
      first.doubles.set(before.doubles)
      first.floats.set(before.floats)
    }
    this.#chunks[0] = first
  }

  #chunkOf (rows: number): Chunk {
    return { doubles: new Float64Array(rows * this.#doubles), floats: new Float32Array(rows * this.#floats) }
  }

  delete (row: number): void {
    const at = row & (CHUNK_ROWS - 1)
    const { doubles, floats } = this.#chunk(row)
    doubles.fill(0, at * this.#doubles, (at + 1) * this.#doubles)
    floats.fill(0, at * this.#floats, (at + 1) * this.#floats)
    this.#free.push(row)
  }

  get (row: number, field: number): number {
    return this.#chunk(row).doubles[(row & (CHUNK_ROWS - 1)) * this.#doubles + field] as number
  }

  set (row: number, field: number, value: number): void {
    this.#chunk(row).doubles[(row & (CHUNK_ROWS - 1)) * this.#doubles + field] = value
  }

  add (row: number, field: number, amount: number): void {
    const { doubles } = this.#chunk(row)
    const at = (row & (CHUNK_ROWS - 1)) * this.#doubles + field
    doubles[at] = doubles[at] as number + amount
  }

  addFloat (row: number, field: number, amount: number): void {
    const { floats } = this.#chunk(row)
    const at = (row & (CHUNK_ROWS - 1)) * this.#floats + field
    floats[at] = floats[at] as number + amount
  }

  /** One of the fields of 32 bits. */
  float (row: number, field: number): number {
    return this.#chunk(row).floats[(row & (CHUNK_ROWS - 1)) * this.#floats + field] as number
  }

  setFloat (row: number, field: number, value: number): void {
    this.#chunk(row).floats[(row & (CHUNK_ROWS - 1)) * this.#floats + field] = value
  }

  #chunk (row: number): Chunk {
    return this.#chunks[row >> 10] as Chunk
  }
}
