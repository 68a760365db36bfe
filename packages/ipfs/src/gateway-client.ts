import { CarBlockIterator } from '@ipld/car/iterator'
import { ConfigError, NotFoundError, UnavailableError } from '@shoal/interface'
import type { CID } from 'multiformats/cid'
import { concat } from '@shoal/base'
import { MAX_BLOCK_BYTES } from './defaults.js'
import { check } from './digest.js'
import { WrongBytesError } from './errors.js'
import { linksOf } from './graph.js'

/**
 * A trustless gateway as a source: whatever it sends is hashed before it counts.
 *
 * @see https://specs.ipfs.tech/http-gateways/trustless-gateway/
 */
export class Gateway {
  readonly #base: URL
  readonly #fetch: typeof globalThis.fetch

  /** @throws ConfigError when it is no http(s) URL */
  constructor (base: string, fetch: typeof globalThis.fetch) {
    const url = URL.canParse(base) ? new URL(base) : undefined
    if (url === undefined || !/^https?:$/.test(url.protocol)) throw new ConfigError(`expected the http(s) URL of a gateway, got ${JSON.stringify(base)}`)
    this.#base = url
    this.#fetch = fetch
  }

  get url (): string {
    return this.#base.href
  }

  /** @throws NotFoundError, UnavailableError, WrongBytesError */
  async block (cid: CID, signal: AbortSignal): Promise<Uint8Array> {
    const body = await this.#get(cid, 'raw', 'application/vnd.ipld.raw', {}, signal)
    const parts: Uint8Array[] = []
    let length = 0
    for await (const part of body) {
      length += part.byteLength
      if (length > MAX_BLOCK_BYTES) throw new WrongBytesError(`expected a block of at most ${MAX_BLOCK_BYTES} bytes from ${this.url}, got more`)
      parts.push(part)
    }
    const bytes = concat(parts)
    await check(cid, bytes, this.url)
    return bytes
  }

  /**
   * The blocks of a graph, or of a range of a file's bytes, in one request. Each is hashed; none is taken that nothing before it led to.
   *
   * @throws NotFoundError, UnavailableError, WrongBytesError
   */
  async * graph (
    root: CID, signal: AbortSignal, range?: { readonly start: number, readonly end: number }
  ): AsyncGenerator<{ readonly cid: CID, readonly bytes: Uint8Array }> {
    const query = { 'dag-scope': range === undefined ? 'all' : 'entity', ...range !== undefined && { 'entity-bytes': `${range.start}:${range.end - 1}` } }
    const expected = new Set([root.toString()])
    let blocks: CarBlockIterator
    try {
      blocks = await CarBlockIterator.fromIterable(await this.#get(root, 'car', 'application/vnd.ipld.car; version=1; order=dfs; dups=n', query, signal))
    } catch (error) {
      throw damaged(error, this.url)
    }
    const each = blocks[Symbol.asyncIterator]()
    for (;;) {
      let next: Awaited<ReturnType<typeof each.next>>
      try {
        next = await each.next()
      } catch (error) {
        throw damaged(error, this.url)
      }
      if (next.done === true) return
      const { cid, bytes } = next.value
      if (!expected.has(cid.toString())) throw new WrongBytesError(`expected blocks of ${root} alone from ${this.url}, got ${cid}`)
      await check(cid, bytes, this.url)
      for (const link of linksOf(cid, bytes)) expected.add(link.toString())
      yield { cid, bytes }
    }
  }

  async #get (
    cid: CID, format: string, accept: string, query: Readonly<Record<string, string>>, signal: AbortSignal
  ): Promise<AsyncIterable<Uint8Array>> {
    const url = new URL(`ipfs/${cid}`, this.#base.href.endsWith('/') ? this.#base : `${this.#base.href}/`)
    url.search = new URLSearchParams({ format, ...query }).toString()
    let response: Response
    try {
      // redirects lead to addresses that nobody configured
      response = await this.#fetch(url, { headers: { accept }, redirect: 'error', credentials: 'omit', signal })
    } catch (cause) {
      signal.throwIfAborted()
      throw new UnavailableError(`no answer from ${this.url}: ${(cause as Error).message}`, { cause })
    }
    if (!response.ok || response.body === null) {
      await response.body?.cancel().catch(() => {})
      const why = `expected status 200 from ${this.url} for ${cid}, got ${response.status}`
      throw response.status === 404 || response.status === 410 ? new NotFoundError(why) : new UnavailableError(why)
    }
    return response.body as unknown as AsyncIterable<Uint8Array>
  }
}

function damaged (error: unknown, from: string): unknown {
  const known = error instanceof WrongBytesError || error instanceof NotFoundError || error instanceof UnavailableError ||
    (error as Error).name === 'AbortError' || (error as Error).name === 'TimeoutError'
  return known ? error : new WrongBytesError(`expected a CAR file from ${from}: ${(error as Error).message}`, { cause: error })
}
