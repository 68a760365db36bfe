import { NotFoundError, UnavailableError, type BlockRef, type SwarmId, type VerifiedBlock } from '@shoal/interface'
import { MANIFEST_SEGMENT } from '@shoal/content'
import { raceSignal, type Clock } from '@shoal/base'
import type { Alarm } from './alarm.js'
import { MANIFEST_HEDGE_MS, OPEN_TIMEOUT_MS } from './defaults.js'
import type { Holdings } from './holdings.js'
import type { Members } from './members.js'
import { rankOf } from './route.js'

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

export interface ManifestBlocksInit {
  readonly swarm: SwarmId
  readonly clock: Clock
  readonly alarm: Alarm
  readonly holdings: Holdings
  readonly members: Members
}

/** Gets blocks that are no segment's but the manifest's own: from the store, else from one member of the swarm after the other. */
export class ManifestBlocks {
  readonly #init: ManifestBlocksInit
  readonly #pending = new Map<number, Pending>()
  readonly #hedge = (): void => { this.poke() }
  #closed: Error | undefined

  constructor (init: ManifestBlocksInit) {
    this.#init = init
  }

  /**
   * One block, by the number under which it is asked for.
   *
   * @param patient wait as long as it takes: who asks has an end of its own
   * @throws UnavailableError when nobody gives it for long, NotFoundError when the content was closed
   */
  async load (
    ref: BlockRef, at: number, { signal, patient = false }: { signal?: AbortSignal | undefined, patient?: boolean } = {}
  ): Promise<VerifiedBlock> {
    const { holdings, clock } = this.#init
    if (this.#closed !== undefined) throw this.#closed
    const stored = holdings.has(ref.digest) ? await holdings.get(ref) : undefined
    if (stored !== undefined) return stored
    let pending = this.#pending.get(at)
    if (pending === undefined) {
      const { promise, resolve, reject } = Promise.withResolvers<VerifiedBlock>()
      promise.catch(() => {})
      const since = patient ? Infinity : clock.now()
      pending = { at, ref, asked: new Set(), since, resolve, reject, promise, outstanding: 0, lastAsk: -Infinity }
      this.#pending.set(at, pending)
    }
    this.poke()
    return await raceSignal(pending.promise, signal)
  }

  /** Ask whoever has not been asked yet, when those asked have failed or had their time; then all again. */
  poke (): void {
    const { swarm, clock, alarm, members } = this.#init
    const now = clock.now()
    for (const pending of this.#pending.values()) {
      if (now - pending.since > OPEN_TIMEOUT_MS) {
        this.#pending.delete(pending.at)
        pending.reject(new UnavailableError(
          `no peer gave block ${pending.at} of the manifest for ${OPEN_TIMEOUT_MS / 1000} s: ${members.size} are connected`))
        continue
      }
      const recent = now - pending.lastAsk < MANIFEST_HEDGE_MS
      if (recent && pending.outstanding > 0) continue
      const sessions = [...members].map(member => member.session).filter(session => !session.closed && !session.limited)
        .toSorted((a, b) => rankOf(b) - rankOf(a))
      let next = sessions.find(session => !pending.asked.has(session.id))
      if (next === undefined && !recent) {
        pending.asked.clear()
        next = sessions[0]
      }
      alarm.soonest(this.#hedge, now + MANIFEST_HEDGE_MS)
      if (next === undefined) continue
      pending.asked.add(next.id)
      pending.outstanding++
      pending.lastAsk = now
      next.request(swarm, MANIFEST_SEGMENT, [pending.at], [pending.ref])
    }
  }

  /** Returns whether it was asked for. */
  arrived (at: number, block: VerifiedBlock): boolean {
    const pending = this.#pending.get(at)
    if (pending === undefined) return false
    this.#pending.delete(at)
    pending.resolve(block)
    return true
  }

  /** One of those asked will not give it. */
  failed (at: number): void {
    const pending = this.#pending.get(at)
    if (pending === undefined) return
    pending.outstanding--
    this.poke()
  }

  fail (error: Error): void {
    this.#closed ??= error
    for (const pending of this.#pending.values()) pending.reject(error)
  }

  close (): void {
    this.fail(new NotFoundError('the content was closed before its manifest was found'))
    this.#init.alarm.set(this.#hedge, undefined)
    this.#pending.clear()
  }
}
