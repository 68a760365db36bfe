import { WireError } from '@shoal/interface'

/** A field of a protobuf message: a whole number of at most 2^53, or bytes. */
export interface Field {
  readonly field: number
  readonly value: number | Uint8Array
}

const VARINT = 0
const FIXED_64 = 1
const BYTES = 2
const FIXED_32 = 5
const MAX_VARINT_BYTES = 10
const TAG_END = 2 ** 32

/**
 * The fields of a message in their order (https://protobuf.dev/programming-guides/encoding). Bytes are views, not copies; fields of fixed
 * width are passed over.
 *
 * @throws WireError when a field is cut off or of a kind that there is not
 */
export function * readFields (bytes: Uint8Array): Generator<Field> {
  let at = 0
  const take = (length: number): Uint8Array => {
    const left = bytes.byteLength - at
    if (length > left) throw new WireError(`expected a protobuf field of ${length} bytes at offset ${at}, got ${left}`)
    at += length
    return bytes.subarray(at - length, at)
  }
  const varint = (): number => {
    let value = 0
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = take(1)[0] as number
      value += (byte & 0x7f) * 2 ** (7 * i)
      if (byte < 0x80) return value
    }
    throw new WireError(`expected a varint of at most ${MAX_VARINT_BYTES} bytes before offset ${at}, got more`)
  }
  while (at < bytes.byteLength) {
    const tag = varint()
    const field = Math.floor(tag / 8)
    if (field === 0 || tag >= TAG_END) throw new WireError(`expected the tag of a protobuf field before offset ${at}, got ${tag}`)
    switch (tag % 8) {
      case VARINT:
        yield { field, value: varint() }
        break
      case BYTES:
        yield { field, value: take(varint()) }
        break
      case FIXED_64:
        take(8)
        break
      case FIXED_32:
        take(4)
        break
      default:
        throw new WireError(`expected a protobuf field of type 0, 1, 2 or 5 before offset ${at}, got ${tag % 8}`)
    }
  }
}

/** Inverse of `readFields`. */
export function writeFields (fields: readonly Field[]): Uint8Array {
  const parts = fields.flatMap(({ field, value }) => typeof value === 'number'
    ? [writeVarint(8 * field + VARINT), writeVarint(value)]
    : [writeVarint(8 * field + BYTES), writeVarint(value.byteLength), value])
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

function writeVarint (value: number): number[] {
  const bytes: number[] = []
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push(value % 0x80 + 0x80)
  bytes.push(value)
  return bytes
}
