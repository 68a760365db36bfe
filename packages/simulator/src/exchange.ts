import type { Exchange, PeerName, ServeHandler, Session, SessionEvent } from '@shoal/interface'
import { latency, type Host } from './host.js'
import { DIAL_FAILS_MS, dialRoundTrips, luckOf } from './nat.js'
import type { Home, Network, SessionEnd } from './network.js'
import { VirtualSession } from './session.js'

/** A peer that is gone without a word is given up after so long: the exchange's ping and its patience. */
const SILENT_MS = 35_000

/** The exchange of one node: sessions over the virtual network, the same events in the same order as over a real one. */
export class VirtualExchange implements Exchange, Home {
  readonly host: Host
  readonly net: Network
  readonly sessions = new Set<SessionEnd>()
  serve: ServeHandler | undefined
  /** A block came. */
  onblock: (() => void) | undefined
  #listener: ((event: SessionEvent) => void) | undefined
  #stopped = false

  constructor (host: Host, net: Network) {
    this.host = host
    this.net = net
  }

  async start (listener: (event: SessionEvent) => void, serve: ServeHandler): Promise<void> {
    this.#listener = listener
    this.serve = serve
  }

  async stop (): Promise<void> {
    this.#stopped = true
    for (const session of [...this.sessions]) await session.close('stopped')
    this.#listener = undefined
    this.serve = undefined
  }

  /** Dies without a word: the others find out by what does not come. */
  vanish (): void {
    this.host.gone = true
    this.#listener = undefined
    for (const session of this.sessions) session.vanish(SILENT_MS)
    this.sessions.clear()
  }

  emit (event: SessionEvent): void {
    if (event.type === 'block') this.onblock?.()
    this.#listener?.(event)
  }

  between (peer: PeerName): SessionEnd | undefined {
    for (const session of this.sessions) if (session.peer === peer) return session
    return undefined
  }

  async connect (peer: PeerName | undefined, _addrs: readonly string[], { signal }: { signal?: AbortSignal } = {}): Promise<Session> {
    const { net, host } = this
    const other = net.exchanges.get(peer ?? '')
    const known = this.between(peer ?? '')
    if (known !== undefined) return known
    const trips = other === undefined || other.host.gone ? undefined : dialRoundTrips(host, other.host, luckOf(host, other.host))
    const oneWay = other === undefined ? 0 : latency(host, other.host, net.latencies)
    await this.#pass(trips === undefined ? DIAL_FAILS_MS : 2 * oneWay * trips, signal)
    const open = other !== undefined && trips !== undefined && other.serve !== undefined && !other.host.gone && !this.#stopped
    if (!open) throw new Error(`${peer} cannot be reached`)
    // both may have dialled at once
    const standing = this.between(other.host.name)
    if (standing !== undefined) return standing
    if (other.sessions.size >= other.host.connections || this.sessions.size >= host.connections) throw new Error(`${peer} takes no more connections`)
    return VirtualSession.open(this, other, oneWay, trips > 4 ? 'webrtc' : 'tcp')
  }

  #pass (ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      let cancel = (): void => {}
      const abort = (): void => {
        cancel()
        reject(signal?.reason as Error)
      }
      signal?.addEventListener('abort', abort, { once: true })
      cancel = this.net.clock.after(ms, () => {
        signal?.removeEventListener('abort', abort)
        resolve()
      })
    })
  }
}
