import { createHash, randomBytes } from 'node:crypto'
import type { Content, Published, Shoal } from 'shoal'

export const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

export interface Made extends Published { readonly sha256: string, readonly path: string }

/** Random bytes, published by this node. */
export async function publishRandom (node: Shoal, length: number): Promise<Made> {
  const bytes = randomBytes(length)
  const path = 'content.bin'
  return { ...await node.publishBytes(new Map([[path, bytes]]), { name: path }), sha256: hashOf(bytes), path }
}

/** SHA-256 of a segment, in hex. */
export async function readHash (content: Content, path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of content.read(path)) hash.update(chunk)
  return hash.digest('hex')
}

/** The link without its hints. */
export const bare = (link: string): string => link.split('?', 1)[0] ?? ''
