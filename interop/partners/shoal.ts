/** Shoal with itself, over every transport between Node.js and Chromium: the rows that all others are held against. */

import { expect } from '../../test/support/waiting.ts'
import type { Cells } from '../support/cells.ts'
import { bare, publishRandom, readHash } from '../support/contents.ts'
import { QUIC, stopAll, TCP, WS, type Way } from '../support/network-runs.ts'
import type { Partner } from '../support/partner.ts'
import { ShoalPage, shoalNode } from '../support/shoals.ts'
import { soon } from '../support/until.ts'

const NODE = 'Shoal, Node.js'
const PAGE = 'Shoal, Chromium'
const BYTES = 700_000
const DIRECT = { name: 'WebRTC-Direct', transport: 'webrtc-direct', listen: '/ip4/127.0.0.1/udp/0/webrtc-direct' }
const WAYS = [{ ...TCP, transport: 'tcp' }, { ...WS, transport: 'ws' }, DIRECT, { ...QUIC, transport: 'quic' }] satisfies (Pick<Way, 'name' | 'listen'> & { transport: string })[]

async function withNode (cells: Cells): Promise<void> {
  for (const { name, listen, transport } of WAYS) {
    const row = `${name}, dialled by Shoal`
    await cells.check(NODE, 'Node.js', row, async () => {
      const made = await publishRandom(await shoalNode({ listen: [listen] }), BYTES)
      // whoever listens by QUIC also dials by it
      const node = await shoalNode({ listen: transport === 'quic' ? [listen] : [] })
      expect(await readHash(await node.open(made.link), made.path) === made.sha256, 'other bytes')
      const over = node.status.peers.map(peer => peer.transport)
      expect(over.every(one => one === transport), `the bytes came over ${over.join(', ')}`)
    })
    if (transport === 'tcp' || transport === 'quic') cells.none(NODE, 'Chromium', row, `pages have no ${name}`)
    else {
      await cells.check(NODE, 'Chromium', row, async () => {
        const made = await publishRandom(await shoalNode({ listen: [listen] }), BYTES)
        const got = await (await ShoalPage.open([])).ask('fetch', made.link)
        expect(got.sha256 === made.sha256, 'other bytes')
        expect(got.over.every(one => one === transport), `the bytes came over ${got.over.join(', ')}`)
      })
    }
    await stopAll()
  }
}

/** A page is found in the DHT and reached through a relay; the bytes go over WebRTC. */
async function withPage (cells: Cells): Promise<void> {
  const row = 'relay: a page is reached through them'
  const server = await shoalNode({ server: true, listen: [WS.listen] })
  const page = await ShoalPage.open(server.addrs)
  await soon('an address of the page', async () => (await page.ask('addrs')).find(addr => addr.includes('/p2p-circuit/webrtc')))
  const { link, sha256 } = await page.ask('publish', 'page.bin', BYTES)
  await cells.check(PAGE, 'Node.js', row, async () => {
    const node = await shoalNode({ listen: [], bootstrap: server.addrs })
    expect(await readHash(await node.open(bare(link)), 'page.bin') === sha256, 'other bytes')
  })
  await cells.check(PAGE, 'Chromium', row, async () => {
    const got = await (await ShoalPage.open(server.addrs)).ask('fetch', bare(link))
    expect(got.sha256 === sha256, 'other bytes')
    expect(got.over.includes('webrtc'), `the bytes came over ${got.over.join(', ')}`)
  })
  await stopAll()
}

export const shoal: Partner = {
  name: 'shoal',
  title: NODE,
  quick: true,
  about: 'Shoal itself, in Node.js and in Chromium',
  missing: () => undefined,
  prepare: async () => {},
  async run (cells) {
    await withNode(cells)
    await withPage(cells)
  }
}
