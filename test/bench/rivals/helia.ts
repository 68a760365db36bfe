/**
 * Helia with Bitswap alone, over the transports that Shoal takes in Node.js: no gateways, no routing, so that nothing but the seeder is asked.
 * Both ends keep their blocks on disk (`blockstore-fs`), as whoever wants to keep them does. The file is UnixFS over raw leaves of 256 KiB;
 * the fetcher reads it with `cat`, whose reads run ahead by its default, and every block is in its blockstore when that ends.
 */

import { join } from 'node:path'
import { createReadStream } from 'node:fs'
import { withBitswap } from '@helia/bitswap'
import { withLibp2pLight } from '@helia/libp2p'
import { unixfs } from '@helia/unixfs'
import { identify } from '@libp2p/identify'
import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { FsBlockstore } from 'blockstore-fs'
import { createHeliaLight } from 'helia'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { CID } from 'multiformats/cid'
import { work } from '../support/worker.ts'

const BLOCK_BYTES = 256 * 1024

async function node (folder: string) {
  const helia = withBitswap(withLibp2pLight(createHeliaLight({ blockstore: new FsBlockstore(join(folder, 'blocks')) }), {
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [tls()],
    streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: 2 * 1024 * 1024 } })],
    connectionMonitor: { enabled: false },
    services: { identify: identify() }
  }))
  await helia.start()
  return helia
}

work({
  async seed ({ file, folder }) {
    const helia = await node(folder)
    const root = await unixfs(helia).addByteStream(createReadStream(file), { rawLeaves: true, chunker: fixedSize({ chunkSize: BLOCK_BYTES }) })
    return { found: { root: root.toString(), addr: helia.libp2p.getMultiaddrs().map(String)[0] } }
  },

  async fetch ({ folder, bytes, found }) {
    const { root, addr } = found as { root: string, addr: string }
    const cid = CID.parse(root)
    const helia = await node(folder)
    await helia.libp2p.dial(multiaddr(addr))
    const files = unixfs(helia)
    return {
      async fetch () {
        let received = 0
        for await (const chunk of files.cat(cid)) received += chunk.byteLength
        if (received !== bytes) throw new Error(`expected ${bytes} bytes, got ${received}`)
      },
      result: () => files.cat(cid, { offline: true })
    }
  }
})
