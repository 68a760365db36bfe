import { BoundedMap } from '@shoal/base'
import type { Segment } from '@shoal/interface'
import { AHEAD_MS, AHEAD_RENDITIONS } from './defaults.js'

export interface AheadHost {
  readonly now: () => number
  /** What of this segment comes is handed on at once: waiting to be asked for it would be most of the time that there is. */
  readonly pushes: (segment: number) => boolean
  readonly complete: (segment: number) => boolean
  readonly want: (segment: number, first: number, end: number, deadline: number) => number
  readonly redate: (id: number, deadline: number) => void
  readonly unwant: (id: number) => void
}

/** How far one rendition has been read, or is being fetched ahead of that. */
interface Edge {
  readonly index: number
  /** When the segment behind it is needed. */
  readonly due: number
  /** When something of it was read last. */
  readonly readAt: number
  /** When what is ahead of the player, or was, is due, by segment. */
  readonly dues: Map<number, number>
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
    const readAt = this.#host.now()
    const edge = this.#edges.get(rendition)
    this.#edges.set(rendition, edge === undefined || index > edge.index
      ? { index, due: deadline + 1000 * duration, readAt, dues: new Map() }
      : { ...edge, due: edge.due + this.#shift(edge, index, deadline), readAt })
    this.#release()
  }

  /**
   * A player that stood still, or plays faster for a while, needs all that comes later or sooner than it was thought to be due. Left as it
   * was, what is ahead of one that has stood still would be asked of the origin in its last moment, by all and for ever.
   */
  #shift ({ dues }: Edge, read: number, deadline: number): number {
    const due = dues.get(read)
    if (due === undefined) return 0
    const by = deadline - due
    for (const [index, due] of dues) {
      if (index <= read) {
        dues.delete(index)
        continue
      }
      dues.set(index, due + by)
      const wanted = this.#wants.get(index)
      if (wanted !== undefined) this.#host.redate(wanted.id, due + by)
    }
    return by
  }

  /** The publisher has named another segment. */
  added ({ index, blocks, rendition = '', duration = 0 }: Segment): void {
    this.#release()
    const { now, pushes, want } = this.#host
    const edge = this.#edges.get(rendition)
    if (edge === undefined || index <= edge.index || now() - edge.readAt > AHEAD_MS || !pushes(index)) return
    this.#wants.set(index, { id: want(index, 0, blocks, edge.due), rendition })
    edge.dues.set(index, edge.due)
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
