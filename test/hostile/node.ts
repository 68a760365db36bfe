/** One honest node of the scene, alone in its process. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { issueToken, type TenantKeys } from '@shoal/policy/issuing'
import { createShoal, type Policy, type Shoal, type ShoalEvents } from 'shoal'
import { answer } from './child.ts'
import { bytesOf, PATH } from './goods.ts'
import { pacedProxy } from './paced-proxy.ts'

/** What a node said of its peers since it was last asked. */
export interface Said {
  readonly penalties: readonly ShoalEvents['peer:penalty']['detail'][]
  readonly disconnects: readonly ShoalEvents['peer:disconnect']['detail'][]
  readonly refusals: readonly ShoalEvents['peer:refused']['detail'][]
}

export interface Memory {
  /** Resident set, bytes: now, and the highest since it was last asked. */
  readonly rss: number
  readonly peak: number
}

const folder = mkdtempSync(join(tmpdir(), 'shoal-hostile-'))
process.on('exit', () => { rmSync(folder, { recursive: true, force: true }) })

let shoal: Shoal
let penalties: Said['penalties'][number][] = []
let disconnects: Said['disconnects'][number][] = []
let refusals: Said['refusals'][number][] = []
let peak = 0
setInterval(() => { peak = Math.max(peak, process.memoryUsage.rss()) }, 20).unref()

export const calls = {
  /** @param rate upload, bytes per second; 0: unlimited. @param tenant the node is one of this tenant's */
  async start ({ rate, tenant }: { rate: number, tenant?: TenantKeys }): Promise<{ peer: string, addrs: readonly string[] }> {
    const upload = rate === 0 ? {} : { rate }
    const token = tenant && (async (peer: string) => await issueToken(tenant, { peer, seconds: 3_600 }))
    shoal = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'], data: join(folder, 'data'), upload, token })
    shoal.addEventListener('peer:penalty', ({ detail }) => { penalties.push(detail) })
    shoal.addEventListener('peer:disconnect', ({ detail }) => { disconnects.push(detail) })
    shoal.addEventListener('peer:refused', ({ detail }) => { refusals.push(detail) })
    return { peer: shoal.peerId, addrs: shoal.addrs }
  },

  /** @returns the manifest's CID */
  async publish ({ seed, bytes, policy }: { seed: string, bytes: number, policy?: Policy }): Promise<string> {
    return (await shoal.publishBytes(new Map([[PATH, bytesOf(seed, bytes)]]), { name: seed, policy })).manifest
  },

  async open ({ manifest, addr }: { manifest: string, addr: string }): Promise<void> {
    await shoal.open(`shoal:${manifest}?addr=${addr}`)
  },

  /** Reads a content that is open to its end, and closes it. @returns seconds, and how many bytes were not those of the seed */
  async read ({ manifest, seed, bytes }: { manifest: string, seed: string, bytes: number }): Promise<{ seconds: number, bad: number }> {
    const content = shoal.contents.find(({ link }) => link.includes(manifest))
    if (content === undefined) throw new Error(`${manifest} is not open`)
    const start = performance.now()
    const expected = bytesOf(seed, bytes)
    let at = 0
    let bad = 0
    for await (const chunk of content.read(PATH)) {
      for (let i = 0; i < chunk.byteLength; i++) if (chunk[i] !== expected[at + i]) bad++
      at += chunk.byteLength
    }
    return { seconds: (performance.now() - start) / 1000, bad: bad + bytes - at }
  },

  async close ({ manifest }: { manifest: string }): Promise<void> {
    await Promise.all(shoal.contents.filter(({ link }) => link.includes(manifest)).map(content => content.close()))
  },

  /** An address of this process behind which the node at `addr` is, by a line of `rate` bytes per second either way. */
  async line ({ addr, rate }: { addr: string, rate: number }): Promise<string> {
    return await pacedProxy(addr, { up: rate, down: rate })
  },

  async said (): Promise<Said> {
    const said = { penalties, disconnects, refusals }
    penalties = []
    disconnects = []
    refusals = []
    return said
  },

  async memory (): Promise<Memory> {
    const rss = process.memoryUsage.rss()
    const memory = { rss, peak: Math.max(peak, rss) }
    peak = rss
    return memory
  },

  /** Those of them that it has a session with. */
  async sessions ({ peers }: { peers: readonly string[] }): Promise<number> {
    return shoal.status.peers.filter(({ peer }) => peers.includes(peer)).length
  }
}

answer(calls)
