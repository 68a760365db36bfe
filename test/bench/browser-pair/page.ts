/** What runs in a page: one end of one contender, driven by `pages.ts`. Everything by default, as an application would have it. */

import { multiaddr } from '@multiformats/multiaddr'
import { createShoal, type Shoal } from 'shoal'
import { PROTOCOL, rawNode, rawSeed } from './raw.ts'
import type { End, Fetched, PageEnds } from './ends.ts'

/** `getRandomValues` gives no more at once. */
const RANDOM_BYTES = 65_536
const NAME = 'content.bin'

const ends: PageEnds = {
  shoal: {
    async seed ({ relay, bytes }) {
      const shoal = await createShoal({ bootstrap: [relay] })
      await listening(() => shoal.addrs)
      const { link } = await shoal.publishBytes(new Map([[NAME, random(bytes)]]), { name: NAME })
      return link
    },

    async connect (found, options) {
      const shoal = await createShoal({ bootstrap: [options.relay] })
      const content = await shoal.open(found)
      const { bytes } = content.summary
      return {
        async fetch () {
          await content.fetchAll()
          return transportsOf(shoal)
        },
        async check () {
          const before = content.stats.fromPeers
          let read = 0
          for await (const chunk of content.read(NAME)) read += chunk.byteLength
          if (read !== bytes || content.stats.fromPeers !== before) throw new Error(`expected ${bytes} bytes in the store, found ${read}`)
        }
      }
    }
  },

  raw: {
    async seed ({ relay, bytes }) {
      const node = await rawNode([`${relay}/p2p-circuit`, '/webrtc'])
      await rawSeed(node, random(bytes))
      return await listening(() => node.getMultiaddrs().map(String))
    },

    async connect (found, { bytes }) {
      const node = await rawNode([])
      const connection = await node.dial(multiaddr(found))
      return {
        async fetch () {
          const stream = await connection.newStream(PROTOCOL)
          let received = 0
          await new Promise<void>((resolve, reject) => {
            stream.addEventListener('close', () => { reject(new Error(`the stream closed after ${received} of ${bytes} bytes`)) })
            stream.addEventListener('message', ({ data }) => {
              received += data.byteLength
              if (received >= bytes) resolve()
            })
          })
          return [connection.remoteAddr.toString()]
        },
        async check () {}
      }
    }
  }
}

let end: End | undefined

Object.assign(globalThis, {
  bench: {
    seed: async (name: keyof PageEnds, options: Parameters<PageEnds['raw']['seed']>[0]) => await ends[name].seed(options),
    async connect (name: keyof PageEnds, found: string, options: Parameters<PageEnds['raw']['seed']>[0]) {
      end = await ends[name].connect(found, options)
    },
    async fetch (): Promise<Fetched> {
      if (end === undefined) throw new Error('not connected')
      const start = performance.now()
      const over = await end.fetch()
      return { seconds: (performance.now() - start) / 1000, over }
    },
    check: async () => { await end?.check() }
  }
})

function transportsOf (shoal: Shoal): string[] {
  return shoal.status.peers.filter(({ stats }) => stats.received > 0).map(({ addr }) => addr)
}

/** Waits for an address of this page under which others reach it by WebRTC. */
async function listening (addrs: () => readonly string[]): Promise<string> {
  for (;;) {
    const found = addrs().find(addr => addr.includes('/webrtc'))
    if (found !== undefined) return found
    await new Promise(resolve => { setTimeout(resolve, 50) })
  }
}

function random (length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += RANDOM_BYTES) crypto.getRandomValues(bytes.subarray(at, at + RANDOM_BYTES))
  return bytes
}
