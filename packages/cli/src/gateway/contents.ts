import { BoundedMap } from '@shoal/base'
import type { Content, Shoal } from '@shoal/interface'

/** Contents that stay open between requests; the least recently asked for is closed first. */
const MAX_OPEN_CONTENTS = 32
/** A content that nobody in reach gives within this time is answered with 504. */
const OPEN_TIMEOUT_MS = 30_000

interface Entry {
  readonly content: Promise<Content>
  users: number
  retired: boolean
}

/** Opens contents on demand and keeps the last ones open. */
export class GatewayContents {
  readonly #node: Shoal
  readonly #open: BoundedMap<string, Entry>
  readonly #closing = new AbortController()

  constructor (node: Shoal, limit = MAX_OPEN_CONTENTS) {
    this.#node = node
    this.#open = new BoundedMap(limit, (_, entry) => { void retire(entry) })
  }

  /** Runs `work` on a content, which stays open until it is done. Requests for the same link share one look-up. Rejects as `Shoal.open`. */
  async use<T> (link: string, work: (content: Content) => Promise<T>): Promise<T> {
    let entry = this.#open.get(link)
    if (entry === undefined) {
      const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(OPEN_TIMEOUT_MS)])
      entry = { content: this.#node.open(link, { signal }), users: 0, retired: false }
      this.#open.set(link, entry)
      entry.content.catch(() => { this.#open.delete(link) })
    }
    entry.users++
    try {
      return await work(await entry.content)
    } finally {
      entry.users--
      if (entry.retired) await retire(entry)
    }
  }

  async close (): Promise<void> {
    this.#closing.abort()
    await Promise.all([...this.#open.entries()].map(async ([link, entry]) => {
      this.#open.delete(link)
      await retire(entry)
    }))
  }
}

/** Closes it once nobody uses it. One that never opened has told whoever asked for it. */
async function retire (entry: Entry): Promise<void> {
  entry.retired = true
  if (entry.users === 0) await entry.content.then(async content => { await content.close() }, () => undefined)
}
