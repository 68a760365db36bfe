import { expect } from 'chai'
import { multiaddr } from '@multiformats/multiaddr'
import { addressBook, hintAddrs, rankAddrs } from '../src/addresses.js'
import { linkOf } from '../src/own-link.js'
import type { Network } from '../src/platform.js'

const PEER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const RELAY = '12D3KooWJbJFaZ1fwpD5jHKyzqSD7Vx6Pzt9z8dUZ6XrRpyNjn8E'
const CERT = 'uEiDml04fhbQaRCL0bRS6GQo1Nkr8tRnkXI5F4PSV7mzzZA'

/** A network that is connected to these and knows these addresses of every peer. */
function network (connections: readonly [peer: string, addr: string][], known: readonly string[] = []): Network {
  return {
    getMultiaddrs: () => [],
    getConnections: () => connections.map(([remotePeer, addr]) => ({ remotePeer, remoteAddr: multiaddr(addr) })),
    peerStore: { get: () => Promise.resolve({ addresses: known.map(addr => ({ multiaddr: multiaddr(addr) })) }) }
  } as unknown as Network
}

describe('addresses of a node', () => {
  it('names tcp and ws of the local network before anything of the loopback', () => {
    const own = ['/ip4/127.0.0.1/tcp/1', '/ip4/192.168.1.2/tcp/1', '/ip4/127.0.0.1/tcp/2/ws', '/ip4/192.168.1.2/tcp/2/ws']
    expect(rankAddrs(own).slice(0, 3)).to.deep.equal(['/ip4/192.168.1.2/tcp/1', '/ip4/192.168.1.2/tcp/2/ws', '/ip4/127.0.0.1/tcp/1'])
  })

  it('keeps one for Node.js and one for browsers among the first three, whatever there is', () => {
    const many = ['/ip4/8.8.8.8/tcp/1', '/ip4/8.8.4.4/tcp/1', '/ip4/1.1.1.1/tcp/1', '/ip4/127.0.0.1/tcp/2/ws']
    expect(rankAddrs(many).slice(0, 2)).to.deep.equal(['/ip4/8.8.8.8/tcp/1', '/ip4/127.0.0.1/tcp/2/ws'])
    const secure = ['/dns4/a.example.com/tcp/443/tls/ws', `/ip4/8.8.8.8/udp/1/webrtc-direct/certhash/${CERT}`, '/ip4/10.0.0.1/tcp/1', '/ip4/8.8.8.8/tcp/2/ws']
    expect(rankAddrs(secure).slice(0, 3)).to.deep.equal([secure[0], secure[2], secure[1]])
  })

  it('names relayed WebRTC, and a bare circuit last of all', () => {
    const circuit = `/ip4/8.8.8.8/tcp/1/ws/p2p/${RELAY}/p2p-circuit`
    expect(rankAddrs([`${circuit}/p2p/${PEER}`, `${circuit}/webrtc/p2p/${PEER}`, `/ip4/127.0.0.1/tcp/1/p2p/${PEER}`])).to.deep.equal([
      `${circuit}/webrtc/p2p/${PEER}`, `/ip4/127.0.0.1/tcp/1/p2p/${PEER}`, `${circuit}/p2p/${PEER}`
    ])
  })

  it('loses and repeats none', () => {
    const all = ['/ip4/127.0.0.1/tcp/1', '/ip4/127.0.0.1/tcp/2', '/ip4/8.8.8.8/udp/1/quic-v1', '/ip4/127.0.0.1/tcp/2/ws']
    expect(rankAddrs(all).toSorted()).to.deep.equal(all.toSorted())
    expect(rankAddrs([])).to.deep.equal([])
  })

  it('puts what lasts into links', () => {
    const manifest = 'bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
    const direct = `/ip4/8.8.8.8/udp/1/webrtc-direct/certhash/${CERT}/p2p/${PEER}`
    const link = decodeURIComponent(linkOf(manifest, hintAddrs([direct, `/ip4/127.0.0.1/tcp/1/p2p/${PEER}`, `/ip4/8.8.8.8/tcp/1/p2p/${PEER}`])))
    expect(link.indexOf('/ip4/8.8.8.8/tcp/1/')).to.be.within(0, link.indexOf('/ip4/127.0.0.1/tcp/1/'))
    expect(link.indexOf('/webrtc-direct/')).to.be.above(link.indexOf('/ip4/127.0.0.1/tcp/1/'))
  })
})

describe('addresses of others', () => {
  const [loopback, lan, everywhere] = ['/ip4/127.0.0.1/tcp/22', '/ip4/10.0.0.1/tcp/6379', '/ip4/8.8.8.8/tcp/1']
  const all = [loopback, lan, everywhere]

  it('believes what a teller says of its own surroundings', () => {
    const { heard } = addressBook(network([]), 'node')
    expect(heard(all, '/ip4/9.9.9.9/tcp/5')).to.deep.equal([everywhere])
    expect(heard(all, '/ip4/127.0.0.1/tcp/5')).to.deep.equal([loopback, everywhere])
    expect(heard(all, '/ip4/10.0.0.7/tcp/5')).to.deep.equal([lan, everywhere])
  })

  it('believes what nobody in particular says where the node has connections itself', () => {
    expect(addressBook(network([[PEER, '/ip4/9.9.9.9/tcp/5']]), 'node').heard(all, undefined)).to.deep.equal([everywhere])
    expect(addressBook(network([[PEER, '/ip4/127.0.0.1/tcp/5']]), 'node').heard(all, undefined)).to.deep.equal([loopback, everywhere])
  })

  it('believes circuits through a relay that it is connected to', () => {
    const circuit = `/ip4/10.0.0.1/tcp/1/ws/p2p/${RELAY}/p2p-circuit/webrtc/p2p/${PEER}`
    expect(addressBook(network([]), 'node').heard([circuit], '/ip4/9.9.9.9/tcp/5')).to.deep.equal([])
    expect(addressBook(network([[RELAY, '/ip4/9.9.9.9/tcp/5']]), 'node').heard([circuit], '/ip4/9.9.9.9/tcp/5')).to.deep.equal([circuit])
  })

  it('tells private addresses only to those who are reached over such', async () => {
    const { of } = addressBook(network([], all), 'node')
    expect(await of(PEER, '/ip4/9.9.9.9/tcp/5')).to.deep.equal([`${everywhere}/p2p/${PEER}`])
    expect(await of(PEER, '/ip4/10.0.0.7/tcp/5')).to.deep.equal([lan, everywhere].map(addr => `${addr}/p2p/${PEER}`))
  })
})
