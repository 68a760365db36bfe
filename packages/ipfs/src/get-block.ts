import type { CID } from 'multiformats/cid'

/** Where blocks come from. Each is verified. */
export type GetBlock = (cid: CID, signal: AbortSignal) => Promise<Uint8Array>
