/**
 * Live contents in the engine, for those who open one.
 *
 * @packageDocumentation
 */

import type { LiveManifest, Seen, WindowChange } from '@shoal/content/live'
import type { PeerName } from '@shoal/interface'
import { LiveHead } from './live-head.js'
import type { CreateLive, LiveDelivery, LiveHost, LivePart } from './live-part.js'
import { LiveWindow } from './live-window.js'

export type { CreateLive, LiveDelivery, LiveHost, LivePart } from './live-part.js'
export type { Source } from './source.js'

export interface LiveInit {
  /** Whose live content it is, and under which name. */
  readonly publisher: PeerName
  readonly name: string
  /** What an earlier run saw last: nothing older counts. @default nothing */
  readonly seen?: Seen | undefined
  /** To be remembered for the next run, in place of what came before. @default forgotten */
  readonly onseen?: ((seen: Seen) => void) | undefined
}

export function live (init: LiveInit): CreateLive {
  return host => new Live(init, host)
}

class Live implements LivePart {
  readonly source: LiveHead
  readonly #host: LiveHost
  readonly #publisher: PeerName
  #delivery: LiveDelivery | undefined
  #window: LiveWindow | undefined

  constructor (init: LiveInit, host: LiveHost) {
    const { swarm, self, availability, sharing } = host
    const { publisher } = init
    this.#host = host
    this.#publisher = publisher
    this.source = new LiveHead({
      ...host,
      ...init,
      moved: (manifest, change) => { this.#moved(manifest, change) },
      accepted: (head, policy) => {
        // gossip is for everybody
        if (publisher === self && sharing() && policy.token === undefined) availability.head(swarm, head)
      }
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
