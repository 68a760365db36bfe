import { MANIFEST_SEGMENT, openManifest, refusalOf, type OpenedManifest } from '@shoal/content'
import { NotFoundError, UnavailableError, type BlockRef, type SwarmId, type VerifiedBlock } from '@shoal/interface'
import { raceSignal, type Clock } from '@shoal/base'
import type { Alarm } from './alarm.js'
import { MANIFEST_HEDGE_MS, OPEN_TIMEOUT_MS } from './defaults.js'
import type { Holdings } from './holdings.js'
import type { Members } from './members.js'

interface Pending {
  readonly at: number
  readonly ref: BlockRef
  readonly asked: Set<number>
  readonly since: number
  readonly resolve: (block: VerifiedBlock) => void
  readonly reject: (error: Error) => void
  readonly promise: Promise<VerifiedBlock>
  /** Requests that have not failed yet. */
  outstanding: number
  lastAsk: number
}

/** Gets the manifest's own blocks: from the store, else from one member of the swarm after the other. */
export class ManifestSource {
  readonly #swarm: SwarmId
  readonly #clock: Clock
  readonly #alarm: Alarm
  readonly #holdings: Holdings
  readonly #members: Members
  readonly #pending = new Map<number, Pending>()
  readonly #hedge = (): void => { this.poke() }
  readonly #root: BlockRef
  /** One signature is tried after the other, for the first may be forged. */
  #opening: Promise<void> = Promise.resolve()
  #envelope: Uint8Array | undefined
  #closed: Error | undefined
  readonly manifest = Promise.withResolvers<OpenedManifest>()

  constructor (init: {
    swarm: SwarmId, root: Uint8Array, clock: Clock, alarm: Alarm, holdings: Holdings, members: Members
  }) {
    this.#swarm = init.swarm
    this.#clock = init.clock
    this.#alarm = init.alarm
    this.#holdings = init.holdings
    this.#members = init.members
    this.#root = { digest: init.root }
    this.manifest.promise.catch(() => {})
  }

  get envelope (): Uint8Array | undefined {
    return this.#envelope
  }

  /** Somebody gave the signature. @throws ManifestError when it is bad; the caller knows whom to blame */
  async offer (envelope: Uint8Array): Promise<void> {
    const opening = this.#opening.catch(() => {}).then(() => this.#envelope === undefined ? this.#open(envelope) : undefined)
    this.#opening = opening
    await opening
  }

  async #open (envelope: Uint8Array): Promise<void> {
    const root = await this.load(this.#root, 0)
    const manifest = await openManifest({ root, envelope, load: (ref, at, signal) => this.load(ref, at, signal) })
    const refusal = refusalOf(manifest.policy)
    if (refusal !== undefined) {
      this.fail(refusal)
      return
    }
    this.#envelope = envelope
    this.manifest.resolve(manifest)
  }

  /** One block of the manifest. @throws UnavailableError when nobody gives a page for long, NotFoundError when the content was closed */
  async load (ref: BlockRef, at: number, signal?: AbortSignal): Promise<VerifiedBlock> {
    if (this.#closed !== undefined) throw this.#closed
    const stored = this.#holdings.has(ref.digest) ? await this.#holdings.get(ref) : undefined
    if (stored !== undefined) return stored
    let pending = this.#pending.get(at)
    if (pending === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<VerifiedBlock>()
      promise.catch(() => {})
      pending = { at, ref, asked: new Set(), since: this.#clock.now(), resolve, reject, promise, outstanding: 0, lastAsk: -Infinity }
      this.#pending.set(at, pending)
    }
    this.poke()
    return await raceSignal(pending.promise, signal)
  }

  /** Ask whoever has not been asked yet, when those asked have failed or had their time; then all again. */
  poke (): void {
    const now = this.#clock.now()
    for (const pending of this.#pending.values()) {
      // the root has its own end: the content is not found
      if (pending.at > 0 && now - pending.since > OPEN_TIMEOUT_MS) {
        this.#pending.delete(pending.at)
        pending.reject(new UnavailableError(
          `no peer gave page ${pending.at - 1} of the manifest for ${OPEN_TIMEOUT_MS / 1000} s: ${this.#members.size} are connected`))
        continue
      }
      const recent = now - pending.lastAsk < MANIFEST_HEDGE_MS
      if (recent && pending.outstanding > 0) continue
      const sessions = [...this.#members].map(member => member.session).filter(session => !session.closed && !session.limited)
      let next = sessions.find(session => !pending.asked.has(session.id))
      if (next === undefined && !recent) {
        pending.asked.clear()
        next = sessions[0]
      }
      this.#alarm.soonest(this.#hedge, now + MANIFEST_HEDGE_MS)
      if (next === undefined) continue
      pending.asked.add(next.id)
      pending.outstanding++
      pending.lastAsk = now
      next.request(this.#swarm, MANIFEST_SEGMENT, [pending.at], [pending.ref])
    }
  }

  arrived (at: number, block: VerifiedBlock): void {
    const pending = this.#pending.get(at)
    if (pending === undefined) return
    this.#pending.delete(at)
    // kept for others and for the next start; a full store does not hinder reading
    this.#holdings.put(block).then(() => { this.#holdings.pin(block) }, () => {})
    pending.resolve(block)
  }

  /** One of those asked will not give it. */
  failed (at: number): void {
    const pending = this.#pending.get(at)
    if (pending === undefined) return
    pending.outstanding--
    this.poke()
  }

  /** Give up looking. */
  fail (error: Error): void {
    this.#closed ??= error
    this.manifest.reject(error)
    for (const pending of this.#pending.values()) pending.reject(error)
  }

  close (): void {
    this.fail(new NotFoundError('the content was closed before its manifest was found'))
    this.#alarm.set(this.#hedge, undefined)
    this.#pending.clear()
  }
}
