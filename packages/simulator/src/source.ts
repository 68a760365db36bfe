import type { CreateLive, LiveDelivery, LiveHost, LivePart, Source } from '@shoal/engine/live'
import type { GossipVerdict, Session } from '@shoal/interface'
import { PUBLISHER, VirtualManifest, type Span } from './manifest.js'
import type { Material } from './material.js'

/** A signed head with the window in it takes about so much; here its first bytes are the window's ends. */
const HEAD_BYTES = 1_200

/** Of a content that does not change, only the signature travels. */
export const ENVELOPE_BYTES = 200

export function headOf ({ first, end }: Span, bytes = HEAD_BYTES): Uint8Array {
  const head = new Uint8Array(bytes)
  const view = new DataView(head.buffer)
  view.setUint32(0, first)
  view.setUint32(4, end)
  return head
}

function spanOf (head: Uint8Array): Span {
  const view = new DataView(head.buffer, head.byteOffset)
  return { first: view.getUint32(0), end: view.getUint32(4) }
}

export interface SourceInit {
  readonly material: Material
  readonly live: boolean
  /** The window moved, or is known now. */
  readonly moved: (span: Span) => void
}

/**
 * Where a peer's manifest comes from, in place of signed ones: heads come with JOINs and over gossip as in the engine's own, and count as
 * soon as they are newer; no signature is made or checked, and no window is fetched.
 */
export function virtualSource (init: SourceInit): CreateLive {
  return host => new VirtualSource(init, host)
}

class VirtualSource implements LivePart, Source {
  readonly #init: SourceInit
  readonly #host: LiveHost
  readonly #manifest = Promise.withResolvers<VirtualManifest>()
  #known: VirtualManifest | undefined
  #delivery: LiveDelivery | undefined
  head: Uint8Array | undefined

  constructor (init: SourceInit, host: LiveHost) {
    this.#init = init
    this.#host = host
    this.#manifest.promise.catch(() => {})
  }

  get source (): Source {
    return this
  }

  get manifest (): Promise<VirtualManifest> {
    return this.#manifest.promise
  }

  async offer (head: Uint8Array): Promise<void> {
    this.#take(head)
  }

  async heard (_session: Session, head: Uint8Array): Promise<void> {
    this.#take(head)
  }

  async #gossip (head: Uint8Array): Promise<GossipVerdict> {
    return this.#take(head) ? 'accept' : 'ignore'
  }

  tell (session: Session): void {
    if (this.head !== undefined) session.head(this.#host.swarm, this.head)
  }

  follow (): void {
    const { swarm, availability } = this.#host
    if (this.#init.live) availability.follow(swarm, PUBLISHER, async head => await this.#gossip(head))
  }

  begin (delivery: LiveDelivery): void {
    this.#delivery = delivery
    // what the store has already: all of it at the publisher of a film, nothing elsewhere
    const known = this.#known as VirtualManifest
    for (let index = known.span.first; index < known.span.end; index++) this.#look(index)
  }

  retired (segment: number): boolean {
    return this.#init.live && this.#known?.peek(segment) === undefined
  }

  arrived (): void {}
  async serve (): Promise<undefined> { return undefined }
  release (): void {}
  close (): void { this.fail(new Error('closed')) }
  fail (error: Error): void { this.#manifest.reject(error) }

  #look (index: number): void {
    const piece = this.#init.material.pieces[index]
    if (piece === undefined || this.#delivery === undefined) return
    const { inventory } = this.#delivery
    if (piece.refs.some(({ digest }) => this.#host.store.has(digest))) {
      for (let block = 0; block < piece.refs.length; block++) inventory.lookUp(piece.segment, block)
    }
  }

  #take (head: Uint8Array): boolean {
    const span = spanOf(head)
    const { material, live, moved } = this.#init
    const known = this.#known
    if (known === undefined) {
      this.#known = new VirtualManifest(material, span, live)
      this.head = head
      this.#manifest.resolve(this.#known)
    } else {
      const before = known.span
      if (!live || span.end <= before.end) return false
      known.span = span
      this.head = head
      this.#retire(before.first, Math.min(span.first, before.end))
      for (let index = before.end; index < span.end; index++) {
        this.#look(index)
        const added = material.pieces[index]?.segment
        if (added !== undefined) this.#delivery?.added(added)
      }
      this.#delivery?.schedule()
    }
    const { availability, swarm, self } = this.#host
    if (live && self === PUBLISHER) availability.head(swarm, head)
    moved(span)
    return true
  }

  #retire (first: number, end: number): void {
    const { members, store } = this.#host
    const pieces = this.#init.material.pieces.slice(first, end)
    members.forget(pieces.map(({ segment }) => segment))
    for (const { segment: { index, path }, refs } of pieces) {
      this.#delivery?.retire(index, path)
      for (const { digest } of refs) store.demote(digest)
    }
  }
}
