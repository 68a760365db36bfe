import { BEGIN_MS, PIECE_MS, PIECES_AHEAD, SILENCE_MS, type Port, type ToPage, type ToWorker } from './protocol.js'
import { watchdog } from '../core/watchdog.js'
import type { Clock } from '@shoal/base'
import type { ByteRange } from '../core/range.js'

/** Bytes from behind those that were sent, from elsewhere. */
type GoOn = (sent: number) => Promise<ReadableStream<Uint8Array>>

type Listener = (message: ToWorker) => void

/** A page that serves, as its worker knows it. */
export class Line {
  readonly #port: Port
  readonly #bases: readonly string[]
  readonly #clock: Clock
  readonly #listeners = new Map<number, Listener>()
  #id = 0

  constructor (port: Port, bases: readonly string[], clock: Clock) {
    this.#port = port
    this.#bases = bases
    this.#clock = clock
    port.onmessage = (event: MessageEvent<ToWorker>) => { this.#listeners.get(event.data.id)?.(event.data) }
  }

  covers (url: string): boolean {
    return this.#bases.some(base => url.startsWith(base))
  }

  /** The page has gone, or has given another port. */
  end (): void {
    for (const [id, listen] of this.#listeners) listen({ type: 'broken', id, reason: 'the page has gone' })
    this.#port.close()
  }

  /**
   * The page's answer; undefined when it has none, or says nothing in time.
   *
   * @param goOn where the rest comes from when the page breaks off; without it the response breaks off, too
   */
  async ask (request: Request, range: ByteRange | undefined, last: boolean, goOn: GoOn | undefined): Promise<Response | undefined> {
    const id = ++this.#id
    const say = (message: ToPage): void => { this.#port.postMessage(message) }
    const { promise, resolve } = Promise.withResolvers<Response | undefined>()
    const stop = (answer?: Response): void => {
      limit.stop()
      this.#listeners.delete(id)
      resolve(answer)
    }
    const cancel = (): void => {
      say({ type: 'cancel', id })
      stop()
    }
    const limit = watchdog(this.#clock, SILENCE_MS, cancel)
    this.#listeners.set(id, message => {
      if (message.type === 'wait') {
        // the page's patience for a content that has to be opened first is its own business
        if (last) limit.stop()
        else limit.feed(BEGIN_MS)
      } else if (message.type === 'head') {
        limit.stop()
        const { status, headers } = message
        resolve(new Response(status === 416 ? null : this.#body(id, say, goOn), { status, headers: { ...headers } }))
        if (status === 416) this.#listeners.delete(id)
      } else {
        stop()
      }
    })
    request.signal.addEventListener('abort', cancel)
    say({ type: 'ask', id, url: request.url, range, last })
    return await promise
  }

  /** The pieces, as the reader has room for them. */
  #body (id: number, say: (message: ToPage) => void, goOn: GoOn | undefined): ReadableStream<Uint8Array> {
    let sent = 0
    let rest: ReadableStreamDefaultReader<Uint8Array> | undefined
    let heard: ((message: ToWorker) => void) | undefined
    const queue: ToWorker[] = []
    this.#listeners.set(id, message => {
      if (heard === undefined) queue.push(message)
      else heard(message)
    })
    const next = async (): Promise<ToWorker> => await new Promise<ToWorker>(resolve => {
      const early = queue.shift()
      if (early !== undefined) { resolve(early); return }
      const limit = watchdog(this.#clock, PIECE_MS, () => {
        say({ type: 'cancel', id })
        done({ type: 'broken', id, reason: `the page sent nothing for ${PIECE_MS} ms` })
      })
      const done = (message: ToWorker): void => {
        limit.stop()
        heard = undefined
        resolve(message)
      }
      heard = done
    })
    const end = (): void => { this.#listeners.delete(id) }
    return new ReadableStream<Uint8Array>({
      async pull (controller) {
        if (rest === undefined) {
          say({ type: 'pull', id })
          const message = await next()
          if (message.type === 'piece') {
            sent += message.bytes.byteLength
            controller.enqueue(new Uint8Array(message.bytes))
            return
          }
          end()
          if (message.type === 'end') { controller.close(); return }
          const reason = message.type === 'broken' ? message.reason : message.type
          if (goOn === undefined) throw new TypeError(`the page broke off: ${reason}`)
          rest = (await goOn(sent)).getReader()
        }
        const { done, value } = await rest.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      async cancel (reason) {
        say({ type: 'cancel', id })
        end()
        await rest?.cancel(reason)
      }
    }, { highWaterMark: PIECES_AHEAD })
  }
}
