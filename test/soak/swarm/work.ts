/** What each member of the swarm does all the time, in Node.js and in pages alike: opens contents, reads them, and looks at what came. */

import { seededRandom, type Random } from '@shoal/base'
import type { Content, Shoal } from '@shoal/interface'

/** A content that somebody publishes. */
export interface Good {
  readonly link: string
  /** SHA-256 of its only segment, in hex. */
  readonly digest: string
  readonly bytes: number
}

/** What was done since the member came, and what went wrong. */
export interface Done {
  readonly fetches: number
  /** Those that the member itself broke off, by leaving. */
  readonly interrupted: number
  readonly bytes: number
  /** Of `bytes`, those that came from peers. */
  readonly fromPeers: number
  readonly longestS: number
  readonly faults: readonly string[]
  /** What the node reported as errors, and how often. */
  readonly errors: Readonly<Record<string, number>>
}

export const PATH = 'content.bin'

/** Seconds in which the member was awake: longer no fetch may take. */
const FETCH_S = 60
/** So that two cores keep up: on a machine without a moment of rest everything is late, and nothing is learnt from that. */
const PAUSE_MS = [6_000, 24_000] as const
/** Contents stay open after they were read, so that others can have them from here. */
const OPEN_CONTENTS = 3
const RANGE_SHARE = 0.3
const HINTS_SHARE = 0.5

export class Work {
  readonly #goods: readonly Good[]
  readonly #random: Random
  readonly #open: Content[] = []
  readonly #left = new AbortController()
  #over: Promise<void> = Promise.resolve()
  #fetches = 0
  #interrupted = 0
  #bytes = 0
  #fromPeers = 0
  #longestS = 0
  readonly #faults: string[] = []
  readonly #errors: Record<string, number> = {}

  constructor (goods: readonly Good[], seed: number) {
    this.#goods = goods
    this.#random = seededRandom(seed)
  }

  get done (): Done {
    return {
      fetches: this.#fetches,
      interrupted: this.#interrupted,
      bytes: this.#bytes,
      fromPeers: this.#fromPeers,
      longestS: this.#longestS,
      faults: [...this.#faults],
      errors: { ...this.#errors }
    }
  }

  start (node: Shoal): void {
    node.addEventListener('error', ({ detail: { error, doing } }) => {
      const what = `${doing}: ${error.message.split('\n', 1)[0]}`.slice(0, 160)
      this.#errors[what] = (this.#errors[what] ?? 0) + 1
    })
    this.#over = this.#run(node)
  }

  /** Before the node is stopped. */
  async end (): Promise<void> {
    this.#left.abort(new Error('the member leaves'))
    await this.#over
    this.#open.length = 0
  }

  async #run (node: Shoal): Promise<void> {
    while (!this.#left.signal.aborted) {
      const good = this.#goods[Math.floor(this.#random() * this.#goods.length)] as Good
      const began = performance.now()
      try {
        await awake(FETCH_S, this.#left.signal, signal => this.#fetch(node, good, signal))
        this.#fetches++
        this.#longestS = Math.max(this.#longestS, (performance.now() - began) / 1000)
      } catch (error) {
        if (this.#left.signal.aborted) this.#interrupted++
        else this.#faults.push(`${node.peerId.slice(-6)} ${good.link.slice(0, 30)}… after ${((performance.now() - began) / 1000).toFixed(1)} s: ${(error as Error).message}`)
      }
      await pause(PAUSE_MS[0] + this.#random() * (PAUSE_MS[1] - PAUSE_MS[0]), this.#left.signal)
    }
  }

  async #fetch (node: Shoal, { link, digest, bytes: size }: Good, signal: AbortSignal): Promise<void> {
    // with hints, or by the DHT alone
    const content = await node.open(this.#random() < HINTS_SHARE ? link : link.split('?', 1)[0] as string, { mode: 'p2p', signal })
    try {
      const part = this.#random() < RANGE_SHARE
      const start = part ? Math.floor(this.#random() * size) : 0
      const end = part ? start + 1 + Math.floor(this.#random() * (size - start)) : size
      const got = new Uint8Array(end - start)
      const before = content.stats.fromPeers
      let at = 0
      for await (const chunk of content.read(PATH, { start, end, signal })) {
        if (at + chunk.byteLength > got.byteLength) throw new Error(`expected ${got.byteLength} bytes, got more`)
        got.set(chunk, at)
        at += chunk.byteLength
      }
      if (at !== got.byteLength) throw new Error(`expected ${got.byteLength} bytes, got ${at}`)
      this.#bytes += at
      this.#fromPeers += content.stats.fromPeers - before
      if (!part && await sha256(got) !== digest) throw new Error('what came is not what was published')
    } finally {
      this.#open.push(content)
      if (this.#open.length > OPEN_CONTENTS) await this.#open.shift()?.close()
    }
  }
}

export async function sha256 (bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].map(byte => byte.toString(16).padStart(2, '0')).join('')
}

/** `doing`, unless it takes longer than so many seconds in which this process or page was not asleep. */
async function awake (seconds: number, signal: AbortSignal, doing: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const late = new AbortController()
  let left = seconds
  const timer = setInterval(() => {
    if (--left <= 0) late.abort(new Error(`not done after ${seconds} s`))
  }, 1000)
  const either = new AbortController()
  const abort = (by: AbortSignal) => (): void => { either.abort(by.reason) }
  const [gone, tooLate] = [abort(signal), abort(late.signal)]
  signal.addEventListener('abort', gone)
  late.signal.addEventListener('abort', tooLate)
  try {
    signal.throwIfAborted()
    await doing(either.signal)
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', gone)
  }
}

async function pause (ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>(resolve => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end)
  })
}
