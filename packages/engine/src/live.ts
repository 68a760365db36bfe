import type { LiveManifest, WindowChange } from '@shoal/content'
import type { PeerName, Session } from '@shoal/interface'
import type { Delivery } from './delivery.js'
import { LiveHead } from './live-head.js'
import { LiveWindow } from './live-window.js'
import type { ManifestBlocks } from './manifest-blocks.js'
import type { Members } from './members.js'
import type { Shared } from './shared.js'
import type { SwarmOpening } from './types.js'

export interface LiveHost {
  readonly opening: SwarmOpening
  readonly publisher: PeerName
  readonly name: string
  readonly shared: Shared
  readonly members: Members
  readonly blocks: ManifestBlocks
  /** Our JOIN stands on this session, and heads are shared at all. */
  readonly told: (session: Session) => boolean
  readonly sharing: () => boolean
}

/** What a live content has beside what all have: heads that come and go on, and a window that moves. */
export class Live {
  readonly head: LiveHead
  readonly #host: LiveHost
  #delivery: Delivery | undefined
  #window: LiveWindow | undefined

  constructor (host: LiveHost) {
    this.#host = host
    const { opening: { swarm, link, emit }, publisher, shared: { init, components: { availability } }, sharing, ...rest } = host
    this.head = new LiveHead({
      ...rest,
      swarm,
      publisher,
      moved: (manifest, change) => { this.#moved(manifest, change) },
      failed: error => { emit('error', { error, doing: `following ${link}` }) },
      accepted: head => { if (publisher === init.self && sharing()) availability.head(swarm, head) }
    })
  }

  /** Hear what the publisher gives out to all. */
  follow (): void {
    const { opening: { swarm }, publisher, shared: { components: { availability } } } = this.#host
    availability.follow(swarm, publisher, async head => await this.head.gossip(head))
  }

  /** The first window is there. */
  begin (delivery: Delivery, manifest: LiveManifest): void {
    const { store, clock } = this.#host.shared.components
    this.#delivery = delivery
    this.#window = new LiveWindow(delivery, store, clock)
    this.#window.moved({ added: manifest.window, retired: [], gone: [] })
  }

  /** The segment was there once, or will be: not now. */
  retired (segment: number): boolean {
    return this.#delivery !== undefined && this.#delivery.manifest.peek(segment) === undefined
  }

  #moved ({ summary: { cid, live } }: LiveManifest, change: WindowChange): void {
    const { members, opening: { link, emit } } = this.#host
    members.forget(change.retired)
    this.#window?.moved(change)
    emit('manifest:update', {
      content: link, manifest: cid, added: change.added.length, retired: change.retired.length, ended: live?.ended === true
    })
  }
}
