/**
 * Kubo as seeder, and Kubo or Helia as fetcher, over Bitswap on one TCP connection. Kubo writes into its repository (flatfs, as `ipfs init` makes it),
 * Helia into `blockstore-fs`. The file is UnixFS over raw leaves of 256 KiB; Kubo's fetcher pins it, Helia's reads it with `cat`.
 */

import { join } from 'node:path'
import { createReadStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { Kubo } from '../../../interop/support/kubo.ts'
import { work, type Fetching } from '../support/worker.ts'

interface Found { readonly root: string, readonly addr: string }

async function daemon (folder: string): Promise<Kubo> {
  const repo = join(folder, 'repo')
  await mkdir(repo, { recursive: true })
  return await Kubo.start(repo)
}

work({
  async seed ({ file, folder }) {
    const kubo = await daemon(folder)
    const { text } = await kubo.run(['add', '-Q', '--cid-version=1', '--raw-leaves', '--chunker=size-262144'], createReadStream(file))
    return { found: { root: text, addr: kubo.addrs.find(addr => /\/tcp\/\d+\/p2p/.test(addr)) } }
  },

  async fetch ({ folder, bytes, found, options }) {
    const from = found as Found
    return options['fetcher'] === 'helia' ? await byHelia(folder, bytes, from) : await byKubo(folder, from)
  }
})

async function byKubo (folder: string, { root, addr }: Found): Promise<Fetching> {
  const kubo = await daemon(folder)
  await kubo.run(['swarm', 'connect', addr])
  return {
    async fetch () { await kubo.run(['pin', 'add', root]) },
    result: () => kubo.output(['cat', '--offline', root])
  }
}

async function byHelia (folder: string, bytes: number, { root, addr }: Found): Promise<Fetching> {
  const { heliaNode, multiaddr, CID, unixfs } = await import('./helia-node.ts')
  const helia = await heliaNode(folder)
  await helia.libp2p.dial(multiaddr(addr))
  const files = unixfs(helia)
  const cid = CID.parse(root)
  return {
    async fetch () {
      let received = 0
      for await (const chunk of files.cat(cid)) received += chunk.byteLength
      if (received !== bytes) throw new Error(`expected ${bytes} bytes, got ${received}`)
    },
    result: () => files.cat(cid, { offline: true })
  }
}
