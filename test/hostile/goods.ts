/** What the nodes of the scene give each other. */

import { createCipheriv, createHash } from 'node:crypto'
import type { TenantKeys } from '@shoal/policy/issuing'

export const PATH = 'film.mp4'
export const BLOCK_BYTES = 262_144

/** The same bytes for the same seed in every process. */
export function bytesOf (seed: string, length: number): Uint8Array {
  const key = createHash('sha256').update(seed).digest()
  return createCipheriv('aes-256-ctr', key, new Uint8Array(16)).update(new Uint8Array(length))
}

/** A content of one film. */
export interface Goods { readonly manifest: string, readonly seed: string, readonly bytes: number }

/** What attackers are told. */
export interface Scene {
  readonly victim: { readonly peer: string, readonly addrs: readonly string[] }
  /** The victim gives this to an honest peer. */
  readonly given: Goods
  /** The victim gets this from an honest peer. */
  readonly got: Goods
  /** The victim holds this for those who show a token of the tenant. */
  readonly kept: Goods
  /** Whoever attacks has tokens that were right once, or are for others: these are made with its keys. */
  readonly tenant: TenantKeys
}
