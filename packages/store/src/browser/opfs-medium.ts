import { systemClock, type Clock } from '@shoal/base'
import { StoreError } from '@shoal/interface'
import { blockName } from '../block-name.js'
import { OWNER_ANSWER_MS } from '../defaults.js'
import type { Medium, MediumListener, MediumStoreInit } from '../medium-store.js'
import { storeFailure } from '../packs/io.js'
import { PackMedium } from '../packs/pack-medium.js'
import { opfsIo } from './opfs-io.js'
import type { Ask } from './pack-asks.js'
import { PackGuest } from './pack-guest.js'
import { PackOwner } from './pack-owner.js'
import { isShared, TabPins, type PinNews } from './tab-pins.js'

/** What a tab tells the others of the same store. */
interface News {
  /** It has the packs open from now on. */
  readonly owner?: boolean
  /** This tab is there and wants to be a guest of whoever has them. */
  readonly guest?: string
  readonly pins?: PinNews
}

/**
 * Packs in the origin-private file system, for all tabs of an origin. Only one tab can have their files open: the owner, which holds a
 * lock. The others, its guests, ask it for everything and queue for the lock: when the owner goes away, however it does, the next one opens
 * the files and is asked what was not answered. So there is one quota, and a tab that comes second loses speed, nothing else.
 *
 * @see https://www.w3.org/TR/web-locks/
 */
export class OpfsMedium implements Medium {
  readonly #name: string
  readonly #quota: number
  readonly #clock: Clock
  readonly #pins: TabPins
  readonly #io = opfsIo()
  #channel: BroadcastChannel | undefined
  /** Until this tab owns the packs itself. */
  #guest: PackGuest | undefined
  #owner: PackOwner | undefined
  /** It has the lock. */
  #takesOver = false
  #closing = new AbortController()
  /** Ends when this tab has given the lock back, or never got it. */
  #lock: Promise<unknown> = Promise.resolve()

  /** @param name of the folder, and of all that the tabs share */
  constructor (name: string, { quota, clock = systemClock }: Pick<MediumStoreInit, 'quota' | 'clock'>) {
    this.#name = name
    this.#quota = quota
    this.#clock = clock
    this.#pins = new TabPins(sharedName(name), clock)
  }

  /** Is there such a file system? Whether the page may use it shows when it is opened. */
  static get isThere (): boolean {
    return 'getDirectory' in (globalThis.navigator.storage ?? {}) && 'Worker' in globalThis && 'locks' in globalThis.navigator
  }

  /** Removes a folder that no tab has open. */
  static async discard (name: string): Promise<void> {
    try {
      if (!await isShared(sharedName(name))) await (await navigator.storage.getDirectory()).removeEntry(name, { recursive: true })
    } catch {
      // it is not there, or the browser gives nothing
    }
  }

