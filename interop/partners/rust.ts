/** rust-libp2p. */

import { gossip, kad, relay, transports, type Starter, type Traits } from '../support/network-runs.ts'
import type { Partner } from '../support/partner.ts'
import { PeerProcess } from '../support/peer.ts'
import { NETWORK } from '../support/shoals.ts'
import { at, CACHE, has, run } from '../support/tools.ts'

const LISTEN = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws', '/ip4/127.0.0.1/udp/0/webrtc-direct', '/ip4/127.0.0.1/udp/0/quic-v1']
const TARGET = `${CACHE}rust`

const TRAITS: Traits = {
  name: 'rust-libp2p',
  dialled: '/tls/1.0.0',
  dials: '/noise',
  mute: true
}

const start: Starter = without => PeerProcess.start('the peer in Rust', `${TARGET}/debug/interop`, [JSON.stringify({
  network: NETWORK, listen: LISTEN, security: ['noise', 'tls'].filter(name => name !== without), kad: without !== 'kad'
})])

export const rust: Partner = {
  name: 'rust',
  title: TRAITS.name,
  quick: false,
  about: 'rust-libp2p: all of libp2p that Shoal uses',
  missing: () => has('cargo', '--version') ? undefined : 'there is no Rust on this machine',
  prepare: async () => { await run('cargo', ['build', '--locked'], at('rust'), { CARGO_TARGET_DIR: TARGET }) },
  async run (cells) {
    await transports(cells, TRAITS, start)
    await kad(cells, TRAITS, start)
    await gossip(cells, TRAITS, start)
    await relay(cells, TRAITS, start)
  }
}
