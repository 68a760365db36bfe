import type { Clock } from '@shoal/base'
import { StoreError } from '@shoal/interface'
import { OWNER_ANSWER_MS } from '../defaults.js'
import type { MediumListener } from '../medium-store.js'
import { decodeRecord, RECORD_BYTES } from '../packs/slot-record.js'
import { hearNews } from './block-news.js'
import { fromFailure, linkName, type Ask, type Reply, type Request } from './pack-asks.js'

/** Something that was asked for and has no answer yet. */
export interface Waiting {
  readonly ask: Ask
  readonly done: (bytes: Uint8Array | undefined) => void
  readonly failed: (error: Error) => void
}

/**
 * The side of a tab that has to ask for everything. What it asked of an owner that is gone it asks of the next one. What nobody answers
 * fails after five seconds, for a browser may have put the owner to sleep; then everything fails at once until that one is heard again.
 */
export class PackGuest {
  /** Resolves when an owner said what there is. */
  readonly ready: Promise<void>
  readonly #link: BroadcastChannel
  readonly #clock: Clock
  readonly #listener: MediumListener
  readonly #waiting = new Map<number, Waiting & { readonly cancel: () => void }>()
  #lastId = 0
  #asleep = false

  constructor (name: string, tab: string, clock: Clock, listener: MediumListener) {
    this.#clock = clock
    this.#listener = listener
    this.#link = new BroadcastChannel(linkName(name, tab))
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.ready = promise
    this.#link.onmessage = ({ data }: MessageEvent<Reply>) => {
      this.#hear(data)
      if (data.blocks !== undefined) resolve(undefined)
    }
  }

  do (ask: Ask): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId
      if (this.#asleep) {
        // for the answer, that somebody is there again
        if (ask.what === 'read') this.#send({ id, ask })
        reject(asleep())
        return
      }
      const cancel = this.#clock.after(OWNER_ANSWER_MS, () => { this.#giveUp(id) })
      this.#waiting.set(id, { ask, done: resolve, failed: reject, cancel })
      this.#send({ id, ask })
    })
  }

  /** It asks for nothing any more. Returns what was not answered. */
  end (): Waiting[] {
    this.#link.close()
    const left = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const { cancel } of left) cancel()
    return left
  }

  #hear ({ blocks, news, lost, answer }: Reply): void {
    this.#asleep = false
    if (lost === true) this.#listener.lost()
    if (blocks !== undefined) {
      for (let at = 0; at < blocks.byteLength; at += RECORD_BYTES) {
        const block = decodeRecord(blocks.subarray(at, at + RECORD_BYTES))
        if (block !== undefined) this.#listener.found(block.digest, block.size, block.expiry)
      }
      // what the last one did not hear, or did not answer
      for (const [id, { ask }] of this.#waiting) this.#send({ id, ask })
    }
    if (news !== undefined) hearNews(news, this.#listener)
    const asked = answer === undefined ? undefined : this.#take(answer.id)
    if (answer === undefined || asked === undefined) return
    if (answer.failure === undefined) asked.done(answer.bytes)
    else asked.failed(fromFailure(answer.failure))
  }

  #giveUp (id: number): void {
    const asked = this.#take(id)
    if (asked === undefined) return
    this.#asleep = true
    const { ask, failed } = asked
    // it may be done when the owner wakes up, and we hold to what we say now
    if (ask.what === 'write') this.#send({ id, ask: { what: 'remove', digest: ask.digest, size: ask.bytes.byteLength } })
    failed(asleep())
  }

  #take (id: number): Waiting | undefined {
    const asked = this.#waiting.get(id)
    this.#waiting.delete(id)
    asked?.cancel()
    return asked
  }

  #send (request: Request): void {
    this.#link.postMessage(request)
  }
}

function asleep (): StoreError {
  return new StoreError(`the tab that has the store open did not answer within ${OWNER_ANSWER_MS / 1000} s; the browser may have put it to sleep`)
}
