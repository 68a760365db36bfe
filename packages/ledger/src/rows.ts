const CHUNK_ROWS = 1024

/**
 * Rows of numbers in typed arrays, allocated by the thousand: an object with as many fields takes three times the memory, and the
 * collector's time.
 */
export class Rows {
  readonly #doubles: number
  readonly #floats: number
  readonly #chunks: { readonly doubles: Float64Array, readonly floats: Float32Array }[] = []
  readonly #free: number[] = []
  #next = 0

  /** @param doubles fields of 64 bits a row. @param floats fields of 32 bits */
  constructor (doubles: number, floats: number) {
    this.#doubles = doubles
    this.#floats = floats
  }

  /** A row of zeros. */
  add (): number {
    const row = this.#free.pop() ?? this.#next++
    if (row >> 10 === this.#chunks.length) {
      this.#chunks.push({ doubles: new Float64Array(CHUNK_ROWS * this.#doubles), floats: new Float32Array(CHUNK_ROWS * this.#floats) })
    }
    return row
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

  /** One of the fields of 32 bits. */
  float (row: number, field: number): number {
    return this.#chunk(row).floats[(row & (CHUNK_ROWS - 1)) * this.#floats + field] as number
  }

  setFloat (row: number, field: number, value: number): void {
    this.#chunk(row).floats[(row & (CHUNK_ROWS - 1)) * this.#floats + field] = value
  }

  #chunk (row: number): { readonly doubles: Float64Array, readonly floats: Float32Array } {
    return this.#chunks[row >> 10] as { doubles: Float64Array, floats: Float32Array }
  }
}
