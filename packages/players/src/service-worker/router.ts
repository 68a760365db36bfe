import { parseRange, type ByteRange } from '../core/range.js'
import { goOn } from './go-on.js'
import { Line } from './line.js'
import { MARK, SILENCE_MS, type Serve, type Who } from './protocol.js'
import type { Clock } from '@shoal/base'
import type { FetchEventLike, MessageEventLike, WorkerScope } from './types.js'

/** Pages that are remembered; who was forgotten is asked again. */
const PAGES_MAX = 200

/** `silent`: it was asked whether it serves, and did not answer. */
type Page = Line | 'asked' | 'silent'

/** Decides who answers a request: the page that made it, or the network. */
export class Router {
  readonly #scope: WorkerScope
  readonly #clock: Clock
  readonly #pages = new Map<string, Page>()
  readonly #waiting = new Map<string, (() => void)[]>()

  constructor (scope: WorkerScope, clock: Clock) {
    this.#scope = scope
    this.#clock = clock
  }

  heard ({ data, source, ports: [port] }: MessageEventLike): void {
    const { [MARK]: word, bases } = (data ?? {}) as Partial<Serve>
    const id = source?.id
    if (word !== 'serve' || id === undefined || port === undefined || !Array.isArray(bases)) return
    const old = this.#pages.get(id)
    if (old instanceof Line) old.end()
    this.#remember(id, new Line(port, bases.filter(base => typeof base === 'string'), this.#clock))
    for (const wake of this.#waiting.get(id) ?? []) wake()
    this.#waiting.delete(id)
  }

  /** @returns undefined: the browser goes on as if there were no worker */
  route ({ request, clientId }: FetchEventLike): Promise<Response> | undefined {
    if (request.method !== 'GET' || request.mode === 'navigate' || clientId === '' || !/^https?:/.test(request.url)) return undefined
    const range = parseRange(request.headers.get('range'))
    const page = this.#pages.get(clientId)
    if (range === 'unknown' || page === 'silent') return undefined
    if (page instanceof Line) return page.covers(request.url) ? this.#ask(page, request, range) : undefined
    // a page that has just begun, or one whose port went with the worker before this one. The network answers, the page if it fails
    if (page === undefined) void this.#who(clientId)
    return this.#network(request, async () => {
      const line = await this.#lineOf(clientId)
      return line?.covers(request.url) === true ? await this.#last(line, request, range) : undefined
    })
  }

  async #ask (line: Line, request: Request, range: ByteRange | undefined): Promise<Response> {
    const answer = await line.ask(request, range, false, sent => goOn(request, range, sent, again => this.#scope.fetch(again)))
    return answer ?? await this.#network(
      request, async () => await this.#last(line, request, range), response => { void line.pass(request.url, range, response) }
    )
  }

  async #last (line: Line, request: Request, range: ByteRange | undefined): Promise<Response | undefined> {
    return await line.ask(request, range, true, undefined)
  }

  /** The origin's answer untouched; an error is one only when `instead` has nothing better. */
  async #network (
    request: Request, instead: () => Promise<Response | undefined>, ongiven: (response: Response) => void = () => {}
  ): Promise<Response> {
    let failed: Response
    try {
      const response = await this.#scope.fetch(request)
      if (response.status < 400) {
        if (response.status === 200 || response.status === 206) ongiven(response)
        return response
      }
      failed = response
    } catch (error) {
      if (request.signal.aborted) throw error
      const answer = await instead()
      if (answer === undefined) throw error
      return answer
    }
    return await instead() ?? failed
  }

  /** Asks a page that is not known whether it serves; one that keeps silent is not asked again. */
  async #who (id: string): Promise<void> {
    this.#remember(id, 'asked')
    const client = await this.#scope.clients.get(id).catch(() => undefined)
    client?.postMessage({ [MARK]: 'who' } satisfies Who)
    await this.#lineOf(id)
    if (this.#pages.get(id) === 'asked') this.#remember(id, 'silent')
  }

  async #lineOf (id: string): Promise<Line | undefined> {
    if (this.#pages.get(id) === 'asked') {
      await new Promise<void>(resolve => {
        const cancel = this.#clock.after(SILENCE_MS, resolve)
        this.#waiting.set(id, [...this.#waiting.get(id) ?? [], () => { cancel(); resolve() }])
      })
    }
    const page = this.#pages.get(id)
    return page instanceof Line ? page : undefined
  }

  #remember (id: string, page: Page): void {
    this.#pages.delete(id)
    this.#pages.set(id, page)
    for (const [oldest, there] of this.#pages) {
      if (this.#pages.size <= PAGES_MAX) break
      if (there instanceof Line) there.end()
      this.#pages.delete(oldest)
    }
  }
}
