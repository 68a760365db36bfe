import { Ewma } from '@shoal/base'
import { OriginError, type Origin, type OriginReply, type OriginRequest, type OriginTimes } from '@shoal/interface'
import { Attempt } from './attempt.js'
import { CLOSED_CODES, HEADERS_TIMEOUT_MS, HEDGE_FACTOR, HEDGE_MIN_MS, MIN_PROGRESS_BYTES, PROGRESS_TIMEOUT_MS, STATS_WEIGHT } from './defaults.js'
import { Health } from './health.js'
import { cut, cutOf, rangeHeader, type Cut } from './range.js'
import { race, type Entrant } from './race.js'
import type { OriginInit } from './types.js'
import { normalBase, urlOf } from './url.js'

interface Base { readonly url: string, readonly health: Health }

interface Asking {
  /** Another request was first. */
  readonly signal: AbortSignal
  /** After which it counts as a failure that another was first; `undefined`: never. */
  readonly blameMs?: number | undefined
  /** Beside another request to the same base, which alone counts when both fail. */
  readonly again?: boolean
}

export class HttpOrigin implements Origin {
  readonly bases: readonly string[]
  readonly #bases: readonly Base[]
  readonly #init: OriginInit
  readonly #rate = new Ewma(STATS_WEIGHT)
  readonly #ttfb = new Ewma(STATS_WEIGHT)
  #failures = 0

  constructor (init: OriginInit) {
    this.#init = init
    this.bases = [...new Set(init.bases.map(base => normalBase(base, init.singleFile ?? false)))]
    this.#bases = this.bases.map(url => ({ url, health: new Health() }))
  }

