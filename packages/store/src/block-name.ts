import { fromHex, toHex } from '@shoal/base'
import { BLOCK_SIZE_BYTES } from '@shoal/content'

/** `<digest in hex>.<size>`: the name under which a medium keeps a block, so that a list of names is an index with sizes. */
export function blockName (digest: Uint8Array, size: number): string {
  return `${toHex(digest)}.${size}`
}

/** `undefined` when no block can have this name. */
export function parseBlockName (name: string): { digest: Uint8Array, size: number } | undefined {
  const match = /^([0-9a-f]{64})\.([1-9][0-9]{0,5})$/.exec(name)
  if (match === null) return undefined
  const digest = fromHex(match[1] as string)
  const size = Number(match[2])
  return digest === undefined || size > BLOCK_SIZE_BYTES ? undefined : { digest, size }
}
