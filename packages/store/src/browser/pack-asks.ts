import { StoreError, StoreFullError } from '@shoal/interface'
import type { BlockNews } from './block-news.js'

/** What a tab wants done by the one that has the packs open. Each may be done twice without harm. */
export type Ask =
  | { readonly what: 'read', readonly digest: Uint8Array, readonly size: number }
  | { readonly what: 'write', readonly digest: Uint8Array, readonly bytes: Uint8Array, readonly expiry: number }
  | { readonly what: 'extend', readonly digest: Uint8Array, readonly size: number, readonly expiry: number }
  | { readonly what: 'remove', readonly digest: Uint8Array, readonly size: number }
  | { readonly what: 'look' }

/** From a guest to the owner. */
export interface Request {
  readonly id: number
  readonly ask: Ask
}

/** From the owner to a guest, in this order: all blocks that there are, then news of them, and between these the answers. */
export interface Reply {
  /** Records of slots one after the other. */
  readonly blocks?: Uint8Array
  readonly news?: BlockNews
  /** Nothing that lay there is there any more. */
  readonly lost?: boolean
  readonly answer?: { readonly id: number, readonly bytes?: Uint8Array | undefined, readonly failure?: Failure | undefined }
}

/** An error of the store, which loses its class on the way. */
export interface Failure {
  readonly full: boolean
  readonly message: string
}

export function toFailure (error: unknown): Failure {
  return { full: error instanceof StoreFullError, message: error instanceof Error ? error.message : String(error) }
}

export function fromFailure ({ full, message }: Failure): Error {
  return full ? new StoreFullError(message) : new StoreError(message)
}

/** The channel between the owner and one guest. */
export function linkName (store: string, tab: string): string {
  return `${store}:${tab}`
}