  get stats (): Origin['stats'] {
    return { rate: this.#rate.value, ttfb: this.#ttfb.value, failures: this.#failures }
  }

  get downUntil (): number {
    const until = this.#bases.reduce((least, { health }) => Math.min(least, health.downUntil), Infinity)
    return until > this.#init.clock.now() && until !== Infinity ? until : 0
  }

  saw (bytes: number, { first, last }: OriginTimes): void {
    this.#ttfb.add(first)
    if (bytes > 0) this.#rate.add(bytes * 1000 / Math.max(1, last - first))
  }

  async fetch (request: OriginRequest): Promise<OriginReply> {
    const { clock } = this.#init
    const bases = this.#byHealth()
    if (bases.length === 0) throw new OriginError(`expected an origin for "${request.path}", got none: no base URL is known`)
    const patienceMs = Math.max(HEDGE_MIN_MS, HEDGE_FACTOR * (this.#ttfb.value ?? 0))
    const blameMs = bases.length > 1 ? patienceMs : undefined
    const entrants: Entrant<OriginReply>[] = bases.map(base => ({ run: signal => this.#ask(base, request, { signal, blameMs }) }))
    const [only] = bases
    // a lone base that is silent is asked once more: what holds up one request or connection need not hold up the next
    if (bases.length === 1 && only !== undefined) {
      entrants.push({ run: signal => this.#ask(only, request, { signal, again: true }), spare: true })
    }
    try {
      return await race(entrants, { clock, patienceMs, signal: request.signal })
    } catch (thrown) {
      request.signal?.throwIfAborted()
      const errors = thrown as OriginError[]
      if (bases.length === 1) throw errors[0] as OriginError
      const reasons = errors.map(error => error.message).join('; ')
      throw new OriginError(`none of ${errors.length} origins gave "${request.path}": ${reasons}`, errors.at(-1)?.status)
    }
  }

  /** Bases that do not rest in the order given, then the others in the order in which their rest ends. */
  #byHealth (): Base[] {
    const now = this.#init.clock.now()
    const rest = ({ health }: Base): number => health.downUntil > now ? health.downUntil : 0
    return [...this.#bases].sort((a, b) => rest(a) - rest(b))
  }

  async #ask (base: Base, request: OriginRequest, how: Asking): Promise<OriginReply> {
    const { clock, headersTimeoutMs = HEADERS_TIMEOUT_MS, progressTimeoutMs = PROGRESS_TIMEOUT_MS } = this.#init
    const { path, start = 0, end, signal } = request
    const url = urlOf(base.url, path, this.#init.significantQuery)
    const attempt = new Attempt(clock, signal)
    const askedAt = clock.now()
    how.signal.addEventListener('abort', () => {
      const waited = clock.now() - askedAt
      // or each request would wait for it anew
      if (!attempt.cancelled && how.blameMs !== undefined && waited >= how.blameMs) {
        this.#failed(attempt, base, url, new OriginError(`expected an answer, got nothing for ${Math.round(waited)} ms while another origin answered`), undefined)
      }
      attempt.end()
    }, { once: true })
    attempt.expect(headersTimeoutMs, `an answer within ${headersTimeoutMs} ms`)
    let response: Response | undefined
    let plan: Cut
    try {
      response = await this.#send(attempt, url, rangeHeader(start, end))
      plan = cutOf(response.status, response.headers, start, end)
    } catch (error) {
      attempt.end()
      if (how.signal.aborted || how.again === true) throw error
      throw this.#failed(attempt, base, url, error, response)
    }
    this.#ttfb.add(clock.now() - askedAt)
    // a body that nobody reads must not hold its connection for ever
    attempt.expect(progressTimeoutMs, `a reader within ${progressTimeoutMs} ms`)
    return {
      body: this.#body(attempt, base, url, response, plan),
      status: response.status,
      contentType: response.headers.get('content-type') ?? undefined,
      url: response.url === '' ? url : response.url
    }
  }

  /** Resolves with the answer's headers. */
  async #send (attempt: Attempt, url: string, range: string | undefined): Promise<Response> {
    const { fetch = globalThis.fetch } = this.#init
    const send = (): Promise<Response> => attempt.wait(fetch(url, {
      mode: 'cors',
      credentials: 'omit',
      cache: 'default',
      headers: range === undefined ? {} : { range },
      signal: attempt.signal
    }))
    try {
      return await send()
    } catch (error) {
      // the server may have closed an idle connection just as it was used again: browsers try anew by themselves, Node.js does not
      if (!isClosed(error)) throw error
      return await send()
    }
  }

  async * #body (attempt: Attempt, base: Base, url: string, response: Response, plan: Cut): AsyncGenerator<Uint8Array> {
    const { clock } = this.#init
    const startedAt = clock.now()
    let bytes = 0
    try {
      for await (const chunk of cut(this.#chunks(attempt, response), plan)) {
        bytes += chunk.byteLength
        yield chunk
      }
      base.health.succeeded()
      if (bytes > 0) this.#rate.add(bytes * 1000 / Math.max(1, clock.now() - startedAt))
    } catch (error) {
      throw this.#failed(attempt, base, url, error, response)
    } finally {
      attempt.end()
    }
  }

  async * #chunks (attempt: Attempt, response: Response): AsyncGenerator<Uint8Array> {
    if (response.body === null) return
    const reader = response.body.getReader()
    const { clock, progressTimeoutMs = PROGRESS_TIMEOUT_MS } = this.#init
    // a trickle that never stops is no progress either
    let bytes = 0
    let left = progressTimeoutMs
    try {
      for (;;) {
        const since = clock.now()
        attempt.expect(left, `more bytes within ${progressTimeoutMs} ms (${MIN_PROGRESS_BYTES} at least)`, `${bytes} bytes`)
        const { done, value } = await attempt.wait(reader.read())
        attempt.rest()
        if (done) return
        bytes += value.byteLength
        left -= clock.now() - since
        if (bytes >= MIN_PROGRESS_BYTES) {
          bytes = 0
          left = progressTimeoutMs
        }
        yield value
      }
    } finally {
      reader.cancel().catch(() => {})
    }
  }

  /** Books a failure and returns what to throw. */
  #failed (attempt: Attempt, base: Base, url: string, cause: unknown, response: Response | undefined): unknown {
    if (attempt.cancelled) return cause
    const { clock, random, onfailure } = this.#init
    const error = new OriginError(`origin ${withoutQuery(url)}: ${reasonOf(cause)}`, response?.status, { cause })
    const retryAfter = retryAfterMs(response?.headers.get('retry-after'), clock.wall())
    this.#failures++
    onfailure?.({ url: withoutQuery(url), error, downUntil: base.health.failed(clock.now(), random, error.status, retryAfter) })
    return error
  }
}

/** A query may hold a token, and messages end up in logs. */
function withoutQuery (url: string): string {
  return url.split('?', 1)[0] as string
}

/** Seconds, or a date (RFC 9110 §10.2.3). */
function retryAfterMs (value: string | null | undefined, wall: number): number {
  if (value === null || value === undefined) return 0
  const ms = /^\d+$/.test(value) ? 1000 * Number(value) : Date.parse(value) - wall
  return ms > 0 ? ms : 0
}

/** The connection ended before an answer came. */
function isClosed (error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && CLOSED_CODES.has(cause.code)
}

/** Node.js hides the reason of a failed fetch in its cause. */
function reasonOf (error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error && error.cause.message !== '' ? `${error.message}: ${error.cause.message}` : error.message
}
