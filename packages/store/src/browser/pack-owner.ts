import { toHex } from '@shoal/base'
import { StoreFullError } from '@shoal/interface'
import { blockName } from '../block-name.js'
import type { MediumListener } from '../medium-store.js'
import type { PackMedium } from '../packs/pack-medium.js'
import { encodeRecord, RECORD_BYTES } from '../packs/slot-record.js'
import { hearNews, type BlockNews } from './block-news.js'
import { linkName, toFailure, type Ask, type Reply, type Request } from './pack-asks.js'

type Change = Exclude<Ask, { what: 'read' | 'look' }>

/**
 * The side of the tab that has the packs open: does what it and the others ask for, one thing at a time for each block, and tells all of
 * what changed. A guest hears of a change before it hears of anything that came after it.
 */
export class PackOwner {
  readonly #name: string
  readonly #packs: PackMedium
  readonly #listener: MediumListener
  readonly #isThere: () => Promise<boolean>
  #looking: Promise<void> | undefined
  readonly #guests = new Map<string, BroadcastChannel>()
  /** Changes under way, by digest in hex. */
  readonly #jobs = new Map<string, Promise<void>>()

  /** @param isThere whether the packs' folder exists */
  constructor (name: string, packs: PackMedium, listener: MediumListener, isThere: () => Promise<boolean>) {
    this.#name = name
    this.#packs = packs
    this.#listener = listener
    this.#isThere = isThere
  }

  /** Files are closed when it resolves. */
  async close (): Promise<void> {
    for (const link of this.#guests.values()) link.close()
    this.#guests.clear()
    await Promise.allSettled(this.#jobs.values())
    await this.#packs.close()
  }

  /** A tab is there that wants to be a guest. */
  welcome (tab: string): void {
    if (this.#guests.has(tab)) return
    const link = new BroadcastChannel(linkName(this.#name, tab))
    this.#guests.set(tab, link)
    link.onmessage = ({ data }: MessageEvent<Request>) => { void this.#serve(tab, data) }
    const held = [...this.#packs.blocks()]
    const blocks = new Uint8Array(held.length * RECORD_BYTES)
    for (const [i, block] of held.entries()) blocks.set(encodeRecord(block), i * RECORD_BYTES)
    this.#reply(tab, { blocks })
  }

  farewell (tab: string): void {
    this.#guests.get(tab)?.close()
    this.#guests.delete(tab)
  }

  /** @param by the guest that asks */
  async do (ask: Ask, by?: string): Promise<Uint8Array | undefined> {
    try {
      if (ask.what === 'read') return await this.#packs.read(ask.digest, ask.size)
      if (ask.what === 'look') await this.#look()
      else await this.#inTurn(ask, by)
      return undefined
    } catch (error) {
      if (!(error instanceof StoreFullError)) await this.#look()
      throw error
    }
  }

  /**
   * Looks whether the browser or its user took all files away, and makes new ones then. Chromium leaves the old ones open, which take what
   * is written and give nothing of it back.
   */
  #look (): Promise<void> {
    this.#looking ??= (async () => {
      if (await this.#isThere()) return
      this.#listener.lost()
      for (const tab of this.#guests.keys()) this.#reply(tab, { lost: true })
      await this.#packs.close()
      await this.#packs.open(this.#listener)
    })().finally(() => { this.#looking = undefined })
    return this.#looking
  }

  async #inTurn (ask: Change, by: string | undefined): Promise<void> {
    const key = toHex(ask.digest)
    const before = this.#jobs.get(key)
    const job: Promise<void> = (before === undefined ? this.#change(ask, by) : before.catch(() => {}).then(() => this.#change(ask, by)))
      .finally(() => { if (this.#jobs.get(key) === job) this.#jobs.delete(key) })
    this.#jobs.set(key, job)
    await job
  }

  async #serve (tab: string, { id, ask }: Request): Promise<void> {
    try {
      this.#reply(tab, { answer: { id, bytes: await this.do(ask, tab) } })
    } catch (error) {
      this.#reply(tab, { answer: { id, failure: toFailure(error) } })
    }
  }

  async #change (ask: Change, by: string | undefined): Promise<void> {
    if (ask.what === 'write') {
      await this.#packs.write(ask.digest, ask.bytes, ask.expiry)
      this.#tell({ put: [blockName(ask.digest, ask.bytes.byteLength, ask.expiry)] }, by)
    } else if (ask.what === 'extend') {
      await this.#packs.extend(ask.digest, ask.size, ask.expiry)
      this.#tell({ extended: [blockName(ask.digest, ask.size, ask.expiry)] }, by)
    } else {
      await this.#packs.remove(ask.digest, ask.size)
      this.#tell({ removed: [blockName(ask.digest, ask.size)] }, by)
    }
  }

  /** All but the one whose doing it is: that one has it from the answer. */
  #tell (news: BlockNews, by: string | undefined): void {
    if (by !== undefined) hearNews(news, this.#listener)
    for (const tab of this.#guests.keys()) if (tab !== by) this.#reply(tab, { news })
  }

  #reply (tab: string, reply: Reply): void {
    this.#guests.get(tab)?.postMessage(reply)
  }
}
