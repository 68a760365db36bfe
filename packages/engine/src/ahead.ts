import { BoundedMap } from '@shoal/base'
import type { Segment } from '@shoal/interface'
import { AHEAD_MS, AHEAD_RENDITIONS } from './defaults.js'

export interface AheadHost {
  readonly now: () => number
  /** What of this segment comes is handed on at once: waiting to be asked for it would be most of the time that there is. */
  readonly pushes: (segment: number) => boolean
  readonly complete: (segment: number) => boolean
  readonly want: (segment: number, first: number, end: number, deadline: number) => number
  readonly unwant: (id: number) => void
}

/** How far one rendition has been read, or is being fetched ahead of that. */
interface Edge {
  readonly index: number
  /** When the segment behind it is needed. */
  readonly due: number
  /** When something of it was read last. */
  readonly readAt: number
}

/**
 * Low-latency players ask for one part after the other, each when they have the one before. What takes longer to come than it lasts
 * would put all of them behind. So parts are wanted as soon as the publisher names them, for as long as those before them are being read,
 * and when the player asks they are here.
 */
export class Ahead {
  readonly #host: AheadHost
  readonly #edges = new BoundedMap<string, Edge>(AHEAD_RENDITIONS)
  /** What is wanted ahead, by segment. */
  readonly #wants = new Map<number, { readonly id: number, readonly rendition: string }>()

  constructor (host: AheadHost) {
    this.#host = host
  }

  /** @param deadline on the clock; `undefined`: no player reads it */
  read ({ index, rendition = '', duration = 0 }: Segment, deadline: number | undefined): void {
    if (deadline === undefined || !this.#host.pushes(index)) return
    const now = this.#host.now()
    const edge = this.#edges.get(rendition)
    // what is fetched ahead is due when it was, unless the player has gone elsewhere
    const due = edge === undefined || index > edge.index ? deadline + 1000 * duration : edge.due
    this.#edges.set(rendition, { index: Math.max(index, edge?.index ?? index), due, readAt: now })
    this.#release()
  }

  /** The publisher has named another segment. */
  added ({ index, blocks, rendition = '', duration = 0 }: Segment): void {
    this.#release()
    const { now, pushes, want } = this.#host
    const edge = this.#edges.get(rendition)
    if (edge === undefined || index <= edge.index || now() - edge.readAt > AHEAD_MS || !pushes(index)) return
    this.#wants.set(index, { id: want(index, 0, blocks, edge.due), rendition })
    this.#edges.set(rendition, { ...edge, index, due: edge.due + 1000 * duration })
  }

  /** The segment is no more. */
  retire (segment: number): void {
    const wanted = this.#wants.get(segment)
    if (wanted === undefined) return
    this.#wants.delete(segment)
    this.#host.unwant(wanted.id)
  }

  /** What is here, and what nobody will read any more. */
  #release (): void {
    const { now, complete } = this.#host
    for (const [segment, { rendition }] of this.#wants) {
      const readAt = this.#edges.get(rendition)?.readAt ?? -Infinity
      if (complete(segment) || now() - readAt > AHEAD_MS) this.retire(segment)
    }
  }
}
