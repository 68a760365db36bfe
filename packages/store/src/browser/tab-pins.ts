import { fromHex, toHex, type Clock } from '@shoal/base'
import { TAB_ANSWER_MS } from '../defaults.js'

/** What a tab tells the others of its pins: digests in hex. */
export interface PinNews {
  readonly tab: string
  readonly pinned: readonly string[]
  readonly unpinned: readonly string[]
  /** `pinned` is all that it has pinned. */
  readonly all: boolean
  /** It is new here: the others are to say what they have pinned. */
  readonly hello: boolean
}

/** Does any tab have this open? */
export async function isShared (name: string): Promise<boolean> {
  const { held = [] } = await navigator.locks.query()
  return held.some(lock => lock.name?.startsWith(`${name}:`))
}

export interface TabPinsHost {
  readonly send: (news: PinNews) => void
  /** Another tab has pinned it, or has let go of it. */
  readonly pinned: (digest: Uint8Array) => void
  readonly unpinned: (digest: Uint8Array) => void
  /** It is not there any more. */
  readonly gone?: (tab: string) => void
}

/**
 * What the tabs of one store have pinned: each knows all. A tab holds a lock while it is there, however it ends; who waits for that lock
 * knows when its pins are void, and who looks at all locks knows whose pins there are to hear of.
 *
 * @see https://www.w3.org/TR/web-locks/
 */
export class TabPins {
  /** What the others know this tab by. */
  readonly tab = crypto.randomUUID()
  readonly #name: string
  /** How often we have pinned each. */
  readonly #own = new Map<string, number>()
  readonly #others = new Map<string, Set<string>>()
  readonly #clock: Clock
  /** Tabs that have not said yet what they have pinned. */
  readonly #awaited = new Set<string>()
  #heardAll: (() => void) | undefined
  #host: TabPinsHost | undefined
  #gone = new AbortController()

  /** @param name of what the tabs share */
  constructor (name: string, clock: Clock) {
    this.#name = name
    this.#clock = clock
  }

  /**
   * From now on the others hear of this tab, and it of them. Resolves when each of those that were there before has said what it has
   * pinned, or is gone; or, for a tab that the browser has put to sleep says nothing, after two seconds.
   */
  async open (host: TabPinsHost): Promise<void> {
    this.#gone = new AbortController()
    const { signal } = this.#gone
    const { promise, resolve } = Promise.withResolvers<undefined>()
    navigator.locks.request(this.#lockOf(this.tab), async () => {
      resolve(undefined)
      await new Promise(resolve => { signal.addEventListener('abort', resolve, { once: true }) })
    }).catch(resolve)
    await promise
    this.#host = host
    const prefix = this.#lockOf('')
    for (const { name = '' } of (await navigator.locks.query()).held ?? []) {
      const tab = name.slice(prefix.length)
      if (!name.startsWith(prefix) || tab === this.tab) continue
      this.#pinsOf(tab)
      this.#awaited.add(tab)
    }
    const all = new Promise<void>(resolve => { this.#heardAll = resolve })
    this.#send({ pinned: [...this.#own.keys()], all: true, hello: true })
    const cancel = this.#clock.after(TAB_ANSWER_MS, () => { this.#heardAll?.() })
    this.#heard()
    await all
    cancel()
  }

  close (): void {
    this.#gone.abort()
    this.#awaited.clear()
    this.#heard()
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

  hear ({ tab, pinned, unpinned, all, hello }: PinNews): void {
    if (this.#host === undefined) return
    const pins = this.#pinsOf(tab)
    for (const hex of pinned) {
      const digest = fromHex(hex)
      if (digest === undefined || pins.has(hex)) continue
      pins.add(hex)
      this.#host.pinned(digest)
    }
    for (const hex of unpinned) this.#unpinned(pins, hex)
    if (hello) this.#send({ pinned: [...this.#own.keys()], all: true })
    if (!all) return
    this.#awaited.delete(tab)
    this.#heard()
  }

  /** Of another tab, as long as that one is there. */
  #pinsOf (tab: string): Set<string> {
    const known = this.#others.get(tab)
    if (known !== undefined) return known
    const pins = new Set<string>()
    this.#others.set(tab, pins)
    navigator.locks.request(this.#lockOf(tab), { signal: this.#gone.signal }, () => { this.#forget(tab) }).catch(() => {})
    return pins
  }

  #forget (tab: string): void {
    const pins = this.#others.get(tab) ?? new Set()
    this.#others.delete(tab)
    for (const hex of [...pins]) this.#unpinned(pins, hex)
    this.#awaited.delete(tab)
    this.#heard()
    this.#host?.gone?.(tab)
  }

  #heard (): void {
    if (this.#awaited.size === 0) this.#heardAll?.()
  }

  #unpinned (pins: Set<string>, hex: string): void {
    const digest = fromHex(hex)
    if (pins.delete(hex) && digest !== undefined) this.#host?.unpinned(digest)
  }

  #send (news: Partial<PinNews>): void {
    this.#host?.send({ tab: this.tab, pinned: [], unpinned: [], all: false, hello: false, ...news })
  }

  #lockOf (tab: string): string {
    return `${this.#name}:${tab}`
  }
}
