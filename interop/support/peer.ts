/** A partner's program: told what to do by JSON lines, and ended by its id. */

import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

export interface Connection {
  readonly peer: string
  readonly addr: string
  readonly direction: string
  /** Protocol id of the security; empty where the transport brings its own. */
  readonly security: string
  readonly muxer: string
}

export interface Heard {
  /** Who signed it, and who handed it on. */
  readonly from: string
  readonly via: string
  /** Hex. */
  readonly data: string
  /** As the partner reads it. */
  readonly announcement?: { readonly sequence: number, readonly addrs: readonly string[], readonly share: number }
}

/** Of the DHT: as a CID, and its multihash in hex. */
export interface Key { readonly key: string, readonly multihash: string }

/** What every partner can be asked; not all know all of it. */
export interface Commands {
  addrs: { in: object, out: string[] }
  connections: { in: object, out: Connection[] }
  dial: { in: { addrs: readonly string[] }, out: Connection }
  hangup: { in: { peer: string }, out: string }
  identify: { in: { peer: string }, out: { agent: string, protocols: string[], addrs: string[] } }
  ping: { in: { peer: string }, out: { ms: number } }
  known: { in: object, out: number }
  provide: { in: Key, out: string }
  find: { in: Key, out: { peer: string, addrs: string[] }[] }
  subscribe: { in: { topic: string }, out: string }
  publish: { in: { topic: string, data: string }, out: string }
  heard: { in: { topic: string }, out: Heard[] }
  joined: { in: { peer: string }, out: string[] }
  fetch: {
    in: { peer: string, link: string, path: string }
    out: { path: string, cid: string, bytes: number, sha256: string, publisher: string }
  }
  add: { in: { bytes: number, seed: number }, out: { root: string, sha256: string } }
  cat: { in: { root: string }, out: { bytes: number, sha256: string } }
}

interface Line {
  readonly ready?: { readonly peer: string, readonly addrs: readonly string[] }
  readonly id?: number
  readonly ok?: unknown
  readonly error?: string
}

const START_MS = 60_000
const ANSWER_MS = 90_000

const live = new Set<PeerProcess>()

export class PeerProcess {
  peer = ''
  addrs: readonly string[] = []
  readonly #name: string
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, (line: Line | Error) => void>()
  #stderr = ''
  #next = 1

  private constructor (name: string, program: string, args: readonly string[], cwd?: string) {
    this.#name = name
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], ...cwd === undefined ? {} : { cwd } })
    live.add(this)
    this.#child.stderr?.on('data', (chunk: Buffer) => { this.#stderr = (this.#stderr + chunk.toString()).slice(-8_000) })
    this.#child.on('error', error => { this.#end(error) })
    this.#child.on('close', code => { this.#end(new Error(`${name} ended with ${code}\n${this.#stderr}`)) })
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', text => {
      const line = JSON.parse(text) as Line
      this.#waiting.get(line.id ?? 0)?.(line)
      this.#waiting.delete(line.id ?? 0)
    })
  }

  /** @throws Error when it does not come up */
  static async start (name: string, program: string, args: readonly string[], cwd?: string): Promise<PeerProcess> {
    const process = new PeerProcess(name, program, args, cwd)
    const { ready } = await process.#answer(0, START_MS, 'start')
    if (ready === undefined) throw new Error(`${name} did not say that it is ready`)
    process.peer = ready.peer
    process.addrs = ready.addrs
    return process
  }

  static async endAll (): Promise<void> {
    await Promise.all([...live].map(peer => peer.end()))
  }

  /** @throws Error with what the partner says went wrong */
  async ask<K extends keyof Commands> (what: K, args: Commands[K]['in']): Promise<Commands[K]['out']> {
    const id = this.#next++
    const answer = this.#answer(id, ANSWER_MS, what)
    this.#child.stdin?.write(`${JSON.stringify({ id, do: what, ...args })}\n`)
    const { ok, error } = await answer
    if (error !== undefined) throw new Error(`${this.#name}, asked to ${what}: ${error}`)
    return ok as Commands[K]['out']
  }

  async end (): Promise<void> {
    live.delete(this)
    if (this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined) return
    const closed = new Promise(resolve => { this.#child.once('close', resolve) })
    this.#child.kill('SIGKILL')
    await closed
  }

  #answer (id: number, ms: number, what: string): Promise<Line> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(new Error(`${this.#name}, asked to ${what}: no answer within ${ms / 1000} s\n${this.#stderr}`))
      }, ms)
      this.#waiting.set(id, line => {
        clearTimeout(timer)
        if (line instanceof Error) reject(line)
        else resolve(line)
      })
    })
  }

  #end (error: Error): void {
    live.delete(this)
    for (const tell of this.#waiting.values()) tell(error)
    this.#waiting.clear()
  }
}
