/**
 * Kubo as seeder, and Kubo or Helia as fetcher, over Bitswap on one TCP connection with TLS. Kubo writes into its repository (flatfs), Helia
 * into `blockstore-fs`; neither waits for the disk: flatfs flushes each file unless it is told not to, and Shoal and Helia never do. The file
 * is UnixFS over raw leaves of 256 KiB; Kubo's fetcher pins it, told over its RPC, for a command line of its own would take a tenth of a second;
 * Helia's reads it with `cat`.
 */

import { join } from 'node:path'
import { createReadStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { Kubo } from '../../../interop/support/kubo.ts'
import { work, type Fetching } from '../support/worker.ts'

interface Found { readonly root: string, readonly warm: string | undefined, readonly addr: string }

const ADD = ['add', '-Q', '--cid-version=1', '--raw-leaves', '--chunker=size-262144']

/** As `ipfs init` makes it, but that nothing is flushed. */
const DATASTORE = {
  type: 'mount',
  mounts: [
    { mountpoint: '/blocks', type: 'measure', prefix: 'flatfs.datastore', child: { type: 'flatfs', path: 'blocks', shardFunc: '/repo/flatfs/shard/v1/next-to-last/2', sync: false } },
    { mountpoint: '/', type: 'measure', prefix: 'leveldb.datastore', child: { type: 'levelds', path: 'datastore', compression: 'none' } }
  ]
}

const CONFIG = [['Datastore.Spec', DATASTORE], ['Swarm.Transports.Security', { TLS: 100, Noise: false }]] as const

let node: Kubo | undefined

async function daemon (folder: string): Promise<Kubo> {
  const repo = join(folder, 'repo')
  await mkdir(repo, { recursive: true })
  return node = await Kubo.start(repo, CONFIG)
}

work({
  async seed ({ file, folder, options: { warm } }) {
    const kubo = await daemon(folder)
    const { text: root } = await kubo.run(ADD, createReadStream(file))
    const first = warm === undefined ? undefined : (await kubo.run(ADD, createReadStream(warm))).text
    return { found: { root, warm: first, addr: kubo.addrs.find(addr => /\/tcp\/\d+\/p2p/.test(addr)) } }
  },

  async fetch ({ folder, bytes, found, options }) {
    const from = found as Found
    return options['fetcher'] === 'helia' ? await byHelia(folder, bytes, from) : await byKubo(folder, from)
  },

  cpu: () => node?.cpu ?? 0
})

async function byKubo (folder: string, { root, warm, addr }: Found): Promise<Fetching> {
  const kubo = await daemon(folder)
  await kubo.run(['swarm', 'connect', addr])
  if (warm !== undefined) await kubo.call(`pin/add?arg=${warm}`)
  return {
    async fetch () { await kubo.call(`pin/add?arg=${root}`) },
    result: () => kubo.output(['cat', '--offline', root])
  }
}

async function byHelia (folder: string, bytes: number, { root, warm, addr }: Found): Promise<Fetching> {
  const { heliaNode, multiaddr, CID, unixfs } = await import('./helia-node.ts')
  const helia = await heliaNode(folder)
  await helia.libp2p.dial(multiaddr(addr))
  const files = unixfs(helia)
  const cid = CID.parse(root)
  const read = async (cid: ReturnType<typeof CID.parse>): Promise<number> => {
    let received = 0
    for await (const chunk of files.cat(cid)) received += chunk.byteLength
    return received
  }
  if (warm !== undefined) await read(CID.parse(warm))
  return {
    async fetch () {
      const received = await read(cid)
      if (received !== bytes) throw new Error(`expected ${bytes} bytes, got ${received}`)
    },
    result: () => files.cat(cid, { offline: true })
  }
}
