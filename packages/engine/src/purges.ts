import { comparePurges, openPurge, type Purge, type PurgedContent } from '@shoal/content'
import { ManifestError, type GossipVerdict, type PeerName, type PenaltyReason, type Session, type SwarmId } from '@shoal/interface'
import { equalBytes, TokenBucket, type Clock } from '@shoal/base'
import { PURGES_AT_ONCE, PURGES_PER_SECOND, PURGES_WAITING } from './defaults.js'
import type { Members } from './members.js'

export interface PurgesHost {
  readonly swarm: SwarmId
  readonly members: Members
  readonly clock: Clock
  /** Our JOIN stands on this session, and anything is shared at all. */
  readonly told: (session: Session) => boolean
  /** Another list counts. */
  readonly taken: (purge: Purge) => void
  /** What this session sent is none, or is older than what it sent before. */
  readonly bad: (session: Session, reason: PenaltyReason, detail: string) => void
}

/**
 * Which purge list of one content counts: the newest that its publisher signed, whoever brought it. It goes on to every neighbour that is
 * not known to have it. Until the manifest says who the publisher is, the last list of each session waits.
 */
export class Purges {
  readonly #host: PurgesHost
  readonly #waiting = new Map<Session, Uint8Array>()
  /** The newest that a session sent us, and that we sent it. */
  readonly #said = new WeakMap<Session, Purge>()
  readonly #told = new WeakMap<Session, Purge>()
  readonly #rate: TokenBucket
  #of: { readonly publisher: PeerName, readonly content: PurgedContent } | undefined
  #current: Purge | undefined
  #judging = false

  /** @param known from before, verified then */
  constructor (host: PurgesHost, known: Purge | undefined) {
    this.#host = host
    this.#rate = new TokenBucket(host.clock, PURGES_PER_SECOND, PURGES_AT_ONCE)
    this.#current = known
  }

  /** The one that counts. */
  get current (): Purge | undefined {
    return this.#current
  }

  /** The manifest is known. */
  begin (publisher: PeerName, content: PurgedContent): void {
    this.#of = { publisher, content }
    void this.#judge()
  }

  heard (session: Session, bytes: Uint8Array): void {
    if (!this.#waiting.has(session) && this.#waiting.size >= PURGES_WAITING) return
    this.#waiting.set(session, bytes)
    void this.#judge()
  }

  left (session: Session): void {
    this.#waiting.delete(session)
  }

  /** One that came over gossipsub, and what becomes of it there. @throws ManifestError when it is bad */
  async gossip (bytes: Uint8Array): Promise<GossipVerdict> {
    if (this.#of === undefined) return 'ignore'
    return this.#take(await this.#open(bytes)) ? 'accept' : 'ignore'
  }

  /** One of ours. @throws ManifestError when it is bad */
  async issue (bytes: Uint8Array): Promise<void> {
    this.#take(await this.#open(bytes))
  }

  tell (session: Session): void {
    const current = this.#current
    if (current === undefined || !this.#host.told(session)) return
    if ([this.#said, this.#told].some(by => by.get(session) !== undefined && comparePurges(by.get(session) as Purge, current) >= 0)) return
    this.#told.set(session, current)
    session.purge(this.#host.swarm, current.bytes)
  }

  /** One after the other: a signature takes long, and whoever sends many waits for itself. */
  async #judge (): Promise<void> {
    if (this.#judging) return
    this.#judging = true
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const [session, bytes] = next
      try {
        await this.#judgeOne(session, bytes)
      } catch (error) {
        if (!(error instanceof ManifestError)) throw error
        this.#host.bad(session, 'bad-purge', error.message)
      }
    }
    this.#judging = false
  }

  #next (): [Session, Uint8Array] | undefined {
    if (this.#of === undefined) return undefined
    for (const waiting of this.#waiting) {
      this.#waiting.delete(waiting[0])
      return waiting
    }
    return undefined
  }

  async #judgeOne (session: Session, bytes: Uint8Array): Promise<void> {
    const before = this.#said.get(session)
    // what most neighbours send is what we have: no signature needs to be checked again
    const purge = [this.#current, before].find(known => known !== undefined && equalBytes(known.bytes, bytes)) ?? await this.#paced(bytes)
    if (before !== undefined && comparePurges(purge, before) < 0) {
      // a node that lost its disk may do that, too
      const detail = `expected no purge older than ${before.sequence}, which came before, got ${purge.sequence}`
      this.#host.bad(session, 'protocol-violation', detail)
      return
    }
    this.#said.set(session, purge)
    if (!this.#take(purge)) this.tell(session)
  }

  /** Whoever signs lists without end has them wait, and of each session the last counts: nobody's processor or network is kept busy so. */
  async #paced (bytes: Uint8Array): Promise<Purge> {
    const wait = this.#rate.wait()
    if (wait > 0) await new Promise<void>(resolve => { this.#host.clock.after(wait, resolve) })
    this.#rate.take(1)
    return await this.#open(bytes)
  }

  async #open (bytes: Uint8Array): Promise<Purge> {
    const purge = await openPurge(bytes)
    if (this.#of === undefined) throw new ManifestError('expected a purge of a content whose manifest is known')
    const { publisher, content } = this.#of
    if (purge.publisher !== publisher) throw new ManifestError(`expected a purge signed by ${publisher}, got one by ${purge.publisher}`)
    const [meant, named] = [nameOf(content), nameOf(purge.content)]
    if (meant !== named) throw new ManifestError(`expected a purge of ${meant}, got one of ${named}`)
    return purge
  }

  /** Returns whether it is newer than the one that counted. */
  #take (purge: Purge): boolean {
    if (this.#current !== undefined && comparePurges(purge, this.#current) <= 0) return false
    this.#current = purge
    this.#host.taken(purge)
    for (const { session } of this.#host.members) this.tell(session)
    return true
  }
}

function nameOf (content: PurgedContent): string {
  return 'manifest' in content ? content.manifest : JSON.stringify(content.name)
}
