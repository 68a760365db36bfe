import type { Clock, Port } from '@shoal/base'
import { UnavailableError, type Shoal, type ShoalOptions } from '@shoal/interface'
import { Audience } from './audience.js'
import { Desk } from './desk.js'
import { groupOf, type GroupNames } from './group.js'
import { CLAIMS_MAX, FROZEN_TICKS, KEEPER_WAIT_MS, RESTART_MS, TAB_PROTOCOL, TABS_MAX, TICK_MS, type Call, type Wishes } from './protocol.js'
import { RemoteNode } from './remote-node.js'
import type { Visibility } from '../device.js'

/** What a tab has of the browser, so that tests can have several in one page. */
export interface TabWorld {
  readonly clock: Clock
  readonly locks: Pick<LockManager, 'request'>
  readonly channel: (name: string) => Port
  /** What the others know this tab by. */
  readonly tab: string
  readonly page: Visibility
}

/** The node to use at the moment, in this tab or in another. */
export interface Host {
  readonly node: Shoal
  /** Aborted when there is another, or none. */
  readonly gone: AbortSignal
  readonly here: boolean
}

export interface CrewInit {
  readonly world: TabWorld
  readonly options: ShoalOptions
  /** Starts a node in this tab. @param page whether anybody sees any of the tabs */
  readonly startNode: (options: ShoalOptions, page: Visibility) => Promise<Shoal>
  readonly onhost: (host: Host | undefined) => void
  readonly onerror: (error: Error, doing: string) => void
}

/**
 * Finds out which tab of the group has the node, and whether it is this one: who holds the group's lock leads. Everything that a tab has of
 * the others goes through here; what it is good for is nobody's business here.
 */
export class Crew {
  readonly #init: CrewInit
  readonly #names: GroupNames
  readonly #audience: Audience
  readonly #first = Promise.withResolvers<void>()
  readonly #desks = new Map<string, Desk>()
  readonly #stopping = new AbortController()
  #channel: Port | undefined
  #wishes: Wishes
  #queueing = new AbortController()
  /** As long as this tab holds the lock. */
  #turn: AbortController | undefined
  #led: Promise<void> = Promise.resolve()
  #host: Host | undefined
  #leader: string | undefined
  #remote: RemoteNode | undefined
  #ticks = 0
  #cancelTick: (() => void) | undefined
  readonly #onsettled: (() => void)[] = []
  /** It has a node that nobody else uses. */
  #alone = false
  /** How often somebody else was at it. */
  #claims = 0

  constructor (init: CrewInit) {
    this.#init = init
    this.#names = groupOf(init.options)
    const { sharing, upload } = init.options
    this.#wishes = { ...sharing !== undefined && { sharing }, ...upload !== undefined && { upload } }
    this.#audience = new Audience(init.world.page, hidden => { this.#remote?.seen(hidden) })
  }

  get wishes (): Wishes {
    return this.#wishes
  }

  /** Resolves when there is a node to use. @throws what a node in this tab throws as it starts */
  async start (): Promise<void> {
    const { world } = this.#init
    try {
      await this.#hold(this.#lockOf(world.tab))
      this.#channel = world.channel(this.#names.group)
      this.#channel.onmessage = ({ data }: MessageEvent<Call>) => { this.#hear(data) }
      this.#queue()
      this.#expect()
    } catch {
      // a frame without an origin of its own may share nothing with anybody
      void this.#goAlone()
    }
    await this.#first.promise
  }

  /** Ends the node if it is here; the next tab takes over. */
  async stop (): Promise<void> {
    this.#stopping.abort()
    this.#queueing.abort()
    this.#cancelTick?.()
    this.#turn?.abort()
    this.#remote?.end(true)
    this.#settle()
    this.#first.reject(new UnavailableError('the node is stopped'))
    this.#first.promise.catch(() => {})
    await this.#led
    this.#audience.end()
    this.#channel?.close()
  }

