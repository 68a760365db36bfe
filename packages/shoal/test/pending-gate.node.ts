import type { MultiaddrConnection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { pendingGate } from '../src/node/pending-gate.js'
import type { Refused } from '../src/refusals.js'

const PEER = peerIdFromString('12D3KooWJYbRXoi9WTLWeEuzS9ZqQMzRFnxZcbRhKLPvZqaHWMrQ')

function from (addr: string): MultiaddrConnection {
  return Object.assign(new EventTarget(), { remoteAddr: multiaddr(addr) }) as unknown as MultiaddrConnection
}

const ignore: Refused = () => {}

describe('pending gate', () => {
  it('lets in as many of one address as may be pending, and others all the same', () => {
    const refused: string[] = []
    const gate = pendingGate(2, (reason, addr) => { refused.push(`${reason} ${addr.toString()}`) })
    const answers = ['/ip4/1.1.1.1/tcp/1', '/ip4/1.1.1.1/tcp/2', '/ip4/1.1.1.1/tcp/3', '/ip4/2.2.2.2/tcp/1', '/ip6/2001:db8::1/tcp/1']
    expect(answers.map(addr => gate.denyInboundConnection(from(addr)))).to.deep.equal([false, false, true, false, false])
    expect(refused).to.deep.equal(['silent /ip4/1.1.1.1/tcp/3'])
  })

  it('takes a /64 of IPv6 for one, and IPv4 told as IPv6 for what it is', () => {
    const gate = pendingGate(1, ignore)
    const addrs = ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', '2001:db8:1:3::1', '::ffff:1.1.1.1', '::ffff:2.2.2.2', '::ffff:1.1.1.1']
    expect(addrs.map(addr => gate.denyInboundConnection(from(`/ip6/${addr}/tcp/1`)))).to.deep.equal([false, true, false, false, false, true])
    expect(gate.denyInboundConnection(from('/ip4/2.2.2.2/tcp/1'))).to.equal(true)
  })

  it('frees a place with the handshake, and when the connection closes', () => {
    const gate = pendingGate(1, ignore)
    const [done, closed] = [from('/ip4/1.1.1.1/tcp/1'), from('/ip4/1.1.1.1/tcp/2')]
    expect(gate.denyInboundConnection(done)).to.equal(false)
    expect(gate.denyInboundEncryptedConnection(PEER, done)).to.equal(false)
    expect(gate.denyInboundConnection(closed)).to.equal(false)
    expect(gate.denyInboundConnection(from('/ip4/1.1.1.1/tcp/3'))).to.equal(true)
    closed.dispatchEvent(new Event('close'))
    // the first one's end comes after its handshake, and frees nothing again
    done.dispatchEvent(new Event('close'))
    expect(gate.denyInboundConnection(from('/ip4/1.1.1.1/tcp/4'))).to.equal(false)
    expect(gate.denyInboundConnection(from('/ip4/1.1.1.1/tcp/5'))).to.equal(true)
  })

  it('does not count what comes through a relay', () => {
    const gate = pendingGate(0, ignore)
    expect(gate.denyInboundConnection(from(`/ip4/1.1.1.1/tcp/1/p2p/${PEER.toString()}/p2p-circuit`))).to.equal(false)
  })
})
