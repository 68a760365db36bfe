import { ManifestError } from '@shoal/interface'
import { equalBytes } from '@shoal/base'
import { compareSequences, type Head } from './head.js'
import { HEADS_REMEMBERED } from './limits.js'
import { show } from './manifest-fields.js'
import type { Window, WindowEntry } from './window.js'

/** A head that counted, with its window. */
export interface Accepted {
  readonly head: Head
  readonly window: Window
}

/** What outlives a reader's restart: the newest head that it took. */
export interface Seen extends Pick<Head, 'sequence' | 'digest'> {
  /** Epoch in which two heads said different things, if there was one. */
  readonly burnt?: number | undefined
}

/**
 * - `newer`: to be taken
 * - `known`: we have it
 * - `stale`: we have a newer one, or had in an earlier run
 * - `forked`: another head has its sequence, and from now on neither counts
 * - `burnt`: of an epoch in which that happened
 */
export type Verdict = 'newer' | 'known' | 'stale' | 'forked' | 'burnt'

/**
 * Which head of a live content counts. A pure state machine over heads whose signature has been verified.
 *
 * Two different heads with one sequence mean that the publisher's key says two things at once: neither counts, nor what comes after them in
 * that epoch. What counts then is the last head before them, or none.
 */
export class HeadLog {
  /** Rising. */
  #accepted: Accepted[] = []
  #burnt: number | undefined
  /** Highest number that the newest epoch has given to a segment. */
  #highest = -1
  readonly #before: Seen | undefined

  /** @param before what an earlier run saw last: nothing older counts any more */
  constructor (before?: Seen) {
    this.#before = before
    this.#burnt = before?.burnt
  }

  /** The one that counts. */
  get current (): Accepted | undefined {
    return this.#accepted.at(-1)
  }

  /** The head before another, if it counted: the window of a head says how it comes of that one's. */
  before ({ sequence: { epoch, counter } }: Pick<Head, 'sequence'>): Accepted | undefined {
    return this.#accepted.find(({ head }) => compareSequences(head.sequence, { epoch, counter: counter - 1 }) === 0)
  }

  /** What to remember for the next run. */
  get seen (): Seen | undefined {
    const newest = this.current?.head ?? this.#before
    return newest === undefined ? undefined : { sequence: newest.sequence, digest: newest.digest, burnt: this.#burnt }
  }

  /** What to do with a head. `forked` has been done. */
  judge ({ sequence, digest }: Pick<Head, 'sequence' | 'digest'>): Verdict {
    if (this.#burnt !== undefined && sequence.epoch <= this.#burnt) return 'burnt'
    const known = this.#accepted.find(({ head }) => compareSequences(head.sequence, sequence) === 0)
    if (known !== undefined && equalBytes(known.head.digest, digest)) return 'known'
    const before = this.#before
    const order = before === undefined ? 1 : compareSequences(sequence, before.sequence)
    if (known !== undefined || (order === 0 && before !== undefined && !equalBytes(before.digest, digest))) {
      this.#burnt = sequence.epoch
      this.#accepted = this.#accepted.filter(({ head }) => compareSequences(head.sequence, sequence) < 0)
      return 'forked'
    }
    const { current } = this
    return order < 0 || (current !== undefined && compareSequences(sequence, current.head.sequence) < 0) ? 'stale' : 'newer'
  }

  /**
   * Takes a head with its window, which may have come much later than the head. Nothing changes unless the verdict is `newer` or `forked`.
   *
   * @throws ManifestError the window gives a number that is known another meaning, or takes an old number for something new
   */
  accept (accepted: Accepted): Verdict {
    const { head, window } = accepted
    const verdict = this.judge(head)
    if (verdict !== 'newer') return verdict
    const goesOn = this.current?.head.sequence.epoch === head.sequence.epoch
    this.#check(window, goesOn)
    this.#highest = Math.max(goesOn ? this.#highest : -1, window.entries.at(-1)?.index ?? -1)
    this.#accepted = [...this.#accepted, accepted].slice(-HEADS_REMEMBERED)
    return verdict
  }

  #check ({ entries }: Window, goesOn: boolean): void {
    const known = new Map((this.current?.window.entries ?? []).map(entry => [entry.index, entry]))
    for (const entry of entries) {
      const before = known.get(entry.index)
      if (before !== undefined && !sameEntry(before, entry)) {
        throw new ManifestError(`expected segment ${entry.index} to stay ${show(before.path)} with the same bytes, got ${show(entry.path)}`)
      }
      if (before === undefined && goesOn && entry.index <= this.#highest) {
        throw new ManifestError(`expected new segments with numbers above ${this.#highest}, got ${entry.index} for ${show(entry.path)}`)
      }
    }
  }
}

function sameEntry (a: WindowEntry, b: WindowEntry): boolean {
  return a.path === b.path && a.size === b.size && a.playlist === b.playlist && a.duration === b.duration && a.rendition === b.rendition &&
    equalBytes(a.leaves, b.leaves)
}
