import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@shoal/base'
import type { Content, ReadOptions, Shoal, ShoalOptions } from '@shoal/interface'
import { createShoal } from '../src/index.js'

/** What the tests of a suite set up; all of it is gone after each. */
export interface Surroundings {
  /** On loopback, over TCP. */
  node (options?: ShoalOptions): Promise<Shoal>
  /** Stops all that run, as after a test. */
  stopAll (): Promise<void>
  folder (): Promise<string>
  /** Answers over HTTP; resolves with its address, a `/` at the end. */
  serve (answer: RequestListener): Promise<string>
}

/** To be called right inside `describe`. */
export function surroundings (): Surroundings {
  const nodes: Shoal[] = []
  const folders: string[] = []
  const servers: Server[] = []

  const stopAll = async (): Promise<void> => { await Promise.all(nodes.splice(0).map(async shoal => { await shoal.stop() })) }
  afterEach(async () => {
    await stopAll()
    for (const server of servers.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
    await Promise.all(folders.splice(0).map(async path => { await rm(path, { recursive: true, force: true }) }))
  })

  return {
    async node (options = {}) {
      const shoal = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'], ...options })
      nodes.push(shoal)
      return shoal
    },
    stopAll,
    async folder () {
      const path = await mkdtemp(join(tmpdir(), 'shoal-'))
      folders.push(path)
      return path
    },
    async serve (answer) {
      const server = createServer(answer).listen(0, '127.0.0.1')
      servers.push(server)
      await once(server, 'listening')
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    }
  }
}

export async function until (condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; !await condition(); tries++) {
    if (tries > 1_000) throw new Error(`never happened: ${what}`)
    await new Promise(resolve => { setTimeout(resolve, 20) })
  }
}

export function bytesOf (length: number, seed: number): Uint8Array<ArrayBuffer> {
  const random = seededRandom(seed)
  return Uint8Array.from({ length }, () => random() * 256)
}

export async function read (content: Content, path: string, options?: ReadOptions): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of content.read(path, options)) parts.push(part)
  return Buffer.concat(parts)
}
