import { fromHex, toHex } from '@shoal/base'

/** What a tab tells the others of its pins: digests in hex. */
export interface PinNews {
  readonly tab: string
  readonly pinned: readonly string[]
  readonly unpinned: readonly string[]
  /** It is new here: the others are to say what they have pinned. */
  readonly hello: boolean
}

export interface TabPinsHost {
  readonly send: (news: PinNews) => void
  /** Another tab has pinned it, or has let go of it. */
  readonly pinned: (digest: Uint8Array) => void
  readonly unpinned: (digest: Uint8Array) => void
}

/**
 * What the tabs of one database have pinned: each knows all. A tab holds a lock while it is there, however it ends; who waits for that lock
 * knows when its pins are void.
 *
 * @see https://www.w3.org/TR/web-locks/
 */
export class TabPins {
  readonly #name: string
  readonly #tab = crypto.randomUUID()
  /** How often we have pinned each. */
  readonly #own = new Map<string, number>()
  readonly #others = new Map<string, Set<string>>()
  #host: TabPinsHost | undefined
  #gone = new AbortController()

  /** @param name of what the tabs share */
  constructor (name: string) {
    this.#name = name
  }

  /** From now on the others hear of this tab. */
  async open (host: TabPinsHost): Promise<void> {
    this.#gone = new AbortController()
    const { signal } = this.#gone
    const { promise, resolve } = Promise.withResolvers<undefined>()
    navigator.locks.request(this.#lockOf(this.#tab), async () => {
      resolve(undefined)
      await new Promise(resolve => { signal.addEventListener('abort', resolve, { once: true }) })
    }).catch(resolve)
    await promise
    this.#host = host
    this.#send({ pinned: [...this.#own.keys()], hello: true })
  }

  close (): void {
    this.#gone.abort()
    for (const tab of [...this.#others.keys()]) this.#forget(tab)
    this.#host = undefined
  }

  pin (digest: Uint8Array): void {
    const hex = toHex(digest)
    const count = this.#own.get(hex) ?? 0
    this.#own.set(hex, count + 1)
    if (count === 0) this.#send({ pinned: [hex] })
  }

  unpin (digest: Uint8Array): void {
    const hex = toHex(digest)
    const count = this.#own.get(hex) ?? 0
    if (count > 1) this.#own.set(hex, count - 1)
    else if (this.#own.delete(hex)) this.#send({ unpinned: [hex] })
  }

  hear ({ tab, pinned, unpinned, hello }: PinNews): void {
    if (this.#host === undefined) return
    let pins = this.#others.get(tab)
    if (pins === undefined) {
      this.#others.set(tab, pins = new Set())
      navigator.locks.request(this.#lockOf(tab), { signal: this.#gone.signal }, () => { this.#forget(tab) }).catch(() => {})
    }
    for (const hex of pinned) {
      const digest = fromHex(hex)
      if (digest === undefined || pins.has(hex)) continue
      pins.add(hex)
      this.#host.pinned(digest)
    }
    for (const hex of unpinned) this.#unpinned(pins, hex)
    if (hello) this.#send({ pinned: [...this.#own.keys()] })
  }

  #forget (tab: string): void {
    const pins = this.#others.get(tab) ?? new Set()
    this.#others.delete(tab)
    for (const hex of [...pins]) this.#unpinned(pins, hex)
  }

  #unpinned (pins: Set<string>, hex: string): void {
    const digest = fromHex(hex)
    if (pins.delete(hex) && digest !== undefined) this.#host?.unpinned(digest)
  }

  #send (news: Partial<PinNews>): void {
    this.#host?.send({ tab: this.#tab, pinned: [], unpinned: [], hello: false, ...news })
  }

  #lockOf (tab: string): string {
    return `${this.#name}:${tab}`
  }
}
