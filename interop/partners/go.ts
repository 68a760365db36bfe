/** go-libp2p, and a fetcher that was written from doc/protocol.md alone. */

import { swarmIdOf } from '@shoal/content'
import { expect } from '../../test/support/waiting.ts'
import type { Cells } from '../support/cells.ts'
import { publishRandom } from '../support/contents.ts'
import { gossip, kad, relay, stopAll, TCP, transports, WS, type Starter, type Traits } from '../support/network-runs.ts'
import { PeerProcess } from '../support/peer.ts'
import { NETWORK, shoalNode } from '../support/shoals.ts'
import { at, CACHE, has, run } from '../support/tools.ts'
import type { Partner } from '../support/partner.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/webrtc-direct', '/ip4/127.0.0.1/udp/0/quic-v1']

const TRAITS: Traits = {
  name: 'go-libp2p',
  dialled: '/tls/1.0.0',
  dials: '/noise'
}

const start: Starter = without => PeerProcess.start('the peer in Go', `${CACHE}go-peer`, [
  JSON.stringify({ network: NETWORK, listen: LISTEN, security: ['noise', 'tls'], kad: without !== 'kad' })
])

async function vectors (cells: Cells): Promise<void> {
  await cells.check(TRAITS.name, 'Node.js', 'vectors', async () => { await run('go', ['test', '-count=1', './...'], at('go')) })
}

async function exchange (cells: Cells): Promise<void> {
  const partner = await start()
  await cells.check(TRAITS.name, 'Node.js', 'exchange: they fetch from Shoal', async () => {
    const node = await shoalNode()
    const made = await publishRandom(node, 3_000_000)
    await partner.ask('dial', { addrs: node.addrs.filter(addr => TCP.match.test(addr)) })
    const got = await partner.ask('fetch', { peer: node.peerId, link: made.link, path: made.path })
    expect(got.sha256 === made.sha256 && got.bytes === 3_000_000, `got ${JSON.stringify(got)}`)
    expect(got.publisher === node.peerId, `the manifest of ${got.publisher}`)
    expect((await partner.ask('joined', { peer: node.peerId })).includes(await swarmIdOf(made.manifest)), 'Shoal did not say JOIN')
    expect(node.ledger.every(({ score }) => score >= 0), `Shoal took it ill: ${JSON.stringify(node.ledger)}`)
    return `${got.bytes} bytes in ${made.content.summary.blocks} blocks`
  })
  await cells.check(TRAITS.name, 'Node.js', 'exchange: they fetch over WebSocket', async () => {
    const node = await shoalNode({ listen: [WS.listen] })
    const made = await publishRandom(node, 300_000)
    await partner.ask('dial', { addrs: node.addrs })
    const got = await partner.ask('fetch', { peer: node.peerId, link: made.link, path: made.path })
    expect(got.sha256 === made.sha256, `got ${JSON.stringify(got)}`)
  })
  await partner.end()
  await stopAll()
}

export const go: Partner = {
  name: 'go',
  title: TRAITS.name,
  quick: false,
  about: 'go-libp2p: all of libp2p that Shoal uses, the vectors, and a fetcher written from doc/protocol.md',
  missing: () => has('go', 'version') ? undefined : 'there is no Go on this machine',
  prepare: async () => { await run('go', ['build', '-o', `${CACHE}go-peer`, '.'], at('go')) },
  async run (cells) {
    await vectors(cells)
    await exchange(cells)
    await transports(cells, TRAITS, start)
    await kad(cells, TRAITS, start)
    await gossip(cells, TRAITS, start)
    await relay(cells, TRAITS, start)
  }
}
