import { expect } from 'chai'
import fc from 'fast-check'
import { hearsayAddrs, scopeOf, scopeOfPeer, type Scope } from '../src/scope.js'

const PEER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const RELAY = '12D3KooWJbJFaZ1fwpD5jHKyzqSD7Vx6Pzt9z8dUZ6XrRpyNjn8E'
const none: ReadonlySet<never> = new Set<never>()

const CASES: [string, Scope | undefined][] = [
  ['/ip4/127.0.0.1/tcp/1', 'loopback'],
  ['/ip4/127.9.9.9/tcp/1/ws', 'loopback'],
  ['/ip6/::1/tcp/1', 'loopback'],
  ['/ip6/0:0:0:0:0:0:0:1/tcp/1', 'loopback'],
  ['/ip6/::ffff:127.0.0.1/tcp/1', 'loopback'],
  ['/dns4/localhost/tcp/1', 'loopback'],
  ['/dns/a.localhost/tcp/1', 'loopback'],
  ['/ip4/169.254.169.254/tcp/80', 'link-local'],
  ['/ip6/fe80::1/tcp/1', 'link-local'],
  ['/ip6/::ffff:169.254.1.1/tcp/1', 'link-local'],
  ['/ip4/10.0.0.1/tcp/1', 'private'],
  ['/ip4/172.16.0.1/tcp/1', 'private'],
  ['/ip4/192.168.1.1/tcp/1', 'private'],
  ['/ip4/100.64.0.1/tcp/1', 'private'],
  ['/ip6/fd00::1/tcp/1', 'private'],
  ['/ip6/::ffff:10.0.0.1/tcp/1', 'private'],
  ['/dns4/printer.local/tcp/1', 'private'],
  ['/dns4/router/tcp/1', 'private'],
  ['/ip4/8.8.8.8/tcp/1', 'public'],
  ['/ip6/2a00:1450:4001:82a::200e/tcp/1', 'public'],
  ['/dns4/node.example.com/tcp/443/wss', 'public'],
  [`/ip4/10.0.0.1/tcp/1/p2p/${RELAY}/p2p-circuit/webrtc/p2p/${PEER}`, 'private'],
  [`/p2p/${PEER}`, undefined],
  ['nonsense', undefined]
]

describe('scope of addresses', () => {
  for (const [addr, scope] of CASES) {
    it(`${addr} is ${scope ?? 'nothing to dial'}`, () => { expect(scopeOf(addr)).to.equal(scope) })
  }

  it('does not take a relay for the peer behind it', () => {
    expect(scopeOfPeer('/ip4/127.0.0.1/tcp/1')).to.equal('loopback')
    expect(scopeOfPeer(`/ip4/127.0.0.1/tcp/1/ws/p2p/${RELAY}/p2p-circuit/webrtc/p2p/${PEER}`)).to.equal('public')
    expect(scopeOfPeer(`/ip4/10.0.0.1/tcp/1/p2p/${RELAY}/p2p-circuit`)).to.equal('public')
    expect(scopeOfPeer(`/webrtc/p2p/${PEER}`)).to.equal('public')
    expect(scopeOfPeer('/ip4/127.0.0.1/udp/1/webrtc-direct')).to.equal('loopback')
  })

  it('takes from a teller what lies where it is itself, and what is public', () => {
    const addrs = ['/ip4/127.0.0.1/tcp/22', '/ip4/169.254.169.254/tcp/80', '/ip4/10.0.0.1/tcp/6379', '/ip4/8.8.8.8/tcp/1']
    expect(hearsayAddrs(addrs, { scopes: new Set(['public']), relays: none })).to.deep.equal(addrs.slice(3))
    expect(hearsayAddrs(addrs, { scopes: new Set(['loopback']), relays: none })).to.deep.equal([addrs[0], addrs[3]])
    expect(hearsayAddrs(addrs, { scopes: new Set(['private']), relays: none })).to.deep.equal([addrs[2], addrs[3]])
  })

  it('takes what is behind a relay that the node is connected to', () => {
    const addr = `/ip4/10.0.0.1/tcp/1/p2p/${RELAY}/p2p-circuit/webrtc/p2p/${PEER}`
    expect(hearsayAddrs([addr], { scopes: none, relays: none })).to.deep.equal([])
    expect(hearsayAddrs([addr], { scopes: none, relays: new Set([RELAY]) })).to.deep.equal([addr])
    expect(hearsayAddrs([`/ip4/10.0.0.1/tcp/1/p2p/${RELAY}`], { scopes: none, relays: new Set([RELAY]) })).to.deep.equal([])
  })

  it('throws on nothing', () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.string().map(text => `/${text}`))), addrs => {
      hearsayAddrs(addrs, { scopes: none, relays: none })
      for (const addr of addrs) scopeOfPeer(addr)
    }))
  })
})
