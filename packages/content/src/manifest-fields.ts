import { ManifestError } from '@shoal/interface'
import { decodeDagCbor } from './dag-cbor.js'

/** Readers of single fields of a decoded manifest: each gives the value in its type or throws what was expected and what came. */

/** Decodes DAG-CBOR in its one canonical form. @throws ManifestError */
export function decodeCanonical (bytes: Uint8Array, what: string): unknown {
  try {
    return decodeDagCbor(bytes)
  } catch (error) {
    throw new ManifestError(`expected the ${what} in canonical DAG-CBOR, got ${(error as Error).message}`, { cause: error })
  }
}

/** A check on what a publisher wrote. @throws ManifestError */
export function expect (condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new ManifestError(message())
}

export function readInt (value: unknown, what: string, min: number, max: number): number {
  expect(typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max, () => {
    return `expected ${what} to be an integer from ${min} to ${max}, got ${show(value)}`
  })
  return value
}

export function readBoolean (value: unknown, what: string): boolean {
  expect(typeof value === 'boolean', () => `expected ${what} to be true or false, got ${show(value)}`)
  return value
}

export function readText (value: unknown, what: string): string {
  expect(typeof value === 'string', () => `expected ${what} to be text, got ${show(value)}`)
  return value
}

export function readBytes (value: unknown, what: string, length: number): Uint8Array {
  expect(value instanceof Uint8Array && value.byteLength === length, () => `expected ${what} to be ${length} bytes, got ${show(value)}`)
  return value
}

export function readList (value: unknown, what: string, max: number): readonly unknown[] {
  expect(Array.isArray(value) && value.length <= max, () => `expected ${what} to be a list of at most ${max}, got ${show(value)}`)
  return value as readonly unknown[]
}

export function readTuple (value: unknown, what: string, length: number): readonly unknown[] {
  expect(Array.isArray(value) && value.length === length, () => `expected ${what} to be a list of ${length}, got ${show(value)}`)
  return value as readonly unknown[]
}

export function readMap (value: unknown, what: string): Readonly<Record<string, unknown>> {
  expect(typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array), () => {
    return `expected ${what} to be a map, got ${show(value)}`
  })
  return value as Readonly<Record<string, unknown>>
}

/** A value in a message: short, whatever it is. */
export function show (value: unknown): string {
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'a map'
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}
