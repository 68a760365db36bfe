import { ALPHA, K, MAX_CANDIDATES, MAX_REQUESTS } from '../defaults.js'

/** Somebody who may be asked: a name, and a place in the space of keys. */
export interface Candidate {
  readonly name: string
  readonly key: Uint8Array
}

type State = 'named' | 'asked' | 'slow' | 'answered' | 'failed'

interface Entry<T> {
  readonly node: T
  readonly distance: Uint8Array
  state: State
}

/**
 * Whom to ask next on the way to a key (Maymounkov, Mazières: Kademlia, §2.3). Of those known the `K` closest are asked, `ALPHA` at the
 * same time; whoever fails makes room for the next. It ends when the `K` closest have answered, so it asks every node of a small network,
 * and not only those that are closer than who named them.
 */
export class Lookup<T extends Candidate> {
  readonly #target: Uint8Array
  readonly #known = new Map<string, Entry<T>>()
  /** The same, closest first. */
  #entries: Entry<T>[] = []
  #requests = 0

  /** @param target the key's place */
  constructor (target: Uint8Array) {
    this.#target = target
  }

  /** More to ask. Who is known already stays as it is; the farthest of those not asked yet give way when there are too many. */
  add (nodes: Iterable<T>): void {
    for (const node of nodes) {
      if (this.#known.has(node.name)) continue
      const entry: Entry<T> = { node, distance: distance(node.key, this.#target), state: 'named' }
      this.#known.set(node.name, entry)
      this.#entries.push(entry)
    }
    this.#entries.sort((a, b) => compare(a.distance, b.distance))
    for (let i = this.#entries.length - 1; i >= 0 && this.#entries.length > MAX_CANDIDATES; i--) {
      const { node, state } = this.#entries[i] as Entry<T>
      if (state !== 'named') continue
      this.#entries.splice(i, 1)
      this.#known.delete(node.name)
    }
  }

  /** Whom to ask now, who counts as asked from then on; `undefined` while others have to answer first, and when there is nobody. */
  next (): T | undefined {
    if (this.#requests >= MAX_REQUESTS || this.#entries.filter(({ state }) => state === 'asked').length >= ALPHA) return undefined
    const entry = this.#closest().find(({ state }) => state === 'named')
    if (entry === undefined) return undefined
    entry.state = 'asked'
    this.#requests++
    return entry.node
  }

  /** It takes its time: another is asked meanwhile. */
  slow (node: T): void {
    this.#move(node, 'slow')
  }

  answered (node: T, closer: Iterable<T>): void {
    this.#move(node, 'answered')
    this.add(closer)
  }

  failed (node: T): void {
    this.#move(node, 'failed')
  }

  /** Nobody is left to ask, nor to wait for. */
  get done (): boolean {
    return this.#closest().every(({ state }) => state === 'answered' || (state === 'named' && this.#requests >= MAX_REQUESTS))
  }

  /** The `K` closest of those that answered, closest first. */
  get closest (): T[] {
    return this.#entries.filter(({ state }) => state === 'answered').slice(0, K).map(({ node }) => node)
  }

  #closest (): Entry<T>[] {
    return this.#entries.filter(({ state }) => state !== 'failed').slice(0, K)
  }

  #move (node: T, state: State): void {
    const entry = this.#known.get(node.name)
    if (entry?.state === 'asked' || entry?.state === 'slow') entry.state = state
  }
}

function distance (a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number))
}

function compare (a: Uint8Array, b: Uint8Array): number {
  const i = a.findIndex((byte, at) => byte !== b[at])
  return i < 0 ? 0 : (a[i] as number) - (b[i] as number)
}
