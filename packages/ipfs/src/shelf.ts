import { CID } from 'multiformats/cid'
import type { Clock } from '@shoal/base'
import { hashBlock, BLOCK_SIZE_BYTES } from '@shoal/content'
import { toHex } from '@shoal/base'
import { DigestTable } from '@shoal/store'
import type { Bridge, OpenContent } from 'shoal/bridge'
import { MAX_FETCHED, MAX_SEGMENTS, REFRESH_MS } from './defaults.js'
import { buildGraph, type GraphNode } from './graph.js'

interface Shelved {
  /** Of its leaves and of the nodes above them. */
  readonly digests: DigestTable
  /** Nodes kept in the store, and those too large for it. */
  readonly pinned: Uint8Array[]
  readonly large: Map<string, Uint8Array>
}

/**
 * Which blocks the IPFS world may have of this node: those of contents that are open, shared and public, as far as they are held, and what
 * was fetched from that world itself. A content that asks for a token, or is shared with nobody, is not on it, whoever knows its CIDs.
 */
export class Shelf {
  readonly #bridge: Bridge
  readonly #clock: Clock
  readonly #contents = new Map<string, Shelved>()
  readonly #refused = new Set<string>()
  readonly #onadded: (root: CID) => void
  readonly #onerror: (error: Error, doing: string) => void
  readonly #fetched = new DigestTable()
  #order: Uint8Array[] = []
  /** Which contents were open at the last look. */
  #seen = ''
  #cancel = (): void => {}
  #looking: Promise<void> = Promise.resolve()
  #closed = false

  /** @param onadded a content is on the shelf from now on */
  constructor (bridge: Bridge, onadded: (root: CID) => void, onerror: (error: Error, doing: string) => void) {
    this.#bridge = bridge
    this.#clock = bridge.clock
    this.#onadded = onadded
    this.#onerror = onerror
  }

  /** Looks at what is open from now on, whether anybody asks or not. */
  start (): void {
    void this.refresh()
    this.#cancel = this.#clock.after(REFRESH_MS, () => { this.start() })
  }

  /** Resolves when everything that is open now is on the shelf. */
  async refresh (): Promise<void> {
    const open = this.#bridge.contents().filter(isShared).map(({ summary: { cid } }) => cid).join()
    if (open !== this.#seen) {
      this.#seen = open
      this.#looking = this.#looking.then(async () => { await this.#look() })
    }
    await this.#looking
  }

  /** Came from the IPFS world, so it may go there. */
  fetched (digest: Uint8Array): void {
    if (this.#fetched.find(digest) >= 0) return
    this.#fetched.add(digest)
    this.#order.push(digest)
    if (this.#order.length > MAX_FETCHED) {
      for (const old of this.#order.splice(0, MAX_FETCHED / 4)) this.#fetched.remove(this.#fetched.find(old))
    }
  }

  async has (digest: Uint8Array): Promise<boolean> {
    await this.refresh()
    return this.#shows(digest) && (this.#bridge.store.has(digest) || this.#large(digest) !== undefined)
  }

  async get (digest: Uint8Array): Promise<Uint8Array | undefined> {
    await this.refresh()
    if (!this.#shows(digest)) return undefined
    return this.#large(digest) ?? (await this.#bridge.store.get({ digest }))?.bytes
  }

  async close (): Promise<void> {
    this.#closed = true
    this.#cancel()
    await this.#looking
    for (const cid of [...this.#contents.keys()]) this.#remove(cid)
  }

  #shows (digest: Uint8Array): boolean {
    for (const { digests } of this.#contents.values()) if (digests.find(digest) >= 0) return true
    return this.#fetched.find(digest) >= 0
  }

  #large (digest: Uint8Array): Uint8Array | undefined {
    const key = toHex(digest)
    for (const { large } of this.#contents.values()) {
      const found = large.get(key)
      if (found !== undefined) return found
    }
    return undefined
  }

  async #look (): Promise<void> {
    if (this.#closed) return
    const open = new Map(this.#bridge.contents().filter(isShared).map(content => [content.summary.cid, content]))
    for (const cid of [...this.#contents.keys()]) if (!open.has(cid)) this.#remove(cid)
    for (const cid of this.#refused) if (!open.has(cid)) this.#refused.delete(cid)
    for (const [cid, content] of open) {
      if (this.#contents.has(cid) || this.#refused.has(cid)) continue
      try {
        await this.#add(content)
      } catch (error) {
        this.#refused.add(cid)
        this.#onerror(error as Error, `making ${cid} known to the IPFS world`)
      }
    }
  }

  async #add ({ manifest, summary }: OpenContent): Promise<void> {
    if (summary.segments > MAX_SEGMENTS) throw new RangeError(`expected at most ${MAX_SEGMENTS} segments, got ${summary.segments}`)
    const { store } = this.#bridge
    const shelved: Shelved = { digests: new DigestTable(), pinned: [], large: new Map() }
    const nodes: GraphNode[] = []
    const keep = async (): Promise<void> => {
      for (const { digest, bytes } of nodes.splice(0)) {
        shelved.digests.add(digest)
        if (bytes.byteLength > BLOCK_SIZE_BYTES) shelved.large.set(toHex(digest), bytes)
        else {
          await store.put(await hashBlock(bytes))
          store.pin(digest)
          shelved.pinned.push(digest)
        }
      }
    }
    try {
      await buildGraph(manifest, node => { nodes.push(node) }, (_segment, leaves) => {
        for (const { digest } of leaves) shelved.digests.add(digest)
      })
      await keep()
    } catch (error) {
      for (const digest of shelved.pinned) store.unpin(digest)
      throw error
    }
    this.#contents.set(summary.cid, shelved)
    this.#onadded(CID.parse(summary.root))
  }

  #remove (cid: string): void {
    for (const digest of this.#contents.get(cid)?.pinned ?? []) this.#bridge.store.unpin(digest)
    this.#contents.delete(cid)
  }
}

/** Anybody may have it. */
function isShared ({ policy, summary, swarm, closed }: OpenContent): boolean {
  return !closed && summary.live === undefined && policy.token === undefined && policy.residency === undefined && swarm.sharing
}
