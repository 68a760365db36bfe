/** Who takes part, seen from outside: a process or a page, that comes, goes, sleeps and is lost, and what it did in all its lives. */

import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { ShoalOptions } from '@shoal/interface'
import type { Browser, CDPSession, Page } from 'playwright-core'
import { Child } from '../../support/child.ts'
import { within } from '../../support/waiting.ts'
import type { Ask, Cost, Told } from './node.ts'
import type { PageMember } from './page.ts'
import type { Done, Good } from './work.ts'

const NODE = fileURLToPath(new URL('node.ts', import.meta.url))

/** Much longer than any sleep. */
const ANSWER_S = 90

const NOTHING: Done = { fetches: 0, interrupted: 0, bytes: 0, fromPeers: 0, longestS: 0, faults: [], errors: {} }

export function sum (a: Done, b: Done = NOTHING): Done {
  const errors = { ...a.errors }
  for (const [what, times] of Object.entries(b.errors)) errors[what] = (errors[what] ?? 0) + times
  return {
    fetches: a.fetches + b.fetches,
    interrupted: a.interrupted + b.interrupted,
    bytes: a.bytes + b.bytes,
    fromPeers: a.fromPeers + b.fromPeers,
    longestS: Math.max(a.longestS, b.longestS),
    faults: [...a.faults, ...b.faults],
    errors
  }
}

export abstract class Member {
  readonly name: string
  /** It never leaves, sleeps nor ends, so that the others always find what they look for. */
  readonly steady: boolean
  /** Neither asleep, nor coming, nor going. */
  up = false
  /** Processes and pages that were used up. */
  lives = 1
  protected past: Done = NOTHING
  #over = false
  #seed: number

  constructor (name: string, steady: boolean, seed: number) {
    this.name = name
    this.steady = steady
    this.#seed = seed
  }

  /** Each life is another, and the same for the same seed. */
  protected get seed (): number {
    return this.#seed++
  }

  async done (): Promise<Done> {
    return sum(this.past, this.up ? await this.ask() : undefined)
  }

  /** Without a word to anybody, and comes again. */
  async restart (): Promise<void> {
    this.past = sum(this.past, await this.ask())
    this.up = false
    await this.drop()
    this.lives++
    await this.begin()
    await this.join()
  }

  async begin (): Promise<void> {
    await this.start()
    if (!this.#over) return
    await this.drop()
    throw new Error(`${this.name} began when all was over`)
  }

  /** For good, also when it has not begun yet. */
  async end (): Promise<void> {
    this.#over = true
    this.up = false
    await this.drop()
  }

  abstract join (): Promise<void>
  abstract leave (): Promise<void>
  abstract sleep (ms: number): Promise<void>
  abstract cost (): Promise<Cost>
  /** A process or a page. */
  protected abstract start (): Promise<void>
  protected abstract drop (): Promise<void>
  protected abstract ask (): Promise<Done | undefined>
}

export class NodeMember extends Member {
  addrs: readonly string[] = []
  readonly #options: ShoalOptions
  readonly #goods: readonly Good[]
  #child: Child<Ask, Told> | undefined

  constructor (name: string, init: { steady: boolean, seed: number, options: ShoalOptions, goods: readonly Good[] }) {
    super(name, init.steady, init.seed)
    this.#options = init.options
    this.#goods = init.goods
  }

  protected async start (): Promise<void> {
    this.#child = await Child.start<Ask, Told>(NODE)
  }

  async join (): Promise<void> {
    const { addrs = [] } = await this.#asked({ do: 'join', options: this.#options, goods: this.#goods, seed: this.seed })
    this.addrs = addrs
    this.up = true
  }

  async publish (sizes: readonly number[]): Promise<readonly Good[]> {
    return (await this.#asked({ do: 'publish', sizes })).goods ?? []
  }

  async leave (): Promise<void> {
    this.up = false
    const { done } = await this.#asked({ do: 'leave' })
    this.past = sum(this.past, done)
  }

  async sleep (ms: number): Promise<void> {
    const { pid } = this.#child ?? {}
    if (pid === undefined) return
    this.up = false
    // another process wakes it, so that it is not asleep for ever if this one is killed meanwhile
    const sleeper = spawn('/bin/sh', ['-c', `kill -STOP ${pid}; sleep ${ms / 1000}; kill -CONT ${pid}`], { stdio: 'ignore', detached: true })
    await new Promise(resolve => { sleeper.once('close', resolve) })
    this.up = true
  }

  async cost (): Promise<Cost> {
    return (await this.#asked({ do: 'cost' })).cost as Cost
  }

  protected async drop (): Promise<void> {
    await this.#child?.kill()
  }

  protected async ask (): Promise<Done | undefined> {
    return (await this.#asked({ do: 'done' })).done
  }

  async #asked (ask: Ask): Promise<Told> {
    if (this.#child === undefined) throw new Error(`${this.name} has not begun`)
    return await within(ANSWER_S, this.#child.ask(ask), `${this.name} is asked to ${ask.do}`)
  }
}

interface PageInit {
  readonly browser: Browser
  readonly url: string
  readonly bootstrap: readonly string[]
  readonly goods: readonly Good[]
}

export class BrowserMember extends Member {
  readonly #init: PageInit
  #page: Page | undefined
  #devtools: CDPSession | undefined

  constructor (name: string, seed: number, init: PageInit) {
    super(name, false, seed)
    this.#init = init
  }

  protected async start (): Promise<void> {
    const context = await this.#init.browser.newContext()
    this.#page = await context.newPage()
    this.#devtools = await context.newCDPSession(this.#page)
    await this.#devtools.send('Performance.enable')
    await this.#page.goto(this.#init.url)
    await this.#page.waitForFunction(() => 'member' in globalThis)
  }

  async join (): Promise<void> {
    const { bootstrap, goods } = this.#init
    await this.#page?.evaluate(async ({ bootstrap, goods, seed }) => {
      await (globalThis as unknown as { member: PageMember }).member.join(bootstrap, goods, seed)
    }, { bootstrap, goods, seed: this.seed })
    this.up = true
  }

  async leave (): Promise<void> {
    this.up = false
    this.past = sum(this.past, await this.#page?.evaluate(() => (globalThis as unknown as { member: PageMember }).member.leave()))
  }

  async sleep (ms: number): Promise<void> {
    this.up = false
    await this.#devtools?.send('Page.setWebLifecycleState', { state: 'frozen' })
    await new Promise(resolve => { setTimeout(resolve, ms) })
    await this.#devtools?.send('Page.setWebLifecycleState', { state: 'active' })
    this.up = true
  }

  async cost (): Promise<Cost> {
    await this.#devtools?.send('HeapProfiler.collectGarbage')
    const metrics = new Map((await this.#devtools?.send('Performance.getMetrics'))?.metrics.map(({ name, value }) => [name, value]))
    const connections = await this.#page?.evaluate(() => (globalThis as unknown as { member: PageMember }).member.connections()) ?? 0
    // the rest belongs to a renderer process, which several pages may share
    return { rss: NaN, heap: metrics.get('JSHeapUsedSize') ?? NaN, listeners: metrics.get('JSEventListeners') ?? NaN, handles: NaN, connections }
  }

  protected async drop (): Promise<void> {
    await this.#page?.context().close()
  }

  protected async ask (): Promise<Done | undefined> {
    return await this.#page?.evaluate(() => (globalThis as unknown as { member: PageMember }).member.done())
  }
}
