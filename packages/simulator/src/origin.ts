import { Ewma } from '@shoal/base'
import { OriginError, type Origin, type OriginReply, type OriginRequest, type OriginTimes } from '@shoal/interface'
import type { Flow, Link } from './flow.js'
import type { Host } from './host.js'
import type { Material } from './material.js'
import type { Network } from './network.js'

export interface OriginServer {
  /** Everything that it sends passes here. */
  readonly link: Link
  /** Bytes per ms of one connection at most. */
  readonly perConnection: number
  /** ms until it answers, on top of the round trip, and the way to it. */
  readonly answer: number
  readonly oneWay: number
  /** Bytes of each segment that it gave, and those of them that were the first segment of somebody who came. */
  readonly given: Float64Array
  readonly firsts: Float64Array
}

/** A viewer's connection to the origin: an HTTP server or CDN whose bytes pass its own link, then the viewer's. */
export class VirtualOrigin implements Origin {
  readonly bases = ['https://origin.invalid/']
  readonly downUntil = 0
  /** The segment with which the viewer begins. */
  first: number | undefined
  readonly #server: OriginServer
  readonly #host: Host
  readonly #net: Network
  readonly #material: Material
  readonly #rate = new Ewma(0.3)
  readonly #ttfb = new Ewma(0.3)

  constructor (server: OriginServer, host: Host, net: Network, material: Material) {
    this.#server = server
    this.#host = host
    this.#net = net
    this.#material = material
  }

  get stats (): Origin['stats'] {
    return { rate: this.#rate.value, ttfb: this.#ttfb.value, failures: 0 }
  }

  saw (bytes: number, { first, last }: OriginTimes): void {
    this.#ttfb.add(first)
    this.#rate.add(bytes * 1000 / Math.max(1, last - first))
  }

  async fetch ({ path, start = 0, end, signal }: OriginRequest): Promise<OriginReply> {
    const { answer, oneWay } = this.#server
    const ms = answer + 2 * (oneWay + this.#host.access)
    await this.#wait(ms, signal)
    this.#ttfb.add(ms)
    const piece = this.#material.piece(path)
    if (piece === undefined) throw new OriginError(`no ${path}`, 404)
    const body = this.#body(piece.segment.index, start, end ?? piece.segment.size, signal)
    return { body, status: 206, contentType: undefined, url: `${this.bases[0]}${path}` }
  }

  async * #body (index: number, start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    const { given, firsts } = this.#server
    const { clock, traffic } = this.#net
    const piece = this.#material.pieces[index]
    let at = 0
    for (const { bytes } of piece?.blocks ?? []) {
      const from = Math.max(start, at) - at
      const to = Math.min(end, at + bytes.byteLength) - at
      at += bytes.byteLength
      if (from >= to) continue
      const began = clock.now()
      await this.#carry(to - from, signal)
      given[index] = (given[index] ?? 0) + to - from
      if (index === this.first) firsts[index] = (firsts[index] ?? 0) + to - from
      traffic.fromOrigin += to - from
      this.#rate.add((to - from) * 1000 / Math.max(1, clock.now() - began))
      yield bytes.subarray(from, to)
    }
  }

  #carry (bytes: number, signal: AbortSignal | undefined): Promise<void> {
    const { link, perConnection } = this.#server
    const { clock } = this.#net
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        link.stop(flow)
        reject(signal?.reason as Error)
      }
      const flow: Flow = {
        left: bytes,
        cap: perConnection,
        rate: 0,
        done: at => {
          clock.at(this.#host.down.pass(bytes, at), () => {
            signal?.removeEventListener('abort', abort)
            resolve()
          })
        }
      }
      signal?.addEventListener('abort', abort, { once: true })
      if (signal?.aborted === true) abort()
      else link.start(flow)
    })
  }

  #wait (ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#net.clock.after(ms, () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      })
      const abort = (): void => {
        cancel()
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', abort, { once: true })
      if (signal?.aborted === true) abort()
    })
  }
}
