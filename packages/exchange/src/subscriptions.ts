import type { BlockPlace, SwarmId } from '@shoal/interface'
import type { Clock } from '@shoal/base'
import { MAX_SUBSCRIBED_BLOCKS } from '@shoal/wire'
import { SUBSCRIPTION_MS } from './defaults.js'

/** What a peer has subscribed to and is not here yet: so many, and each for so long. */
export class Subscriptions<T extends BlockPlace> {
  readonly #clock: Clock
  readonly #expired: (items: readonly T[]) => void
  /** In the order in which they end. */
  readonly #items = new Map<string, { readonly item: T, readonly until: number }>()
  #cancel: (() => void) | undefined

  /** @param expired these are taken out: what was to come did not */
  constructor (clock: Clock, expired: (items: readonly T[]) => void) {
    this.#clock = clock
    this.#expired = expired
  }

  /** Returns whether there is room for it, and it is not there already. */
  add (item: T): boolean {
    const key = keyOf(item.swarm, item.segment, item.block)
    if (this.#items.size >= MAX_SUBSCRIBED_BLOCKS || this.#items.has(key)) return false
    this.#items.set(key, { item, until: this.#clock.now() + SUBSCRIPTION_MS })
    this.#arm()
    return true
  }

  take (swarm: SwarmId, segment: number, block: number): T | undefined {
    if (this.#items.size === 0) return undefined
    const key = keyOf(swarm, segment, block)
    const found = this.#items.get(key)
    this.#items.delete(key)
    return found?.item
  }

  /** Takes out those that match. */
  drop (match: (item: T) => boolean): T[] {
    const dropped: T[] = []
    for (const [key, { item }] of this.#items) {
      if (!match(item)) continue
      this.#items.delete(key)
      dropped.push(item)
    }
    return dropped
  }

  close (): void {
    this.#items.clear()
    this.#cancel?.()
    this.#cancel = undefined
  }

  #arm (): void {
    const first = this.#items.values().next().value
    if (this.#cancel !== undefined || first === undefined) return
    this.#cancel = this.#clock.after(Math.max(1, first.until - this.#clock.now()), () => {
      this.#cancel = undefined
      const now = this.#clock.now()
      const late = [...this.#items.values()].filter(({ until }) => until <= now).map(({ item }) => item)
      for (const { swarm, segment, block } of late) this.#items.delete(keyOf(swarm, segment, block))
      if (late.length > 0) this.#expired(late)
      this.#arm()
    })
  }
}

function keyOf (swarm: SwarmId, segment: number, block: number): string {
  return `${segment}/${block}/${swarm}`
}
