import { expect } from 'chai'
import fc from 'fast-check'
import { usableAddrs, withPeer } from '../src/addrs.js'

const PEER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const RELAY = '12D3KooWJbJFaZ1fwpD5jHKyzqSD7Vx6Pzt9z8dUZ6XrRpyNjn8E'
const CERT = 'uEiDml04fhbQaRCL0bRS6GQo1Nkr8tRnkXI5F4PSV7mzzZA'

/** Address, and who may dial it: n Node.js, q Node.js with QUIC alone, l a page from a local address, p a page from a public one. */
const CASES: [string, string][] = [
  ['/ip4/8.8.8.8/tcp/4001', 'n'],
  [`/ip4/8.8.8.8/tcp/4001/p2p/${PEER}`, 'n'],
  ['/ip4/8.8.8.8/tcp/4001/ws', 'nl'],
  ['/ip4/192.168.1.7/tcp/4001/ws', 'nl'],
  ['/ip4/8.8.8.8/tcp/443/tls/ws', 'nlp'],
  ['/dns4/node.example.com/tcp/443/wss', 'nlp'],
  [`/dns/node.example.com/tcp/443/tls/ws/p2p/${PEER}`, 'nlp'],
  ['/dns4/node.example.com/tcp/443/tls/sni/node.example.com/ws', 'nlp'],
  ['/dns4/node.example.com/tcp/443/wss/http-path/shoal', 'nlp'],
  ['/dns4/node.example.com/tcp/80/ws', 'nl'],
  ['/dns4/localhost/tcp/443/wss', 'nl'],
  ['/dns4/printer.local/tcp/443/wss', 'nl'],
  ['/dns4/router/tcp/443/wss', 'nl'],
  ['/ip4/127.0.0.1/tcp/443/wss', 'nl'],
  ['/ip4/10.1.2.3/tcp/443/wss', 'nl'],
  ['/ip4/100.64.0.1/tcp/443/wss', 'nl'],
  ['/ip4/169.254.169.254/tcp/443/wss', 'nl'],
  ['/ip6/::1/tcp/443/wss', 'nl'],
  ['/ip6/fd00::1/tcp/443/wss', 'nl'],
  ['/ip6/fe80::1/tcp/443/wss', 'nl'],
  ['/ip6/0:0:0:0:0:0:0:1/tcp/443/wss', 'nl'],
  ['/ip6/2a00:1450:4001:82a::200e/tcp/443/wss', 'nlp'],
  ['/ip4/0.0.0.0/tcp/443/wss', ''],
  ['/ip6/::/tcp/443/wss', ''],
  [`/ip4/8.8.8.8/udp/4001/webrtc-direct/certhash/${CERT}`, 'nlp'],
  [`/ip4/8.8.8.8/udp/4001/webrtc-direct/certhash/${CERT}/certhash/${CERT}/p2p/${PEER}`, 'nlp'],
  [`/ip4/192.168.1.7/udp/4001/webrtc-direct/certhash/${CERT}`, 'nl'],
  ['/ip4/8.8.8.8/udp/4001/webrtc-direct', ''],
  ['/ip4/8.8.8.8/udp/4001/quic-v1', 'q'],
  [`/dns4/node.example.com/udp/4001/quic-v1/p2p/${PEER}`, 'q'],
  [`/ip4/8.8.8.8/udp/4001/quic-v1/p2p/${RELAY}/p2p-circuit/webrtc/p2p/${PEER}`, 'q'],
  ['/ip4/0.0.0.0/udp/4001/quic-v1', ''],
  ['/ip4/8.8.8.8/udp/4001/quic', ''],
  [`/ip4/8.8.8.8/udp/4001/quic-v1/webtransport/certhash/${CERT}`, ''],
  [`/dns4/relay.example.com/tcp/443/wss/p2p/${RELAY}/p2p-circuit/webrtc/p2p/${PEER}`, 'nlp'],
  [`/dns4/relay.example.com/tcp/443/wss/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`, 'nlp'],
  [`/ip4/127.0.0.1/tcp/9001/ws/p2p/${RELAY}/p2p-circuit/webrtc/p2p/${PEER}`, 'nl'],
  [`/ip4/8.8.8.8/tcp/4001/p2p/${RELAY}/p2p-circuit/webrtc/p2p/${PEER}`, 'n'],
  ['/dns4/relay.example.com/tcp/443/wss/p2p-circuit/webrtc', ''],
  [`/dns4/relay.example.com/tcp/443/wss/p2p/${RELAY}/p2p-circuit/ip4/10.0.0.1/tcp/80`, ''],
  [`/dns4/a.example.com/tcp/443/wss/p2p/${RELAY}/p2p-circuit/p2p/${RELAY}/p2p-circuit/p2p/${PEER}`, ''],
  [`/dnsaddr/bootstrap.example.com/p2p/${PEER}`, 'nlp'],
  [`/p2p/${PEER}`, ''],
  ['/unix/tmp%2fsock', ''],
  ['/memory/1', ''],
  ['nonsense', ''],
  ['', '']
]

describe('addresses', () => {
  const WHO = { n: 'node', q: 'node-quic', l: 'browser-local', p: 'browser-public' } as const
  for (const [addr, allowed] of CASES) {
    it(`${addr === '' ? 'nothing' : addr} is for ${allowed === '' ? 'nobody' : allowed}`, () => {
      for (const [letter, from] of Object.entries(WHO)) {
        const may = allowed.includes(letter) || (from === 'node-quic' && allowed.includes('n'))
        expect(usableAddrs([addr], { from }), from).to.deep.equal(may ? [addr] : [])
      }
    })
  }

  it('keeps the order and drops duplicates', () => {
    const a = '/dns4/a.example.com/tcp/443/wss'
    const b = '/dns4/b.example.com/tcp/443/wss'
    expect(usableAddrs([b, a, '/ip4/10.0.0.1/tcp/1/ws', b], { from: 'browser-public' })).to.deep.equal([b, a])
  })

  it('throws on nothing', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.string().map(text => `/${text}`))), addrs => {
      for (const from of Object.values(WHO)) usableAddrs(addrs, { from })
    }))
  })

  it('gives every address its peer, and refuses those of another', () => {
    expect(withPeer('/ip4/8.8.8.8/tcp/1', PEER)).to.equal(`/ip4/8.8.8.8/tcp/1/p2p/${PEER}`)
    expect(withPeer(`/ip4/8.8.8.8/tcp/1/p2p/${PEER}`, PEER)).to.equal(`/ip4/8.8.8.8/tcp/1/p2p/${PEER}`)
    const relayed = `/ip4/8.8.8.8/tcp/1/p2p/${RELAY}/p2p-circuit`
    expect(withPeer(relayed, PEER)).to.equal(`${relayed}/p2p/${PEER}`)
    expect(withPeer(`/ip4/8.8.8.8/tcp/1/p2p/${RELAY}`, PEER)).to.equal(undefined)
    expect(withPeer('nonsense', PEER)).to.equal(undefined)
  })
})
