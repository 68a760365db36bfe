import { toHex } from '@shoal/base'
import { Purged, type OpenedManifest, type Purge } from '@shoal/content'
import type { BlockRef, PurgedError, Segment, Session } from '@shoal/interface'
import type { Delivery } from './delivery.js'
import type { Members } from './members.js'
import { listed, withdraw } from './purge-blocks.js'
import { Purges } from './purges.js'
import type { Shared } from './shared.js'
import type { OpenPurging, SwarmOpening } from './types.js'
import { Withheld } from './withheld.js'

export interface PurgingHost {
  readonly opening: SwarmOpening
  readonly shared: Shared
  readonly members: Members
  /** Our JOIN stands on this session, and anything is shared at all. */
  readonly told: (session: Session) => boolean
  readonly sharing: () => boolean
  /** Nothing of the manifest needs to stay in the store any more. */
  readonly release: () => void
}

/** What a node does when the publisher of one of its contents takes back what it published. */
export class Purging implements OpenPurging {
  readonly #host: PurgingHost
  readonly #purges: Purges
  #manifest: OpenedManifest | undefined
  #withheld: Withheld | undefined
  #delivery: Delivery | undefined
  /** The last list that was recorded, here or in an earlier run. */
  #recorded: Purge | undefined
  /** There may be blocks to delete. */
  #due = false
  /** Deletes them: of lists that come quickly only the last. */
  #carrying: Promise<void> | undefined

  constructor (host: PurgingHost) {
    this.#host = host
    this.#recorded = host.opening.purge
    const { opening: { swarm, purge }, members, told, shared } = host
    this.#purges = new Purges({
      swarm,
      members,
      clock: shared.components.clock,
      told,
      taken: taken => { this.#taken(taken) },
      bad: (session, reason, detail) => { shared.penalise(session.peer, reason, detail) }
    }, purge)
  }

  get current (): Purge | undefined {
    return this.#purges.current
  }

  fault (segment: Segment): PurgedError | undefined {
    return this.#withheld?.fault(segment)
  }

  heard (session: Session, bytes: Uint8Array): void {
    this.#purges.heard(session, bytes)
  }

  left (session: Session): void {
    this.#purges.left(session)
  }

  /** Give a neighbour what it may not have yet. */
  tell (session: Session): void {
    this.#purges.tell(session)
  }

  /** Hear what the publisher gives out to all, as soon as it is known who that is. */
  follow (): void {
    const { opening: { swarm }, shared: { components: { availability } } } = this.#host
    if (this.#manifest === undefined) return
    availability.followPurges(swarm, this.#manifest.summary.publisher, async bytes => await this.#purges.gossip(bytes))
  }

  /** Signed here: resolves when it is carried out here. @throws ManifestError when it is bad */
  async issue (bytes: Uint8Array): Promise<void> {
    const { opening: { swarm }, shared: { components: { availability } }, sharing } = this.#host
    await this.#purges.issue(bytes)
    if (sharing()) availability.purge(swarm, bytes)
    await this.#carrying
  }

  /** The manifest is known: what of it is withheld from the start. */
  begin (manifest: OpenedManifest): Withheld {
    this.#manifest = manifest
    const withheld = this.#withheld = new Withheld(manifest)
    if (this.current !== undefined) withheld.set(this.current)
    return withheld
  }

  /** The bytes can come: what was known before is carried out, and what has waited is judged. */
  deliver (delivery: Delivery): void {
    const { sharing } = this.#host
    const { publisher, cid, name, live } = delivery.manifest.summary
    this.#delivery = delivery
    if (this.current !== undefined) this.#taken(this.current)
    if (sharing()) this.follow()
    this.#purges.begin(publisher, live === undefined ? { manifest: cid } : { name })
  }

  /** The store has been looked through, and may have more of what is purged. */
  async again (): Promise<void> {
    if (this.current !== undefined) this.#taken(this.current)
    await this.#carrying
  }

  #taken (purge: Purge): void {
    const [delivery, withheld] = [this.#delivery, this.#withheld]
    if (delivery === undefined || withheld === undefined) return
    // nobody gets any of it from now on, however long it takes to find all of it
    withheld.set(purge)
    delivery.purged()
    this.#due = true
    this.#carrying ??= this.#carryOut(delivery, withheld)
  }

  async #carryOut (delivery: Delivery, withheld: Withheld): Promise<void> {
    const { link, emit } = this.#host.opening
    while (this.#due && this.current !== undefined) {
      this.#due = false
      await this.#delete(this.current, delivery, withheld).catch((error: unknown) => {
        emit('error', { error: error as Error, doing: `purging ${link}` })
      })
    }
    this.#carrying = undefined
  }

  async #delete (purge: Purge, delivery: Delivery, withheld: Withheld): Promise<void> {
    const { opening: { link, emit, ended }, shared: { holdings } } = this.#host
    const before = this.#recorded
    // what was recorded before is no news
    const news = purge !== before
    const unpin = news ? await this.#record(purge) : undefined
    const { blocks, fresh } = await withdraw(delivery, new Purged(purge), before && new Purged(before), holdings, this.#pause)
    delivery.schedule()
    const own = purge.all ? [delivery.manifest.root, ...delivery.manifest.pageRefs] : []
    if (purge.all) this.#host.release()
    unpin?.([...fresh, ...own])
    const bytes = await this.#remove([...blocks, ...own])
    const { all, paths, cids, reason, tag } = purge
    if (news || bytes > 0) emit('purge', { content: link, all, paths, cids, reason, tag, bytes })
    if (all && withheld.incomplete !== undefined) ended?.(withheld.incomplete)
  }

  /** First of all, for the content may be closed meanwhile. Resolves with what takes back the pins. */
  async #record (purge: Purge): Promise<((blocks: readonly BlockRef[]) => void) | undefined> {
    const { link, emit, purged } = this.#host.opening
    this.#recorded = purge
    try {
      return await purged?.(purge)
    } catch (error) {
      // it is carried out all the same, if only until the next start
      emit('error', { error: error as Error, doing: `recording what is purged of ${link}` })
      return undefined
    }
  }

  /** Digests among these, in hex, of blocks that this content needs. */
  async * listed (among: ReadonlySet<string>): AsyncGenerator<string> {
    if (this.#delivery !== undefined && this.current?.all !== true) yield * listed(this.#delivery, among, this.#pause)
  }

  /** Deletes what nobody else needs. Returns how many bytes that was. */
  async #remove (blocks: readonly BlockRef[]): Promise<number> {
    const { components: { store }, holdings, listed } = this.#host.shared
    const going = new Map(blocks.map(ref => [toHex(ref.digest), ref]))
    for (const digest of await listed(new Set(going.keys()))) going.delete(digest)
    let bytes = 0
    for (const { digest, size = 0 } of going.values()) {
      await holdings.written(digest)
      if (!store.has(digest) || store.pinned(digest)) continue
      await store.delete(digest)
      bytes += size
    }
    return bytes
  }

  readonly #pause = async (): Promise<void> => {
    await new Promise<void>(resolve => { this.#host.shared.components.clock.after(0, resolve) })
  }
}
