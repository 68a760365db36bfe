/** js-libp2p 2, the major version before Shoal's. */

import { gossip, kad, relay, transports, type Starter, type Traits } from '../support/network-runs.ts'
import { install, startPeer } from '../support/npm.ts'
import type { Partner } from '../support/partner.ts'
import { NETWORK } from '../support/shoals.ts'

const TRAITS: Traits = {
  name: 'js-libp2p 2',
  dialled: '/tls/1.0.0',
  dials: '/noise',
  noDirect: 'its WebRTC (@libp2p/webrtc 5) rests on a binary that is in no npm package, but fetched from elsewhere on installation'
}

const start: Starter = async without =>
  await startPeer('libp2p-v2', { network: NETWORK, listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/quic-v1'], kad: without !== 'kad' })

export const libp2pV2: Partner = {
  name: 'libp2p-v2',
  title: TRAITS.name,
  quick: true,
  about: 'js-libp2p 2: all of libp2p that Shoal uses but WebRTC',
  missing: () => undefined,
  prepare: async () => { await install('libp2p-v2') },
  async run (cells) {
    await transports(cells, TRAITS, start)
    await kad(cells, TRAITS, start)
    await gossip(cells, TRAITS, start)
    await relay(cells, TRAITS, start)
  }
}
