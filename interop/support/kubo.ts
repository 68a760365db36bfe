/** A Kubo daemon with a repository of its own, that knows nobody and is found by nobody. */

import { spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { at, CACHE, run } from './tools.ts'
import { soon } from './until.ts'

const IPFS = `${CACHE}ipfs`

/** Nothing of it may look outside: no bootstrap, discovery or routing, no configuration or certificates from elsewhere, no telemetry. */
const CONFIG: readonly (readonly [key: string, value: unknown])[] = [
  ['Bootstrap', []],
  ['AutoConf.Enabled', false],
  ['AutoTLS.Enabled', false],
  ['Discovery.MDNS.Enabled', false],
  ['Swarm.DisableNatPortMap', true],
  ['Swarm.RelayClient.Enabled', false],
  ['Swarm.EnableHolePunching', false],
  ['Swarm.ResourceMgr.Enabled', false],
  ['Routing.Type', 'none'],
  ['Routing.DelegatedRouters', []],
  ['DNS.Resolvers', {}],
  ['Ipns.DelegatedPublishers', []],
  ['Plugins', { Plugins: { telemetry: { Disabled: true } } }],
  ['Addresses', {
    Swarm: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/quic-v1'],
    Announce: [], AppendAnnounce: [], NoAnnounce: [], API: '/ip4/127.0.0.1/tcp/0', Gateway: '/ip4/127.0.0.1/tcp/0'
  }],
  ['Gateway.NoFetch', true]
]

/** The daemon ends with this process, however that ends: its input is closed then. */
const WITH_US = '"$0" daemon & read -r _; kill -9 $!'

const live = new Set<Kubo>()

export interface Said { readonly text: string, readonly sha256: string, readonly bytes: number }

export class Kubo {
  readonly repo: string
  peer = ''
  addrs: readonly string[] = []
  /** Of its trustless gateway. */
  gateway = ''
  #api = ''
  #daemon: ChildProcess | undefined
  #log = ''

  private constructor (repo: string) {
    this.repo = repo
  }

  /**
   * @param folder where its repository is made @default a temporary one
   * @param config more of its configuration
   */
  static async start (folder?: string, config: readonly (readonly [key: string, value: unknown])[] = []): Promise<Kubo> {
    const kubo = new Kubo(folder ?? await mkdtemp(join(tmpdir(), 'shoal-kubo-')))
    live.add(kubo)
    await kubo.run(['init', '--profile=test'])
    for (const [key, value] of [...CONFIG, ...config]) await kubo.run(['config', '--json', key, JSON.stringify(value)])
    await kubo.#begin()
    return kubo
  }

  static async endAll (): Promise<void> {
    await Promise.all([...live].map(kubo => kubo.end()))
  }

  /** Runs one command to its end. @throws Error when it fails */
  async run (args: readonly string[], input?: AsyncIterable<Uint8Array>): Promise<Said> {
    const child = spawn(IPFS, args, { stdio: ['pipe', 'pipe', 'pipe'], env: this.#env })
    const hash = createHash('sha256')
    let [text, errors, bytes] = ['', '', 0]
    child.stdout.on('data', (chunk: Buffer) => {
      hash.update(chunk)
      bytes += chunk.byteLength
      if (text.length < 65_536) text += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => { errors = (errors + chunk.toString()).slice(-4_000) })
    child.stdin.on('error', () => {})
    const closed = new Promise<number | null>((resolve, reject) => { child.once('error', reject).once('close', resolve) })
    for await (const chunk of input ?? []) {
      if (!child.stdin.write(chunk)) await new Promise(resolve => { child.stdin.once('drain', resolve).once('close', resolve) })
    }
    child.stdin.end()
    const code = await closed
    if (code !== 0) throw new Error(`ipfs ${args.join(' ')} exited with ${code}: ${errors}`)
    return { text: text.trim(), sha256: hash.digest('hex'), bytes }
  }

  /** One command inside the daemon, to its end: no process is started for it. @param path as `pin/add?arg=…` @throws Error when it fails */
  async call (path: string): Promise<string> {
    const response = await fetch(`http://${this.#api}/api/v0/${path}`, { method: 'POST' })
    const text = await response.text()
    if (!response.ok) throw new Error(`Kubo answered ${response.status} to ${path}: ${text}`)
    return text
  }

  /** CPU time of the daemon so far, seconds. Linux. */
  get cpu (): number {
    const shell = this.#daemon?.pid
    if (shell === undefined) return 0
    const [daemon] = readFileSync(`/proc/${shell}/task/${shell}/children`, 'utf8').split(' ')
    // behind the name, which is in brackets: utime and stime are fields 14 and 15, in ticks of 10 ms
    const fields = readFileSync(`/proc/${daemon}/stat`, 'utf8').replace(/^.*\) /, '').split(' ')
    return (Number(fields[11]) + Number(fields[12])) / 100
  }

  /** What a command gives, as it comes. @throws Error when it fails */
  async * output (args: readonly string[]): AsyncGenerator<Uint8Array> {
    const child = spawn(IPFS, args, { stdio: ['ignore', 'pipe', 'ignore'], env: this.#env })
    const closed = new Promise<number | null>(resolve => { child.once('close', resolve) })
    for await (const chunk of child.stdout) yield chunk as Uint8Array
    const code = await closed
    if (code !== 0) throw new Error(`ipfs ${args.join(' ')} exited with ${code}`)
  }

  async end (): Promise<void> {
    live.delete(this)
    const daemon = this.#daemon
    if (daemon?.exitCode === null && daemon.signalCode === null) {
      const closed = new Promise(resolve => { daemon.once('close', resolve) })
      daemon.stdin?.end()
      await closed
    }
    await rm(this.repo, { recursive: true, force: true, maxRetries: 3 })
  }

  get #env (): NodeJS.ProcessEnv {
    return { ...process.env, IPFS_PATH: this.repo, IPFS_TELEMETRY: 'off', GOLOG_LOG_LEVEL: 'error' }
  }

  async #begin (): Promise<void> {
    const daemon = this.#daemon = spawn('sh', ['-c', WITH_US, IPFS], { stdio: ['pipe', 'pipe', 'pipe'], env: this.#env })
    let failed: Error | undefined
    const keep = (chunk: Buffer): void => { this.#log = (this.#log + chunk.toString()).slice(-8_000) }
    daemon.stdout.on('data', keep)
    daemon.stderr.on('data', keep)
    daemon.once('error', error => { failed = error })
    daemon.once('close', code => { failed ??= new Error(`the daemon of Kubo ended with ${code}\n${this.#log}`) })
    await soon('the daemon of Kubo', () => {
      if (failed !== undefined) throw failed
      return this.#log.includes('Daemon is ready') ? true : undefined
    })
    const { ID, Addresses } = JSON.parse((await this.run(['id'])).text) as { ID: string, Addresses: string[] }
    this.peer = ID
    this.addrs = Addresses
    this.gateway = readFileSync(join(this.repo, 'gateway'), 'utf8').trim()
    const [, host, port] = /^\/ip4\/([^/]+)\/tcp\/(\d+)/.exec(readFileSync(join(this.repo, 'api'), 'utf8')) ?? []
    this.#api = `${host}:${port}`
  }
}

/** Builds it, once. @throws Error when that fails, or there is no Go */
export async function buildKubo (): Promise<void> {
  await run('go', ['build', '-o', IPFS, 'github.com/ipfs/kubo/cmd/ipfs'], at('go'))
}

export async function kuboVersion (): Promise<string> {
  return (await run(IPFS, ['version', '--number'], at('go'))).trim()
}
