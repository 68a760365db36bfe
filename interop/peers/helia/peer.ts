/** Helia with Bitswap alone: no routing, no gateways, so that nobody but whom it is connected to is asked. */

import { createHash } from 'node:crypto'
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createHeliaLight } from 'helia'
import { CID } from 'multiformats/cid'
import { bytesOf } from '../../vectors/read.ts'
import { common, drive } from '../driver.ts'

await drive(async config => {
  const helia = withBitswap(withLibp2pLight(createHeliaLight(), {
    addresses: { listen: config['listen'] as string[] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ping: ping() }
  }))
  await helia.start()
  const files = unixfs(helia)
  const { libp2p } = helia
  return {
    peer: libp2p.peerId.toString(),
    addrs: libp2p.getMultiaddrs().map(String),
    commands: {
      ...common(libp2p as never, multiaddr),
      async add ({ bytes, seed }) {
        const made = bytesOf({ length: bytes as number, seed: seed as number })
        const root = await files.addBytes(made, { rawLeaves: true })
        return { root: root.toString(), sha256: createHash('sha256').update(made).digest('hex') }
      },
      async cat ({ root }) {
        const hash = createHash('sha256')
        let bytes = 0
        for await (const chunk of files.cat(CID.parse(root as string), { signal: AbortSignal.timeout(60_000) })) {
          hash.update(chunk)
          bytes += chunk.byteLength
        }
        return { bytes, sha256: hash.digest('hex') }
      }
    }
  }
})
