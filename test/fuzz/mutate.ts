/** Wrong input made of right input, the same for the same random numbers. */

import type { Random } from '@shoal/base'

/** What is most often forgotten: ends of ranges, signs, lengths of what is not there. */
const NUMBERS = [
  0, 1, -1, 2, 23, 24, 31, 32, 33, 127, 128, 255, 256, 65_535, 65_536, 262_143, 262_144, 262_145, 2 ** 31 - 1, 2 ** 31,
  2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -(2 ** 53) + 1, 0.5
]
const TEXTS = ['', '.', '..', '/', '../x', 'a//b', 'a/', '/a', '\0', '\u202e', '\ud800', 'x'.repeat(300), '%2e%2e', 'https://a/', 'http://[::1', '__proto__']
const MANY = 500
/** More than a decoder ever gets, and no more: what is measured is not what the inputs take. */
const MANY_BYTES = 512 * 1024

export function below (end: number, random: Random): number {
  return Math.floor(random() * end)
}

export function pick<T> (items: readonly T[], random: Random): T {
  return items[below(items.length, random)] as T
}

/** Bytes with one to four places changed, or none of the original at all. */
export function mutateBytes (original: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  if (random() < 0.02) return Uint8Array.from({ length: below(200, random) }, () => below(256, random))
  let bytes = original
  for (let left = 1 + below(4, random); left > 0; left--) bytes = change(bytes, others, random)
  return bytes
}

function change (original: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  const bytes = original.slice()
  const at = below(bytes.byteLength, random)
  const length = Math.min(bytes.byteLength - at, 1 + below(random() < 0.8 ? 8 : 4096, random))
  const kind = below(9, random)
  if (bytes.byteLength === 0 || kind === 0) return join(bytes, [below(256, random)])
  if (kind === 1) bytes[at] = (bytes[at] as number) ^ 1 << below(8, random)
  else if (kind === 2) bytes[at] = below(256, random)
  else if (kind === 3) bytes[at] = pick([0, 1, 0x7f, 0x80, 0xff], random)
  else if (kind === 4 && bytes.byteLength >= 4) {
    const view = new DataView(bytes.buffer)
    view.setUint32(Math.min(at, bytes.byteLength - 4), pick(NUMBERS, random), random() < 0.2)
  } else if (kind === 5) return bytes.subarray(0, at)
  else if (kind === 6) return join(bytes.subarray(0, at), bytes.subarray(at + length))
  else if (kind === 7) return join(bytes.subarray(0, at + length), bytes.subarray(at))
  else {
    const other = pick(others, random)
    return join(bytes.subarray(0, at), other.subarray(below(other.byteLength, random)))
  }
  return bytes
}

function join (a: Uint8Array, b: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(a.byteLength + b.length)
  bytes.set(a)
  bytes.set(b, a.byteLength)
  return bytes
}

/** Text with one to four places changed. */
export function mutateText (original: string, others: readonly string[], random: Random): string {
  let text = original
  for (let left = 1 + below(4, random); left > 0; left--) {
    const at = below(text.length + 1, random)
    const kind = below(6, random)
    const middle = kind === 0
      ? pick(TEXTS, random)
      : kind === 1
        ? String.fromCharCode(below(128, random))
        : kind === 2 ? pick(others, random).slice(below(40, random)) : kind === 3 ? String(pick(NUMBERS, random)) : kind === 4 ? text.slice(at) : ''
    text = text.slice(0, at) + middle + text.slice(at + below(8, random))
  }
  return text
}

/** A tree of plain values with one to three of them changed: what a decoder finds well-formed, and has to look into. */
export function mutateTree (original: unknown, random: Random): unknown {
  let tree = original
  for (let left = 1 + below(3, random); left > 0; left--) tree = changeIn(tree, random)
  return tree
}

function changeIn (value: unknown, random: Random): unknown {
  if (Array.isArray(value) && value.length > 0 && random() < 0.8) return changeList(value, random)
  if (isRecord(value) && random() < 0.9) {
    const key = pick(Object.keys(value), random)
    if (random() < 0.1) return Object.fromEntries(Object.entries(value).filter(([other]) => other !== key))
    return { ...value, [random() < 0.05 ? pick(TEXTS, random) : key]: changeIn(value[key], random) }
  }
  return another(value, random)
}

function changeList (list: readonly unknown[], random: Random): unknown[] {
  const at = below(list.length, random)
  const kind = below(8, random)
  if (kind === 0) return list.toSpliced(at, 1)
  if (kind === 1) return list.toSpliced(at, 0, list[at])
  if (kind === 2) return list.toSpliced(at, 0, another(list[at], random))
  if (kind === 3) return [...list.slice(at), ...list.slice(0, at)]
  if (kind === 4 && random() < 0.05) return new Array<unknown>(Math.min(MANY, Math.ceil(MANY_BYTES / weigh(list[at])))).fill(list[at])
  return list.with(at, changeIn(list[at], random))
}

function another (value: unknown, random: Random): unknown {
  const kind = random()
  if (typeof value === 'number' && kind < 0.8) return kind < 0.4 ? value + pick(NUMBERS, random) : pick(NUMBERS, random)
  if (typeof value === 'string' && kind < 0.8) return kind < 0.4 ? mutateText(value, [value], random) : pick(TEXTS, random)
  if (value instanceof Uint8Array && kind < 0.8) return mutateBytes(value, [value], random)
  return pick<() => unknown>([
    () => pick(NUMBERS, random), () => pick(TEXTS, random), () => null, () => true, () => [], () => ({}), () => new Uint8Array(32),
    () => nested(below(40, random))
  ], random)()
}

/** About as many bytes as it takes. */
function weigh (value: unknown): number {
  if (typeof value === 'string') return value.length + 1
  if (value instanceof Uint8Array) return value.byteLength + 1
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + weigh(each), 1)
  return isRecord(value) ? weigh(Object.entries(value)) : 1
}

function nested (depth: number): unknown {
  let value: unknown = 0
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

/** A plain object: CIDs and bytes are values. */
function isRecord (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype && Object.keys(value).length > 0
}
