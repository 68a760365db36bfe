import { WireError } from '@shoal/interface'
import { DATA_TYPE, messageName } from './frame-types.js'
import { DATA_HEADER_BYTES, FRAME_HEADER_BYTES, MAX_BLOCK_BYTES } from './limits.js'
import type { DataHeader } from './types.js'

export interface FrameHeader {
  readonly type: number
  readonly flags: number
  /** 0 where the frame belongs to no swarm. */
  readonly handle: number
}

/** Where a `FrameReader` puts what it found, in order. What a callback throws, `push` throws. */
export interface FrameSink {
  /** A whole control frame. `payload` may be a view of the chunk that is being read: copy what must last. */
  control (header: FrameHeader, payload: Uint8Array): void
  /** A DATA frame begins; `length` bytes of the block follow. */
  data (header: DataHeader, length: number): void
  /** Bytes of the block of the DATA frame that began last: views of the chunk, in order, in as many pieces as they came in. */
  piece (bytes: Uint8Array): void
  /** A frame of a type that this version does not know, with `length` bytes of payload, is passed over. */
  skipped (type: number, length: number): void
}

/**
 * Cuts a byte stream into frames, whatever the chunks. Of DATA nothing is copied or kept; a control frame is kept when it spans chunks,
 * in a buffer of its length, which has been checked by then; of unknown types nothing is kept.
 */
export class FrameReader {
  readonly #sink: FrameSink
  readonly #cap: number
  readonly #head = new Uint8Array(FRAME_HEADER_BYTES + DATA_HEADER_BYTES)
  readonly #view = new DataView(this.#head.buffer)
  /** Bytes of the head read, and wanted: 8, then 24 for DATA. */
  #headRead = 0
  #headWanted = FRAME_HEADER_BYTES
  /** Bytes of the payload still to come. */
  #left = 0
  #body: 'none' | 'control' | 'data' | 'skip' = 'none'
  #header: FrameHeader = { type: 0, flags: 0, handle: 0 }
  #payload: Uint8Array | undefined

  /** @param cap largest frame taken, header included, in bytes */
  constructor (cap: number, sink: FrameSink) {
    this.#cap = cap
    this.#sink = sink
  }

  /** Inside a frame: a stream that ends now was cut off. */
  get partial (): boolean {
    return this.#body !== 'none' || this.#headRead > 0
  }

  /** @throws WireError at the first byte that cannot be the protocol; the reader must not be used after that */
  push (chunk: Uint8Array | Iterable<Uint8Array>): void {
    if (chunk instanceof Uint8Array) this.#read(chunk)
    else for (const bytes of chunk) this.#read(bytes)
  }

  #read (chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.byteLength) {
      if (this.#body === 'none') {
        const end = Math.min(chunk.byteLength, at + this.#headWanted - this.#headRead)
        this.#head.set(at === 0 && end === chunk.byteLength ? chunk : chunk.subarray(at, end), this.#headRead)
        this.#headRead += end - at
        at = end
        if (this.#headRead === this.#headWanted) this.#begin()
      } else {
        const end = Math.min(chunk.byteLength, at + this.#left)
        this.#take(at === 0 && end === chunk.byteLength ? chunk : chunk.subarray(at, end))
        at = end
      }
    }
  }

  #begin (): void {
    const type = this.#head[0] as number
    const length = this.#view.getUint32(4)
    if (this.#headRead === FRAME_HEADER_BYTES) {
      if (length > this.#cap - FRAME_HEADER_BYTES) {
        throw new WireError(`expected a frame of at most ${this.#cap} bytes, got the header of one with ${FRAME_HEADER_BYTES + length}`)
      }
      if (type === DATA_TYPE) {
        if (length <= DATA_HEADER_BYTES) throw new WireError(`expected a DATA frame with bytes of a block, got one of ${length} bytes`)
        this.#headWanted = FRAME_HEADER_BYTES + DATA_HEADER_BYTES
        return
      }
    }
    this.#headRead = 0
    this.#headWanted = FRAME_HEADER_BYTES
    if (type === DATA_TYPE) {
      this.#left = length - DATA_HEADER_BYTES
      this.#body = 'data'
      this.#sink.data(this.#dataHeader(), this.#left)
      return
    }
    this.#header = { type, flags: this.#head[1] as number, handle: this.#view.getUint16(2) }
    this.#left = length
    this.#body = messageName(type) === undefined ? 'skip' : 'control'
    if (this.#body === 'skip') this.#sink.skipped(type, length)
    if (length === 0) this.#end(new Uint8Array(0))
  }

  #dataHeader (): DataHeader {
    const view = this.#view
    const header = { id: view.getUint32(8), block: view.getUint32(12), offset: view.getUint32(16), total: view.getUint32(20) }
    if (header.total === 0 || header.total > MAX_BLOCK_BYTES || header.offset + this.#left > header.total) {
      throw new WireError(`expected bytes inside a block of 1 to ${MAX_BLOCK_BYTES}, got ${this.#left} at ${header.offset} of ${header.total}`)
    }
    return header
  }

  #take (bytes: Uint8Array): void {
    const before = this.#left
    this.#left -= bytes.byteLength
    const last = this.#left === 0
    if (this.#body === 'data') {
      if (last) this.#body = 'none'
      this.#sink.piece(bytes)
      return
    }
    if (this.#body === 'control') {
      if (last && this.#payload === undefined) {
        this.#end(bytes)
        return
      }
      this.#payload ??= new Uint8Array(before)
      this.#payload.set(bytes, this.#payload.byteLength - before)
    }
    if (last) this.#end(this.#payload)
  }

  #end (payload: Uint8Array | undefined): void {
    const known = this.#body === 'control'
    this.#body = 'none'
    this.#payload = undefined
    if (known && payload !== undefined) this.#sink.control(this.#header, payload)
  }
}
