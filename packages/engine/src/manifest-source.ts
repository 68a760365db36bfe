import { MAX_ENVELOPE_BYTES, openManifest, refusalOf, type OpenedManifest } from '@shoal/content'
import { ManifestError, NotFoundError, type BlockRef, type Session, type SwarmId, type VerifiedBlock } from '@shoal/interface'
import type { Holdings } from './holdings.js'
import type { ManifestBlocks } from './manifest-blocks.js'
import type { Source } from './source.js'

export interface ManifestSourceInit {
  readonly swarm: SwarmId
  /** Digest of the root. */
  readonly root: Uint8Array
  readonly blocks: ManifestBlocks
  readonly holdings: Holdings
}

/** The manifest of a content that does not change: its root and pages, once somebody gave the publisher's signature of the root. */
export class ManifestSource implements Source {
  readonly #init: ManifestSourceInit
  readonly #root: BlockRef
  /** Sessions whose signature is being looked at: one at a time. */
  readonly #offering = new WeakSet<Session>()
  /** One signature is tried after the other, for the first may be forged. */
  #opening: Promise<void> = Promise.resolve()
  #envelope: Uint8Array | undefined
  /** `undefined` when nothing is to be pinned any more. */
  #pinned: VerifiedBlock[] | undefined = []
  #opened: OpenedManifest | undefined
  readonly #manifest = Promise.withResolvers<OpenedManifest>()

  constructor (init: ManifestSourceInit) {
    this.#init = init
    this.#root = { digest: init.root }
    this.#manifest.promise.catch(() => {})
  }

  get manifest (): Promise<OpenedManifest> {
    return this.#manifest.promise
  }

  get head (): Uint8Array | undefined {
    return this.#envelope
  }

  async offer (envelope: Uint8Array): Promise<void> {
    const opening = this.#opening.catch(() => {}).then(() => this.#envelope === undefined ? this.#open(envelope) : undefined)
    this.#opening = opening
    await opening
  }

  async heard (session: Session, head: Uint8Array): Promise<void> {
    if (this.#opened !== undefined || this.#offering.has(session)) return
    if (head.byteLength > MAX_ENVELOPE_BYTES) {
      throw new ManifestError(`expected a signature of at most ${MAX_ENVELOPE_BYTES} bytes, got ${head.byteLength}`)
    }
    this.#offering.add(session)
    try {
      await this.offer(head)
    } finally {
      this.#offering.delete(session)
    }
  }

  async #open (envelope: Uint8Array): Promise<void> {
    const { blocks } = this.#init
    const root = await blocks.load(this.#root, 0, { patient: true })
    const manifest = await openManifest({ root, envelope, load: async (ref, at, signal) => await blocks.load(ref, at, { signal }) })
    const refusal = refusalOf(manifest.policy)
    if (refusal !== undefined) {
      this.fail(refusal)
      return
    }
    this.#envelope = envelope
    this.#opened = manifest
    this.#manifest.resolve(manifest)
  }

  tell (session: Session): void {
    if (this.#envelope !== undefined) session.head(this.#init.swarm, this.#envelope)
  }

  arrived (at: number, block: VerifiedBlock): void {
    const { blocks, holdings } = this.#init
    if (!blocks.arrived(at, block)) return
    // kept for others and for the next start; a full store does not hinder reading
    holdings.put(block).then(() => {
      if (this.#pinned === undefined) return
      holdings.pin(block)
      this.#pinned.push(block)
    }, () => {})
  }

  async serve (at: number): Promise<VerifiedBlock | undefined> {
    if (at === 0) return this.#opened?.root
    const page = this.#opened?.pageRefs[at - 1]
    return page === undefined ? undefined : await this.#init.holdings.get(page)
  }

  release (): void {
    for (const block of this.#pinned ?? []) this.#init.holdings.unpin(block)
    this.#pinned = undefined
  }

  fail (error: Error): void {
    this.#init.blocks.fail(error)
    this.#manifest.reject(error)
  }

  close (): void {
    this.fail(new NotFoundError('the content was closed before its manifest was found'))
    this.#init.blocks.close()
  }
}