  async open (listener: MediumListener): Promise<void> {
    this.#closing = new AbortController()
    try {
      // first, for this tab may have to take over one day: there are files, and a worker may start
      await this.#soon(this.#io.list(this.#name), 'its worker does not start')
      this.#channel = new BroadcastChannel(sharedName(this.#name))
      this.#channel.onmessage = ({ data }: MessageEvent<News>) => { this.#hear(data) }
      await this.#pins.open({
        send: pins => { this.#tell({ pins }) },
        pinned: listener.pinned,
        unpinned: listener.unpinned,
        gone: tab => { this.#owner?.farewell(tab) }
      })
      const guest = this.#guest = new PackGuest(sharedName(this.#name), this.#pins.tab, this.#clock, listener)
      const owned = this.#queue(listener)
      this.#tell({ guest: this.#pins.tab })
      // also when it comes to own them later, and cannot
      owned.catch(() => {})
      await this.#soon(Promise.race([guest.ready, owned]), 'another tab has it open and does not answer')
      if (!this.#takesOver) this.#io.end()
    } catch (error) {
      await this.close()
      throw storeFailure(error, `opening ${this.#name} in the origin-private file system`)
    }
  }

  async close (): Promise<void> {
    this.#closing.abort()
    await this.#lock
    for (const { failed } of this.#guest?.end() ?? []) failed(this.#notOpen())
    this.#guest = undefined
    this.#pins.close()
    this.#channel?.close()
    this.#channel = undefined
    this.#io.end()
  }

  async read (digest: Uint8Array, size: number): Promise<Uint8Array | undefined> {
    return await this.#do({ what: 'read', digest, size })
  }

  async write (digest: Uint8Array, bytes: Uint8Array, expiry: number): Promise<void> {
    // a view is sent with all of the buffer that it is a view of
    const own = this.#owner !== undefined || bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice()
    await this.#do({ what: 'write', digest, bytes: own, expiry })
  }

  async extend (digest: Uint8Array, size: number, expiry: number): Promise<void> {
    await this.#do({ what: 'extend', digest, size, expiry })
  }

  async remove (digest: Uint8Array, size: number): Promise<void> {
    await this.#do({ what: 'remove', digest, size })
  }

  async look (): Promise<void> {
    await this.#do({ what: 'look' })
  }

  pin (digest: Uint8Array): void {
    this.#pins.pin(digest)
  }

  unpin (digest: Uint8Array): void {
    this.#pins.unpin(digest)
  }

  where (digest: Uint8Array, size: number): string {
    return `${this.#name}/${blockName(digest, size)}`
  }

  async #do (ask: Ask): Promise<Uint8Array | undefined> {
    const doer = this.#owner ?? this.#guest
    if (doer === undefined) throw this.#notOpen()
    return await doer.do(ask)
  }

  /** Resolves when this tab owns the packs; it stays in the queue for that until it is closed. */
  #queue (listener: MediumListener): Promise<void> {
    const { signal } = this.#closing
    return new Promise((resolve, reject) => {
      this.#lock = navigator.locks.request(`${sharedName(this.#name)}/owner`, { signal }, async () => {
        this.#takesOver = true
        await this.#own(listener)
        resolve()
        if (!signal.aborted) await new Promise(resolve => { signal.addEventListener('abort', resolve, { once: true }) })
        await this.#owner?.close()
        this.#owner = undefined
      }).finally(() => { this.#takesOver = false }).catch((error: unknown) => {
        reject(error as Error)
        if (!signal.aborted) listener.failed(storeFailure(error, `taking over ${this.#name}`), 'taking over the store of another tab')
      })
    })
  }

  async #own (listener: MediumListener): Promise<void> {
    const packs = new PackMedium(this.#name, this.#quota, this.#io)
    await packs.open(listener)
    const owner = this.#owner = new PackOwner(sharedName(this.#name), packs, listener, () => isFolder(this.#name))
    for (const { ask, done, failed } of this.#guest?.end() ?? []) owner.do(ask).then(done, failed)
    this.#guest = undefined
    this.#tell({ owner: true })
  }

  /** @throws StoreError that says what is `wrong` when it takes more than five seconds */
  async #soon (work: Promise<unknown>, wrong: string): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>()
    const cancel = this.#clock.after(OWNER_ANSWER_MS, () => { reject(new StoreError(wrong)) })
    try {
      await Promise.race([work, promise])
    } finally {
      cancel()
    }
  }

  #tell (news: News): void {
    this.#channel?.postMessage(news)
  }

  #hear ({ owner, guest, pins }: News): void {
    if (pins !== undefined) this.#pins.hear(pins)
    if (guest !== undefined) this.#owner?.welcome(guest)
    if (owner === true && this.#guest !== undefined) this.#tell({ guest: this.#pins.tab })
  }

  #notOpen (): StoreError {
    return new StoreError(`the store ${this.#name} is not open; call open() first`)
  }
}

async function isFolder (name: string): Promise<boolean> {
  try {
    await (await navigator.storage.getDirectory()).getDirectoryHandle(name)
    return true
  } catch (error) {
    return !(error instanceof DOMException && error.name === 'NotFoundError')
  }
}

/** Of all that the tabs of one folder share. */
function sharedName (name: string): string {
  return `shoal-packs:${name}`
}
