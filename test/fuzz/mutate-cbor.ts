import * as dagCbor from '@ipld/dag-cbor'
import type { Random } from '@shoal/base'
import { BLOCK_SIZE_BYTES } from '@shoal/content'
import { mutateBytes, mutateTree } from './mutate.ts'

const trees = new Map<Uint8Array, unknown>()

/** Half of the inputs are well-formed CBOR that says something else. */
export function mutateCbor (original: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  if (random() < 0.5) return mutateBytes(original, others, random)
  if (!trees.has(original)) trees.set(original, dagCbor.decode(original))
  const bytes = dagCbor.encode(encodable(mutateTree(trees.get(original), random)))
  // nothing longer ever gets to a decoder
  return bytes.slice(0, BLOCK_SIZE_BYTES)
}

/** As far as DAG-CBOR has a form for it: half a surrogate pair has none. */
function encodable (value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(encodable)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  // what has a "/" is taken for a link by the encoder
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key === '/' ? '//' : key.toWellFormed(), encodable(each)]))
}
