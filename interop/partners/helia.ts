/** Helia: what Shoal publishes is read by it over Bitswap, and what it holds by Shoal. */

import { createHash } from 'node:crypto'
import { startIpfs, type Ipfs } from '@shoal/ipfs'
import { expect } from '../../test/support/waiting.ts'
import { publishRandom } from '../support/contents.ts'
import { introduced, stopAll, TCP, WS } from '../support/network-runs.ts'
import { install, startPeer } from '../support/npm.ts'
import type { Partner } from '../support/partner.ts'
import { shoalNode } from '../support/shoals.ts'

const TITLE = 'Helia'
const LISTEN = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']
const BYTES = 3_000_000

async function catHash (ipfs: Ipfs, root: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of ipfs.cat(root)) hash.update(chunk)
  return hash.digest('hex')
}

export const helia: Partner = {
  name: 'helia',
  title: TITLE,
  quick: true,
  about: 'Helia: Bitswap both ways, by @shoal/ipfs',
  missing: () => undefined,
  prepare: async () => { await install('helia') },
  async run (cells) {
    const partner = await startPeer('helia', { listen: LISTEN })
    for (const way of [TCP, WS]) {
      await cells.check(TITLE, 'Node.js', `${way.name}, dialled by Shoal`, async () => {
        const node = await shoalNode({ listen: [], bootstrap: partner.addrs.filter(addr => way.match.test(addr)) })
        return await introduced(partner, node.peerId)
      })
      await cells.check(TITLE, 'Node.js', `${way.name}, dialled by the partner`, async () => {
        const node = await shoalNode({ listen: [way.listen] })
        await partner.ask('dial', { addrs: node.addrs })
        return await introduced(partner, node.peerId)
      })
    }
    const node = await shoalNode()
    const ipfs = await startIpfs(node)
    await partner.ask('dial', { addrs: node.addrs })
    await cells.check(TITLE, 'Node.js', 'Bitswap: they read a file of Shoal’s', async () => {
      const { root, sha256 } = await publishRandom(node, BYTES)
      const got = await partner.ask('cat', { root })
      expect(got.sha256 === sha256, `got ${got.bytes} bytes`)
    })
    await cells.check(TITLE, 'Node.js', 'Bitswap: Shoal reads a file of theirs', async () => {
      const { root, sha256 } = await partner.ask('add', { bytes: BYTES, seed: 4 })
      expect(await catHash(ipfs, root) === sha256, 'other bytes')
    })
    cells.none(TITLE, 'Chromium', 'all', 'the bridge is for Node.js: a page takes IPFS content from a Shoal node that has fetched it')
    await ipfs.stop()
    await partner.end()
    await stopAll()
  }
}