  /** What the user wants, from now on and under every leader. */
  wish ({ sharing, upload }: Wishes): void {
    const { node } = this.#host ?? {}
    if (sharing !== undefined) node?.setSharing(sharing)
    if (upload !== undefined) node?.setUpload(upload)
    this.#wishes = {
      ...this.#wishes,
      ...sharing !== undefined && { sharing },
      ...upload !== undefined && { upload: { ...this.#wishes.upload, ...upload } }
    }
    for (const desk of this.#desks.values()) desk.wished(this.#wishes)
  }

  #lockOf (tab: string): string {
    return `${this.#names.group}/${tab}`
  }

  #say (say: Call['say'], to?: string): void {
    if (this.#stopping.signal.aborted) return
    this.#channel?.postMessage({ say, tab: this.#init.world.tab, version: TAB_PROTOCOL, to } satisfies Call)
  }

  /** Holds a lock until this tab stops. @throws DOMException it may have none */
  async #hold (name: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const { signal } = this.#stopping
    this.#init.world.locks.request(name, async () => {
      resolve()
      if (!signal.aborted) await new Promise(resolve => { signal.addEventListener('abort', resolve, { once: true }) })
    }).catch(reject)
    await promise
  }

  /** @param steal the one who leads does not answer */
  #queue (steal = false): void {
    this.#queueing.abort()
    const queueing = this.#queueing = new AbortController()
    const turn = new AbortController()
    const options = steal ? { steal } : { signal: queueing.signal }
    let ended = false
    this.#init.world.locks.request(this.#names.group, options, async () => {
      if (this.#stopping.signal.aborted || queueing.signal.aborted) return
      this.#turn = turn
      this.#led = this.#lead(turn.signal, steal)
      await this.#led
      ended = true
    }).catch(() => {
      // another tab has taken the lead: for that one this tab was asleep
      if (this.#turn !== turn || ended || this.#stopping.signal.aborted) return
      turn.abort()
      void this.#led.then(() => {
        this.#queue()
        this.#expect()
      })
    })
  }

  /** Takes the lead away from a tab that does not answer, unless another is at it. */
  #steal (): void {
    this.#ticks = 0
    const { locks } = this.#init.world
    locks.request(`${this.#names.group}/claim`, { ifAvailable: true }, async lock => {
      if (this.#isLeading || this.#host?.here === true) return
      if (lock === null) {
        // who is at it may sleep itself
        if (++this.#claims >= CLAIMS_MAX) void this.#goAlone()
        return
      }
      this.#queue(true)
      await this.#settled
    }).catch(() => {})
  }

  /** Resolves when there is a node to use again. */
  get #settled (): Promise<void> {
    return new Promise(resolve => { this.#onsettled.push(resolve) })
  }

  /** Until `turn` is aborted. */
  async #lead (turn: AbortSignal, stolen: boolean): Promise<void> {
    this.#cancelTick?.()
    this.#say('starting')
    this.#follow(undefined)
    const release = await this.#keep(stolen ? 0 : KEEPER_WAIT_MS)
    let node: Shoal | undefined
    try {
      node = await this.#startNode(release !== undefined)
      if (turn.aborted || this.#stopping.signal.aborted) return
      this.#use({ node, gone: turn, here: true })
      this.#say('leading')
      await new Promise(resolve => { turn.addEventListener('abort', resolve, { once: true }) })
    } catch (error) {
      this.#failed(error as Error)
    } finally {
      for (const tab of [...this.#desks.keys()]) this.#leave(tab)
      if (this.#host?.gone === turn) this.#use(undefined)
      await node?.stop().catch((error: unknown) => { this.#init.onerror(error as Error, 'stopping the node of this tab') })
      release?.()
      if (this.#turn?.signal === turn) this.#turn = undefined
    }
  }

  async #startNode (keeper: boolean): Promise<Shoal> {
    const { options, startNode } = this.#init
    const { sharing, upload } = this.#wishes
    return await startNode({ ...options, sharing, upload, ...!keeper && { share: false } }, this.#audience)
  }

  #settle (): void {
    for (const resolve of this.#onsettled.splice(0)) resolve()
  }

  #failed (error: Error): void {
    this.#first.reject(error)
    this.#settle()
    if (this.#stopping.signal.aborted) return
    this.#init.onerror(error, 'starting the node in this tab')
    this.#init.world.clock.after(RESTART_MS, () => {
      if (this.#stopping.signal.aborted) return
      this.#queue()
      this.#expect()
    })
  }

  /** The identity and the store, unless another tab has them: with what lets go of them. */
  async #keep (waitMs: number): Promise<(() => void) | undefined> {
    const { locks, clock } = this.#init.world
    const given = Promise.withResolvers<(() => void) | undefined>()
    const abort = new AbortController()
    const cancel = waitMs === 0 ? () => {} : clock.after(waitMs, () => { abort.abort() })
    locks.request(this.#names.keeper, waitMs === 0 ? { ifAvailable: true } : { signal: abort.signal }, async lock => {
      cancel()
      if (lock === null) { given.resolve(undefined); return }
      await new Promise<void>(resolve => { given.resolve(resolve) })
    }).catch(() => { given.resolve(undefined) })
    return await given.promise
  }

  /** There is a leader, or there will be: it is asked for each second until it answers; then its lock is taken away. */
  #expect (): void {
    this.#cancelTick?.()
    this.#ticks = 0
    const tick = (): void => {
      if (this.#host !== undefined || this.#stopping.signal.aborted || this.#isLeading) return
      if (this.#ticks++ >= FROZEN_TICKS) this.#steal()
      else this.#say('hello')
      this.#cancelTick = this.#init.world.clock.after(TICK_MS, tick)
    }
    tick()
  }

  get #isLeading (): boolean {
    return this.#turn !== undefined && !this.#turn.signal.aborted && this.#remote === undefined && this.#host === undefined
  }

  #hear ({ say, tab, version, to }: Call): void {
    if (this.#alone || (to !== undefined && to !== this.#init.world.tab)) return
    if (say === 'hello') {
      if (this.#host?.here === true) this.#welcome(tab, version)
      else if (this.#isLeading) this.#say('starting', tab)
    } else if (say === 'refused') {
      void this.#goAlone()
    } else if (say === 'starting') {
      if (this.#remote !== undefined && tab !== this.#leader) {
        this.#follow(undefined)
        this.#expect()
      }
      this.#ticks = 0
    } else if (this.#host?.here !== true && !this.#isLeading) {
      if (to === undefined) this.#say('hello', tab)
      else if (tab !== this.#leader) this.#follow(tab)
    }
  }

  /** Another tab wants to use the node here. */
  #welcome (tab: string, version: number): void {
    const { world, onerror } = this.#init
    const node = this.#host?.node
    if (node === undefined) return
    if (version !== TAB_PROTOCOL || (this.#desks.size >= TABS_MAX && !this.#desks.has(tab))) {
      this.#say('refused', tab)
      return
    }
    if (!this.#desks.has(tab)) {
      const desk = new Desk(world.channel(this.#linkOf(world.tab, tab)), {
        node,
        clock: world.clock,
        wishes: () => this.#wishes,
        wish: wishes => {
          try {
            this.wish(wishes)
          } catch (error) {
            onerror(error as Error, 'doing what another tab wishes')
          }
        },
        seen: hidden => { this.#audience.seen(tab, hidden) },
        onbye: () => { this.#leave(tab) }
      })
      this.#desks.set(tab, desk)
      // whoever gets that lock knows that the tab is gone
      world.locks.request(this.#lockOf(tab), { signal: this.#turn?.signal ?? this.#stopping.signal }, () => {
        if (this.#desks.get(tab) === desk) this.#leave(tab)
      }).catch(() => {})
    }
    this.#say('leading', tab)
  }

  #leave (tab: string): void {
    this.#desks.get(tab)?.end()
    this.#desks.delete(tab)
    this.#audience.left(tab)
  }

  #linkOf (leader: string, tab: string): string {
    return `${this.#names.group}/${leader}/${tab}`
  }

  /** @param leader undefined: the one there was is gone */
  #follow (leader: string | undefined): void {
    const { world } = this.#init
    const left = this.#remote
    this.#remote = undefined
    this.#leader = leader
    left?.end()
    if (this.#host?.here === false) this.#use(undefined)
    if (leader === undefined) return
    const remote = this.#remote = new RemoteNode(world.channel(this.#linkOf(leader, world.tab)), {
      clock: world.clock,
      wishes: this.#wishes,
      hidden: world.page.hidden,
      onwish: wishes => { this.#wishes = { ...this.#wishes, ...wishes } },
      onfrozen: () => { this.#steal() }
    })
    const over = (): void => {
      if (this.#remote !== remote) return
      this.#follow(undefined)
      this.#expect()
    }
    remote.gone.addEventListener('abort', over)
    remote.ready.then(() => {
      if (this.#remote === remote) this.#use({ node: remote, gone: remote.gone, here: false })
    }, over)
  }

  /** No other tab shares a node with this one. */
  async #goAlone (): Promise<void> {
    if (this.#alone || this.#host?.here === true) return
    this.#alone = true
    this.#follow(undefined)
    this.#queueing.abort()
    this.#cancelTick?.()
    const turn = this.#turn = new AbortController()
    this.#led = this.#startNode(false).then(async node => {
      this.#use({ node, gone: turn.signal, here: true })
      if (!this.#stopping.signal.aborted) await new Promise(resolve => { turn.signal.addEventListener('abort', resolve, { once: true }) })
      await node.stop()
    }).catch((error: unknown) => { this.#first.reject(error as Error) })
    await this.#led
  }

  #use (host: Host | undefined): void {
    this.#host = host
    this.#init.onhost(host)
    if (host === undefined) return
    this.#cancelTick?.()
    this.#claims = 0
    this.#first.resolve()
    this.#settle()
  }
}
