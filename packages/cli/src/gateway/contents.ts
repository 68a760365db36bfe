import { BoundedMap } from '@shoal/base'
import type { ContentPool, Lease } from '../content-pool.js'

/** Contents that stay open between requests; the least recently asked for is closed first. */
const MAX_OPEN_CONTENTS = 32
/** A content that nobody in reach gives within this time is answered with 504. */
const OPEN_TIMEOUT_MS = 30_000

/** Opens contents on demand and keeps the last ones open. */
export class GatewayContents {
  readonly #pool: ContentPool
  readonly #open: BoundedMap<string, Promise<Lease>>
  readonly #closing = new AbortController()

  constructor (pool: ContentPool, limit = MAX_OPEN_CONTENTS) {
    this.#pool = pool
    this.#open = new BoundedMap(limit, (_, lease) => { void release(lease) })
  }

  /** A lease for one request. Requests for the same link share one look-up. Rejects as `Shoal.open`. */
  async lease (link: string): Promise<Lease> {
    let open = this.#open.get(link)
    if (open === undefined) {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(OPEN_TIMEOUT_MS)])
      open = this.#pool.open(link, { signal })
      this.#open.set(link, open)
      open.catch(() => { this.#open.delete(link) })
    }
    return this.#pool.use((await open).content)
  }

  async close (): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#open.entries()].map(async ([link, lease]) => {
      this.#open.delete(link)
      await release(lease)
    }))
  }
}

/** One that never opened has told whoever asked for it. */
async function release (lease: Promise<Lease>): Promise<void> {
  await lease.then(async open => { await open.release() }, () => undefined)
}
