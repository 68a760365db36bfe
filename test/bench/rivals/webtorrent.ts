/**
 * WebTorrent over TCP alone: no uTP, DHT, local discovery, peer exchange, tracker, port mapping nor encryption. The seeder reads the file where
 * it lies, the fetcher writes a file of its own (`fs-chunk-store`, the default of both); it has the torrent file and dials the seeder, and the
 * fetchers that were there before it: one connection for each pair.
 */

import { once } from 'node:events'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { readFileChunks, work, type Traffic } from '../support/worker.ts'
import type { Torrent } from 'webtorrent'

// installed without install scripts its WebRTC binding has no binary, and over TCP nobody asks for it
const stub = 'data:text/javascript,export const RTCPeerConnection = undefined, RTCSessionDescription = undefined, RTCIceCandidate = undefined; export default {}'
registerHooks({
  resolve: (specifier, context, next) => specifier === 'webrtc-polyfill' ? { url: stub, shortCircuit: true } : next(specifier, context)
})
const { default: WebTorrent } = await import('webtorrent')

const client = new WebTorrent({ dht: false, lsd: false, utp: false, utPex: false, tracker: false, natUpnp: false, natPmp: false, secure: 0 })
client.on('error', error => { throw error })

work({
  async seed ({ file, host }) {
    const torrent = await new Promise<Torrent>(resolve => { client.seed(file, { announce: [] }, resolve) })
    return { found: { torrent: Buffer.from(torrent.torrentFile).toString('base64'), address: address(host) }, traffic: () => traffic(torrent) }
  },

  async fetch ({ folder, host, found, others = [] }) {
    const { torrent: file, address: seeder } = found as { torrent: string, address: string }
    const torrent = client.add(Buffer.from(file, 'base64'), { path: folder, announce: [] })
    await once(torrent, 'ready')
    return {
      async fetch () {
        const done = once(torrent, 'done')
        for (const peer of [seeder, ...others as string[]]) torrent.addPeer(peer)
        await done
      },
      result: () => readFileChunks(join(folder, torrent.name)),
      found: address(host),
      traffic: () => traffic(torrent)
    }
  }
})

function address (host = '127.0.0.1'): string {
  return `${host}:${client.torrentPort}`
}

function traffic ({ uploaded, received, downloaded }: Torrent): Traffic {
  return { uploaded, wasted: received - downloaded }
}
