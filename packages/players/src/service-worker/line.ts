import { concat, Questions, type Clock, type Port, type Question } from '@shoal/base'
import { BEGIN_MS, PASSED_ON_BYTES_MAX, PIECE_MS, PIECES_AHEAD, SILENCE_MS, type ToPage, type ToWorker } from './protocol.js'
import type { ByteRange } from '../core/range.js'

/** Bytes from behind those that were sent, from elsewhere. */
type GoOn = (sent: number) => Promise<ReadableStream<Uint8Array>>

/** A page that serves, as its worker knows it. */
export class Line {
  readonly #port: Port
  readonly #bases: readonly string[]
  readonly #questions: Questions<ToWorker>

  constructor (port: Port, bases: readonly string[], clock: Clock) {
    this.#port = port
    this.#bases = bases
    this.#questions = new Questions(message => { port.postMessage(message) }, clock)
    port.onmessage = (event: MessageEvent<ToWorker>) => { this.#questions.hear(event.data) }
  }

  covers (url: string): boolean {
    return this.#bases.some(base => url.startsWith(base))
  }

  /**
   * Passes on what the network gave, so that the page can share it; a copy, which is given up when it grows too large. What was asked for
   * without CORS nobody can read.
   */
  async pass (url: string, range: ByteRange | undefined, response: Response): Promise<void> {
    if (response.body === null || Number(response.headers.get('content-length') ?? 0) > PASSED_ON_BYTES_MAX) return
    const [, from] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? []
    const start = response.status === 206 ? Number(from ?? range?.start ?? 0) : 0
    const reader = response.clone().body?.getReader()
    const parts: Uint8Array[] = []
    let length = 0
    try {
      for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
        parts.push(next.value)
        length += next.value.byteLength
        if (length <= PASSED_ON_BYTES_MAX) continue
        // the other copy goes on, at the pace of who reads it
        reader?.cancel().catch(() => {})
        return
      }
    } catch {
      // whoever reads the other copy hears of it
      return
    }
    const { buffer } = concat(parts)
    this.#port.postMessage({ type: 'got', url, start, bytes: buffer } as ToPage, [buffer])
  }

  /** The page has gone, or has given another port. */
  end (): void {
    this.#questions.break(id => ({ type: 'broken', id, reason: 'the page has gone' }))
    this.#port.close()
  }

  /**
   * The page's answer; undefined when it has none, or says nothing in time.
   *
   * @param goOn where the rest comes from when the page breaks off; without it the response breaks off, too
   */
  async ask (request: Request, range: ByteRange | undefined, last: boolean, goOn: GoOn | undefined): Promise<Response | undefined> {
    // the page's patience for a content that has to be opened first is its own business
    const patience = { silence: SILENCE_MS, begin: last ? undefined : BEGIN_MS, piece: PIECE_MS }
    const question = this.#questions.ask({ url: request.url, range, last }, patience)
    request.signal.addEventListener('abort', question.cancel)
    const head = await question.answer
    if (head?.type !== 'head') return undefined
    const { status, headers } = head
    return new Response(status === 416 ? null : body(question, goOn), { status, headers: { ...headers } })
  }
}

/** The pieces, as the reader has room for them. */
function body (question: Question<ToWorker>, goOn: GoOn | undefined): ReadableStream<Uint8Array> {
  let sent = 0
  let rest: ReadableStreamDefaultReader<Uint8Array> | undefined
  return new ReadableStream<Uint8Array>({
    async pull (controller) {
      if (rest === undefined) {
        const message = await question.next()
        if (message?.type === 'piece') {
          sent += message.bytes.byteLength
          controller.enqueue(new Uint8Array(message.bytes))
          return
        }
        if (message?.type === 'end') { controller.close(); return }
        const reason = message?.type === 'broken' ? message.reason : message?.type ?? `the page sent nothing for ${PIECE_MS} ms`
        if (goOn === undefined) throw new TypeError(`the page broke off: ${reason}`)
        rest = (await goOn(sent)).getReader()
      }
      const { done, value } = await rest.read()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel (reason) {
      question.cancel()
      await rest?.cancel(reason)
    }
  }, { highWaterMark: PIECES_AHEAD })
}
