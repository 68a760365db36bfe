import { equalBytes } from '@shoal/base'
import { CID } from 'multiformats/cid'

/** Deeper than any manifest, and shallow enough for any stack. */
const MAX_DEPTH = 16

/** A CID inside DAG-CBOR: tag 42 over bytes that begin with 0 (https://ipld.io/specs/codecs/dag-cbor/spec/). */
const CID_TAG = 42

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const KEYS = new TextEncoder()

/**
 * Decodes DAG-CBOR in its one canonical form: shortest lengths and integers, no indefinite lengths, map keys sorted by length and bytes, no
 * tag but CIDs. Of what DAG-CBOR has, floats and integers beyond 2⁵³ are refused: no manifest holds any. The decoder of `@ipld/dag-cbor`
 * takes other forms as well; to tell them apart takes its encoder too, and both together are most of what a page would load to read a
 * manifest.
 *
 * @throws RangeError what was expected and what came, and nothing else
 */
export function decodeDagCbor (bytes: Uint8Array): unknown {
  const reader = new Reader(bytes)
  const value = reader.value(0)
  reader.end()
  return value
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor (bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  end (): void {
    if (this.#at !== this.#bytes.byteLength) throw new RangeError(`${this.#bytes.byteLength - this.#at} bytes after the end`)
  }

  value (depth: number): unknown {
    if (depth > MAX_DEPTH) throw new RangeError(`more than ${MAX_DEPTH} levels`)
    const [major, argument] = this.#head()
    switch (major) {
      case 0: return argument
      case 1: return this.#negative(argument)
      case 2: return this.#take(argument)
      case 3: return this.#text(argument)
      case 4: return this.#list(argument, depth)
      case 5: return this.#map(argument, depth)
      case 6: return this.#cid(argument)
      default: return simple(argument)
    }
  }

  /** Major type and argument, RFC 8949 §3. */
  #head (): [major: number, argument: number] {
    const first = this.#take(1)[0] as number
    const major = first >>> 5
    const info = first & 31
    if (info < 24) return [major, info]
    if (info > 27 || major === 7) throw new RangeError(`a head of ${first}`)
    const width = 1 << (info - 24)
    const at = this.#at
    this.#take(width)
    const argument = info === 24
      ? this.#view.getUint8(at)
      : info === 25 ? this.#view.getUint16(at) : info === 26 ? this.#view.getUint32(at) : Number(this.#view.getBigUint64(at))
    const least = info === 24 ? 24 : 2 ** (4 * width)
    if (argument < least) throw new RangeError(`${argument} in ${width} bytes, which is not its shortest form`)
    if (!Number.isSafeInteger(argument)) throw new RangeError('an integer beyond 2⁵³')
    return [major, argument]
  }

  /** A view of the next bytes. The length is looked at before anything else, so that a lie about it costs nothing. */
  #take (length: number): Uint8Array {
    if (length > this.#bytes.byteLength - this.#at) throw new RangeError(`the end where ${length} bytes were to come`)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  #negative (argument: number): number {
    const value = -1 - argument
    if (!Number.isSafeInteger(value)) throw new RangeError('an integer beyond −2⁵³')
    return value
  }

  #text (length: number): string {
    const bytes = this.#take(length)
    try {
      return UTF8.decode(bytes)
    } catch {
      throw new RangeError('text that is not UTF-8')
    }
  }

  #list (length: number, depth: number): unknown[] {
    const list: unknown[] = []
    // grows as items come: each takes a byte at least
    for (let i = 0; i < length; i++) list.push(this.value(depth + 1))
    return list
  }

  #map (size: number, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = Object.create(null) as Record<string, unknown>
    let last: Uint8Array | undefined
    for (let i = 0; i < size; i++) {
      const [major, length] = this.#head()
      if (major !== 3) throw new RangeError('a map key that is not text')
      const key = this.#text(length)
      const encoded = KEYS.encode(key)
      if (last !== undefined && !sorted(last, encoded)) throw new RangeError('map keys out of order')
      last = encoded
      map[key] = this.value(depth + 1)
    }
    return map
  }

  #cid (tag: number): CID {
    if (tag !== CID_TAG) throw new RangeError(`the tag ${tag}`)
    const [major, length] = this.#head()
    const bytes = major === 2 ? this.#take(length) : undefined
    if (bytes?.[0] !== 0) throw new RangeError('a CID that is not bytes with a leading 0')
    try {
      const cid = CID.decode(bytes.subarray(1))
      if (equalBytes(cid.bytes, bytes.subarray(1))) return cid
    } catch {
      // said below
    }
    throw new RangeError('bytes that are no CID')
  }
}

function simple (argument: number): boolean | null {
  if (argument === 20 || argument === 21) return argument === 21
  if (argument === 22) return null
  throw new RangeError(`the simple value ${argument}`)
}

/** Strictly rising: shorter first, then by bytes. */
function sorted (a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return a.byteLength < b.byteLength
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number)
  return false
}
