import { expect } from 'chai'
import { hostOf, ipv6Groups } from '../src/index.js'

describe('hosts of addresses', () => {
  it('is the whole IPv4 address, and what a network is given of an IPv6 address', () => {
    expect(hostOf('/ip4/203.0.113.7/tcp/4001')).to.equal('203.0.113.7')
    for (const mapped of ['::ffff:203.0.113.7', '::ffff:cb00:7107']) expect(hostOf(`/ip6/${mapped}/tcp/4001`)).to.equal('203.0.113.7')
    expect(hostOf('/ip6/2001:db8:0:1::7/udp/4001/webrtc-direct')).to.equal('2001:db8:0:1::/64')
    expect(hostOf('/ip6/2001:db8:0:1:f::8/tcp/4001')).to.equal('2001:db8:0:1::/64')
    expect(hostOf('/ip6/fe80::7/tcp/4001')).to.equal('fe80:0:0:0:0:0:0:7')
  })

  it('says nothing of what comes through a relay, of names and of no network at all', () => {
    for (const addr of ['/ip4/203.0.113.7/tcp/4001/p2p/12D3/p2p-circuit', '/dns4/example.com/tcp/443', '/memory/a', '/webrtc', '']) {
      expect(hostOf(addr), addr).to.equal(undefined)
    }
  })

  it('has eight groups for every IPv6 address', () => {
    const groups = (ip: string): string => ipv6Groups(ip).join(' ')
    expect(groups('::')).to.equal('0 0 0 0 0 0 0 0')
    expect(groups('::1')).to.equal('0 0 0 0 0 0 0 1')
    expect(groups('2001:db8::7')).to.equal('2001 db8 0 0 0 0 0 7')
    expect(groups('1:2:3:4:5:6:7:8')).to.equal('1 2 3 4 5 6 7 8')
  })
})
