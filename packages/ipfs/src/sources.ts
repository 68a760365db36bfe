import { BoundedMap, toHex, type Clock } from '@shoal/base'
import { BLOCK_SIZE_BYTES, verifyBlock } from '@shoal/content'
import { NotFoundError, UnavailableError } from '@shoal/interface'
import type { CID } from 'multiformats/cid'
import type { Bridge } from 'shoal/bridge'
import type { BitswapClient } from './bitswap.js'
import { BLOCK_TIMEOUT_MS, LARGE_BLOCKS } from './defaults.js'
import { check, digestOf, inlined } from './digest.js'
import type { Gateway } from './gateway-client.js'
import type { Shelf } from './shelf.js'

export interface SourcesInit {
  readonly bridge: Bridge
  readonly shelf: Shelf
  readonly bitswap: BitswapClient | undefined
  readonly gateways: readonly Gateway[]
  /** A source gave something wrong, or nothing: another is asked. */
  readonly onfailure: (error: Error, doing: string) => void
}

/** Blocks by CID: from the node's store, else from Bitswap peers and gateways at once. Each is verified, and kept where it fits. */
export class Sources {
  readonly #init: SourcesInit
  readonly #clock: Clock
  /** Blocks that no Shoal store takes. */
  readonly #large = new BoundedMap<string, Uint8Array>(LARGE_BLOCKS)
  readonly #asked = new Map<string, Promise<Uint8Array>>()

  constructor (init: SourcesInit) {
    this.#init = init
    this.#clock = init.bridge.clock
  }

  /** @throws UnsupportedCidError, NotFoundError, UnavailableError, or the signal's reason */
  async get (cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    const within = inlined(cid)
    if (within !== undefined) return within
    const key = toHex(digestOf(cid))
    const local = await this.#local(cid, key)
    if (local !== undefined) return local
    let asked = this.#asked.get(key)
    if (asked === undefined) {
      asked = this.#fetch(cid, key, signal).finally(() => { this.#asked.delete(key) })
      this.#asked.set(key, asked)
    }
    return await asked
  }

  /** Brings a whole graph here from the gateways, in one request; what is missing after that is asked for block by block. */
  async pull (root: CID, signal: AbortSignal): Promise<void> {
    for (const gateway of this.#init.gateways) {
      try {
        for await (const { cid, bytes } of gateway.graph(root, signal)) await this.#keep(toHex(digestOf(cid)), digestOf(cid), bytes)
        return
      } catch (error) {
        signal.throwIfAborted()
        this.#init.onfailure(error as Error, `fetching ${root} from ${gateway.url}`)
      }
    }
  }

  async #local (cid: CID, key: string): Promise<Uint8Array | undefined> {
    const digest = digestOf(cid)
    const { bridge: { store }, shelf } = this.#init
    return this.#large.get(key) ?? (store.has(digest) ? (await store.get({ digest }))?.bytes : undefined) ?? await shelf.get(digest)
  }

  async #fetch (cid: CID, key: string, signal: AbortSignal): Promise<Uint8Array> {
    const { bitswap, gateways, onfailure } = this.#init
    if (bitswap === undefined && gateways.length === 0) throw new NotFoundError(`${cid} is not here, and there is nobody to ask`)
    const over = new AbortController()
    const cancel = this.#clock.after(BLOCK_TIMEOUT_MS, () => {
      over.abort(new UnavailableError(`nobody gave ${cid} within ${BLOCK_TIMEOUT_MS / 1000} s`))
    })
    const either = AbortSignal.any([signal, over.signal])
    const tries = [
      ...bitswap === undefined ? [] : [this.#wanted(bitswap, cid, either)],
      ...gateways.map(async gateway => {
        try {
          return await gateway.block(cid, either)
        } catch (error) {
          if (!either.aborted) onfailure(error as Error, `fetching ${cid} from ${gateway.url}`)
          throw error
        }
      })
    ]
    try {
      const bytes = await Promise.any(tries)
      return await this.#keep(key, digestOf(cid), bytes)
    } catch (error) {
      if (!(error instanceof AggregateError)) throw error
      signal.throwIfAborted()
      throw over.signal.aborted ? over.signal.reason : error.errors.at(-1)
    } finally {
      cancel()
      over.abort(new UnavailableError('somebody else gave it'))
    }
  }

  async #wanted (bitswap: BitswapClient, cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    const bytes = await bitswap.want(cid, signal)
    await check(cid, bytes, 'a Bitswap peer')
    return bytes
  }

  /** Verified before, and once more where the store asks for it. */
  async #keep (key: string, digest: Uint8Array, bytes: Uint8Array): Promise<Uint8Array> {
    if (bytes.byteLength === 0 || bytes.byteLength > BLOCK_SIZE_BYTES) {
      this.#large.set(key, bytes)
      return bytes
    }
    const block = await verifyBlock({ digest }, bytes)
    try {
      await this.#init.bridge.store.put(block)
      this.#init.shelf.fetched(digest)
    } catch (error) {
      this.#large.set(key, bytes)
      this.#init.onfailure(error as Error, 'keeping a block')
    }
    return bytes
  }
}
