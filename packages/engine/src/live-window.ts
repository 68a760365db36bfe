import type { WindowChange } from '@shoal/content/live'
import type { Clock } from '@shoal/base'
import type { BlockStore, Segment } from '@shoal/interface'
import type { LiveDelivery, LiveHost } from './live-part.js'

/** A playlist is needed so soon after its head came. */
const PLAYLIST_DEADLINE_MS = 2_000

/** What a live content's delivery does when its window moves. */
export class LiveWindow {
  readonly #delivery: LiveDelivery
  readonly #store: BlockStore
  readonly #clock: Clock
  /** Wants of playlists, by segment: fetched before anybody asks, for all that play will. */
  readonly #playlists = new Map<number, number>()

  constructor (delivery: LiveDelivery, { store, clock }: Pick<LiveHost, 'store' | 'clock'>) {
    this.#delivery = delivery
    this.#store = store
    this.#clock = clock
  }

  moved ({ added, retired, gone }: WindowChange): void {
    const { swarm } = this.#delivery
    for (const { index, path } of retired) {
      const want = this.#playlists.get(index)
      if (want !== undefined) swarm.unwant(want)
      this.#playlists.delete(index)
      this.#delivery.retire(index, path)
    }
    for (const { digest } of gone) this.#store.demote(digest)
    for (const segment of added) this.#add(segment)
    this.#delivery.schedule()
  }

  #add ({ index, blocks, playlist, ...rest }: Segment): void {
    const { inventory, swarm } = this.#delivery
    for (let block = 0; block < blocks; block++) inventory.lookUp({ index, blocks, ...rest }, block)
    if (playlist !== true) this.#delivery.added({ index, blocks, ...rest })
    if (playlist !== true || this.#delivery.withholds(index)) return
    // the origin's is of another moment, and would only be thrown away
    swarm.originDone(index, 0, blocks, 'mismatch')
    this.#playlists.set(index, swarm.want({ segment: index, first: 0, end: blocks, deadline: this.#clock.now() + PLAYLIST_DEADLINE_MS }))
  }
}
