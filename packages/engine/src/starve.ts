import type { BoundedMap } from '@shoal/base'
import { UnavailableError } from '@shoal/interface'
import type { Swarm } from '@shoal/swarm'
import type { Completion } from './completion.js'
import { STARVE_BULK_MS } from './defaults.js'
import type { Members } from './members.js'
import type { Readers } from './readers.js'

/** What is known of who waits, and for what. */
export interface Hunger {
  readonly now: number
  readonly starving: ReturnType<Swarm['starving']>
  readonly members: Members
  readonly readers: Readers
  /** Last failure of the origin by segment, since anything of it came. */
  readonly failures: BoundedMap<number, Error>
  /** When a block came last, or a job began. */
  readonly arrivedAt: number
  readonly completion: Completion | undefined
  readonly path: (segment: number) => string
}

/** Ends the reads, and the completion, for which no source was left for too long. */
export function starve ({ now, starving, members, readers, failures, arrivedAt, completion, path }: Hunger): void {
  let asked = false
  for (const { session } of members) if ((asked = session.stats.outstanding > 0)) break
  for (const [index, waiting] of readers.segments()) {
    const since = starving?.segment === index ? starving.since : undefined
    for (const reader of waiting) reader.starve(since, asked ? undefined : failures.get(index))
  }
  if (completion === undefined) return
  // an origin that fails whenever it is asked again starves us no less than one that rests
  const [barren, failure] = asked ? [] : [...failures.entries()].at(-1) ?? []
  const { since, segment } = starving ?? { since: arrivedAt, segment: barren }
  if (segment === undefined || now - Math.max(since, arrivedAt) <= STARVE_BULK_MS) return
  completion.fail(new UnavailableError(
    `no source gave a block of ${JSON.stringify(path(segment))} for ${STARVE_BULK_MS / 1000} s: ` +
    `${members.size} peers are connected, none has it; ${failure?.message ?? 'no origin answers'}`, { cause: failure }))
}
