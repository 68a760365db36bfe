import { fromHex, toHex } from '@shoal/base'
import { BLOCK_SIZE_BYTES } from '@shoal/content'

const LAST_EXPIRY = 0xffff_ffff

export interface BlockName {
  readonly digest: Uint8Array
  readonly size: number
  /** Seconds since 1970, 0: never. */
  readonly expiry: number
}

/** `<digest in hex>.<size>`, with `.<expiry>` when it expires: the name under which a medium keeps a block, so that names are an index. */
export function blockName (digest: Uint8Array, size: number, expiry = 0): string {
  return `${toHex(digest)}.${size}${expiry === 0 ? '' : `.${expiry}`}`
}

/** `undefined` when no block can have this name. */
export function parseBlockName (name: unknown): BlockName | undefined {
  const match = typeof name === 'string' ? /^([0-9a-f]{64})\.([1-9][0-9]{0,5})(?:\.([1-9][0-9]{0,9}))?$/.exec(name) : null
  if (match === null) return undefined
  const digest = fromHex(match[1] as string)
  const size = Number(match[2])
  const expiry = Number(match[3] ?? 0)
  return digest === undefined || size > BLOCK_SIZE_BYTES || expiry > LAST_EXPIRY ? undefined : { digest, size, expiry }
}
