/**
 * Questions and answers over a message port, for code that runs in several places of one browser: a page and its service worker, the tabs
 * of an origin. An answer may be a stream of pieces, of which the other side sends one for each `pull`: what is under way never exceeds
 * what the reader has room for. Messages are plain objects with `type` and `id`; what else they hold is their users' business.
 */

import type { Clock } from './clock.js'

/** As much of a `MessagePort` as is used. A `BroadcastChannel` with a name that only two know fits as well. */
export interface Port {
  postMessage (message: unknown, transfer?: Transferable[]): void
  close (): void
  onmessage: ((event: MessageEvent) => void) | null
}

/** What comes back. `wait`: it is looked after. `broken`: what was begun cannot be gone on with. */
export interface Answer {
  readonly type: 'wait' | 'pass' | 'head' | 'piece' | 'end' | 'broken'
  readonly id: number
}

/** How long the other side may stay silent, in milliseconds. */
export interface Patience {
  /** Before it says anything. @default for ever */
  readonly silence?: number | undefined
  /** After `wait`, before it begins. @default for ever */
  readonly begin?: number | undefined
  /** Before each next piece. @default for ever */
  readonly piece?: number | undefined
  /** Pieces to ask for before the first has come. @default 1 */
  readonly ahead?: number | undefined
}

/** Something that was asked. */
export interface Question<A extends Answer> {
  /** The first that is not `wait`; undefined when nothing came in time, or it was cancelled. */
  readonly answer: Promise<A | undefined>
  /** Asks for one more piece. Resolves with what comes next, undefined when nothing came in time or it was cancelled. */
  next (): Promise<A | undefined>
  /** Nobody wants the rest. */
  readonly cancel: () => void
}

/** The side that asks. */
export class Questions<A extends Answer> {
  readonly #say: (message: unknown) => void
  readonly #clock: Clock
  readonly #open = new Map<number, (answer: A | undefined) => void>()
  #id = 0

  constructor (say: (message: unknown) => void, clock: Clock) {
    this.#say = say
    this.#clock = clock
  }

  /** Questions that are not answered to their end. */
  get size (): number {
    return this.#open.size
  }

  /** Takes what came over the port; others' messages are left alone. */
  hear (answer: A): void {
    this.#open.get(answer.id)?.(answer)
  }

  /** The other side has gone: all that is open gets this. */
  break (make: (id: number) => A): void {
    for (const [id, hear] of [...this.#open]) hear(make(id))
  }

  /** Sends `what` with `type: 'ask'` and an id. */
  ask (what: object, { silence, begin, piece, ahead = 1 }: Patience = {}): Question<A> {
    const id = ++this.#id
    const first = Promise.withResolvers<A | undefined>()
    const early: (A | undefined)[] = []
    let begun = false
    let pulled = 0
    let waiting: ((answer: A | undefined) => void) | undefined
    let stop = (): void => {}
    const limit = (ms: number | undefined): void => {
      stop()
      stop = ms === undefined ? () => {} : this.#clock.after(ms, cancel)
    }
    const hear = (answer: A | undefined): void => {
      if (answer?.type === 'wait') { limit(begin); return }
      stop()
      const over = answer === undefined || (answer.type !== 'head' && answer.type !== 'piece')
      if (over) this.#open.delete(id)
      if (!begun) {
        begun = true
        first.resolve(answer)
      } else if (waiting === undefined) {
        early.push(answer)
      } else {
        waiting(answer)
        waiting = undefined
      }
    }
    const cancel = (): void => {
      if (!this.#open.has(id)) return
      this.#say({ type: 'cancel', id })
      hear(undefined)
    }
    this.#open.set(id, hear)
    limit(silence)
    this.#say({ type: 'ask', id, ...what })
    return {
      answer: first.promise,
      next: async () => {
        for (; this.#open.has(id) && pulled < ahead; pulled++) this.#say({ type: 'pull', id })
        pulled--
        if (early.length > 0) return early.shift()
        if (!this.#open.has(id)) return undefined
        limit(piece)
        return await new Promise(resolve => { waiting = resolve })
      },
      cancel
    }
  }
}

/** A question, on the side that answers it. */
export class Reply {
  readonly stop = new AbortController()
  #pulls = 0
  #wake: (() => void) | undefined

  /** Resolves when one more piece has been asked for, or nobody wants it any more. */
  async room (): Promise<void> {
    while (this.#pulls === 0 && !this.stop.signal.aborted) await new Promise<void>(resolve => { this.#wake = resolve })
    this.#pulls--
  }

  pull (): void {
    this.#pulls++
    this.#wake?.()
  }

  end (reason?: unknown): void {
    this.stop.abort(reason)
    this.#wake?.()
  }
}

/** The side that answers: what is under way. */
export class Replies {
  readonly #open = new Map<number, Reply>()
  readonly #most: number

  /** @param most how many may be under way */
  constructor (most: number) {
    this.#most = most
  }

  /** undefined: there are too many, or this one is there already. */
  begin (id: number): Reply | undefined {
    if (this.#open.size >= this.#most || this.#open.has(id)) return undefined
    const reply = new Reply()
    this.#open.set(id, reply)
    return reply
  }

  done (id: number): void {
    this.#open.delete(id)
  }

  /** Takes `pull` and `cancel`. */
  hear ({ type, id }: { readonly type: string, readonly id: number }): void {
    const reply = this.#open.get(id)
    if (type === 'pull') reply?.pull()
    else if (type === 'cancel') reply?.end()
  }

  /** Ends all; returns their ids. */
  end (reason?: unknown): number[] {
    const ids = [...this.#open.keys()]
    for (const reply of this.#open.values()) reply.end(reason)
    this.#open.clear()
    return ids
  }
}
