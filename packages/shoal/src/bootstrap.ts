import { afterAwake, type Clock } from '@shoal/base'
import { EXCHANGE_PROTOCOL } from '@shoal/exchange'
import { BootstrapError } from '@shoal/interface'
import { networksOf, resolveBootstrap } from '@shoal/routing'
import { multiaddr } from '@multiformats/multiaddr'
import { BOOTSTRAP_FIRST_MS, BOOTSTRAP_MAX_MS, BOOTSTRAP_TIMEOUT_MS } from './defaults.js'
import type { Config } from './config.js'
import type { Network } from './platform.js'

/**
 * Keeps the node connected to the nodes it was told of: dials each entry until one answers, and again when the last connection is lost,
 * or the relay through which alone others reach the node. Failures are reported once per entry and round, never silent.
 */
export class Bootstrap {
  readonly #entries: readonly string[]
  readonly #name: string
  readonly #network: Pick<Network, 'addEventListener' | 'dial' | 'getConnections'>
  readonly #lacksRelay: () => boolean
  /** Entries by the peer that answered, until it has said what it is. */
  readonly #strangers = new Map<string, string>()
  readonly #clock: Clock
  readonly #onerror: (error: Error) => void
  readonly #abort = new AbortController()
  #pause = BOOTSTRAP_FIRST_MS
  #cancel: (() => void) | undefined
  /** The round under way. */
  #round: Promise<void> | undefined
  /** An entry has answered in the last round. */
  #reached = false

  constructor (
    { bootstrap, network: name }: Pick<Config, 'bootstrap' | 'network'>, network: Pick<Network, 'addEventListener' | 'dial' | 'getConnections'>,
    lacksRelay: () => boolean, clock: Clock, onerror: (error: Error) => void
  ) {
    this.#entries = bootstrap
    this.#name = name
    this.#network = network
    this.#lacksRelay = lacksRelay
    this.#clock = clock
    this.#onerror = onerror
  }

  /**
   * Resolves when somebody is connected, an entry could be reached now, or there is none.
   *
   * @throws BootstrapError when none of them could be reached
   */
  async reach (): Promise<void> {
    if (this.#round === undefined && (this.#entries.length === 0 || this.#connected())) return
    await this.#go()
  }

  start (): void {
    this.#network.addEventListener('peer:identify', ({ detail: { peerId, protocols } }) => { this.#identified(peerId.toString(), protocols) })
    this.#network.addEventListener('connection:close', () => {
      // what answered a moment ago is worth a quick try
      if (this.#reached) this.#pause = BOOTSTRAP_FIRST_MS
      this.#soon(BOOTSTRAP_FIRST_MS)
    })
    this.#soon(0)
  }

  stop (): void {
    this.#abort.abort()
    this.#cancel?.()
  }

  #soon (ms: number): void {
    if (this.#abort.signal.aborted) return
    this.#cancel?.()
    this.#cancel = this.#clock.after(ms, () => { this.#look() })
  }

  #look (): void {
    if (this.#entries.length > 0 && this.#connected() && !this.#lacksRelay()) {
      this.#pause = BOOTSTRAP_FIRST_MS
      return
    }
    // each entry that failed has been told
    this.#go().catch(() => {})
  }

  async #go (): Promise<void> {
    this.#round ??= this.#dialAll().finally(() => { this.#round = undefined })
    await this.#round
  }

  async #dialAll (): Promise<void> {
    const failures = await Promise.all(this.#entries.map(entry => this.#dial(entry)))
    if (this.#abort.signal.aborted || this.#entries.length === 0) return
    const errors = failures.filter(error => error !== undefined)
    this.#reached = errors.length < this.#entries.length
    // finds nothing left to do where an entry has answered, and relays for this node if it has to be relayed
    this.#soon(this.#pause)
    this.#pause = Math.min(BOOTSTRAP_MAX_MS, this.#pause * 2)
    if (!this.#reached) {
      throw new BootstrapError(
        `none of the ${this.#entries.length} bootstrap nodes could be reached: ${errors.map(error => error.message).join('; ')}`, { cause: errors[0] })
    }
  }

  #connected (): boolean {
    return this.#network.getConnections().some(connection => connection.limits === undefined)
  }

  async #dial (entry: string): Promise<Error | undefined> {
    const timeout = new AbortController()
    const cancel = afterAwake(this.#clock, BOOTSTRAP_TIMEOUT_MS, () => { timeout.abort(new Error(`no answer within ${BOOTSTRAP_TIMEOUT_MS / 1000} s`)) })
    const signal = AbortSignal.any([timeout.signal, this.#abort.signal])
    try {
      const addrs = await resolveBootstrap([entry], { signal })
      const { remotePeer } = await this.#network.dial(addrs.map(addr => multiaddr(addr)), { signal })
      this.#strangers.set(remotePeer.toString(), entry)
      return undefined
    } catch (cause) {
      if (this.#abort.signal.aborted) return undefined
      const error = new BootstrapError(`${entry}: ${((timeout.signal.aborted ? timeout.signal.reason : cause) as Error).message}`, { cause })
      this.#onerror(error)
      return error
    } finally {
      cancel()
    }
  }

  /** A node that is there and of no use is a mistake that nothing else would show: everything seems to work, and nobody is found. */
  #identified (peer: string, protocols: readonly string[]): void {
    const entry = this.#strangers.get(peer)
    if (entry === undefined) return
    this.#strangers.delete(peer)
    const networks = networksOf(protocols)
    if (!protocols.includes(EXCHANGE_PROTOCOL)) {
      this.#onerror(new BootstrapError(`${entry}: expected a Shoal node, got one that does not speak ${EXCHANGE_PROTOCOL}`))
    } else if (networks.length > 0 && !networks.includes(this.#name)) {
      this.#onerror(new BootstrapError(`${entry}: expected a node of the network "${this.#name}", got one of "${networks.join('", "')}"`))
    }
  }
}
