/**
 * Live contents in the engine, for those who open one.
 *
 * @packageDocumentation
 */

import type { LiveManifest, WindowChange } from '@shoal/content/live'
import type { PeerName } from '@shoal/interface'
import { LiveHead } from './live-head.js'
import type { CreateLive, LiveDelivery, LiveHost, LivePart } from './live-part.js'
import { LiveWindow } from './live-window.js'

/** Whose live content it is, and under which name. */
export function live ({ publisher, name }: { readonly publisher: PeerName, readonly name: string }): CreateLive {
  return host => new Live(publisher, name, host)
}

class Live implements LivePart {
  readonly source: LiveHead
  readonly #host: LiveHost
  readonly #publisher: PeerName
  #delivery: LiveDelivery | undefined
  #window: LiveWindow | undefined

  constructor (publisher: PeerName, name: string, host: LiveHost) {
    const { swarm, self, availability, sharing } = host
    this.#host = host
    this.#publisher = publisher
    this.source = new LiveHead({
      ...host,
      publisher,
      name,
      moved: (manifest, change) => { this.#moved(manifest, change) },
      accepted: head => { if (publisher === self && sharing()) availability.head(swarm, head) }
    })
  }

  follow (): void {
    const { swarm, availability } = this.#host
    availability.follow(swarm, this.#publisher, async head => await this.source.gossip(head))
  }

  begin (delivery: LiveDelivery): void {
    this.#delivery = delivery
    this.#window = new LiveWindow(delivery, this.#host)
    this.#window.moved({ added: this.source.window, retired: [], gone: [] })
  }

  retired (segment: number): boolean {
    return this.#delivery !== undefined && this.#delivery.manifest.peek(segment) === undefined
  }

  #moved ({ summary: { cid, live } }: LiveManifest, change: WindowChange): void {
    const { members, updated } = this.#host
    members.forget(change.retired)
    this.#window?.moved(change)
    updated({ manifest: cid, added: change.added.length, retired: change.retired.length, ended: live?.ended === true })
  }
}
