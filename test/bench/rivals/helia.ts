/**
 * Helia with Bitswap alone, over the transports that Shoal takes in Node.js: no gateways, no routing, so that nothing but the seeder is asked.
 * Both ends keep their blocks on disk (`blockstore-fs`), as whoever wants to keep them does. The file is UnixFS over raw leaves of 256 KiB;
 * the fetcher reads it with `cat`, whose reads run ahead by its default, and every block is in its blockstore when that ends.
 */

import { createReadStream } from 'node:fs'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { work } from '../support/worker.ts'
import { CID, heliaNode as node, multiaddr, unixfs } from './helia-node.ts'

const BLOCK_BYTES = 256 * 1024

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
