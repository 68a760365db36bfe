import type { Session } from '@shoal/interface'

/** How long bytes wait in queues, from the round trips of sessions: the part above each one's best. */
export class Queueing {
  readonly #known = new WeakMap<Session, { least: number, last: number }>()

  /** The least over all sessions that were measured anew, ms: what they have in common. `undefined` when none was. */
  measured (sessions: Iterable<Session>): number | undefined {
    let least: number | undefined
    for (const session of sessions) {
      const { rtt } = session.stats
      if (rtt === undefined || session.transport === 'relay') continue
      const known = this.#known.get(session)
      if (known === undefined) {
        this.#known.set(session, { least: rtt, last: rtt })
        continue
      }
      if (known.last === rtt) continue
      known.last = rtt
      known.least = Math.min(known.least, rtt)
      least = Math.min(least ?? Infinity, rtt - known.least)
    }
    return least
  }
}
