import { multiaddr } from '@multiformats/multiaddr'
import { ManualClock } from '@shoal/base'
import type { ConnectionsRefusedDetail } from '@shoal/interface'
import { expect } from 'chai'
import { prefixOf } from '../src/prefix.js'
import { Refusals } from '../src/refusals.js'

const HERE = multiaddr('/ip4/192.0.2.7/tcp/1')
const THERE = multiaddr('/ip4/198.51.100.7/tcp/1')

describe('refused connections', () => {
  function setUp (): { clock: ManualClock, told: ConnectionsRefusedDetail[], refusals: Refusals } {
    const clock = new ManualClock()
    const told: ConnectionsRefusedDetail[] = []
    return { clock, told, refusals: new Refusals(clock, detail => { told.push(detail) }) }
  }

  it('are told at once, then once in ten seconds with how many there were and where most came from', () => {
    const { clock, told, refusals } = setUp()
    refusals.refused('silent', HERE)
    expect(told).to.deep.equal([{ reason: 'silent', count: 1, from: '192.0.2.0/24' }])
    for (const addr of [HERE, THERE, THERE]) refusals.refused('silent', addr)
    clock.advance(9_999)
    expect(told).to.have.length(1)
    clock.advance(1)
    expect(told[1]).to.deep.equal({ reason: 'silent', count: 3, from: '198.51.100.0/24' })
    clock.advance(10_000)
    expect(told, 'there was none').to.have.length(2)
    refusals.refused('silent', HERE)
    expect(told[2]).to.deep.equal({ reason: 'silent', count: 1, from: '192.0.2.0/24' })
  })

  it('are told apart by reason', () => {
    const { told, refusals } = setUp()
    for (const reason of ['silent', 'full', 'full', 'banned'] as const) refusals.refused(reason, HERE)
    expect(told.map(({ reason }) => reason)).to.deep.equal(['silent', 'full', 'banned'])
  })

  it('are all counted, and told as seldom, from however many networks they come', () => {
    const { clock, told, refusals } = setUp()
    for (let i = 0; i < 100_000; i++) {
      refusals.refused('crowded', multiaddr(`/ip4/10.${i >> 8 & 255}.${i & 255}.1/tcp/1`))
      if (i % 1_000 === 0) clock.advance(1_000)
    }
    clock.advance(10_000)
    expect(told.reduce((sum, { count }) => sum + count, 0)).to.equal(100_000)
    expect(told).to.have.length.at.most(1 + 110_000 / 10_000)
  })

  it('are not told any more once it is stopped', () => {
    const { clock, told, refusals } = setUp()
    for (let i = 0; i < 2; i++) refusals.refused('full', HERE)
    refusals.stop()
    clock.advance(60_000)
    expect(told).to.have.length(1)
  })

  it('come from a network, not from an address', () => {
    const table = {
      '/ip4/203.0.113.200/tcp/1/ws': '203.0.113.0/24',
      '/ip6/2001:db8:1:2:3:4:5:6/tcp/1': '2001:db8:1::/48',
      '/ip6/2001:db8::1/udp/1/webrtc-direct': '2001:db8:0::/48',
      '/ip6/::1/tcp/1': '0:0:0::/48',
      '/ip6/::ffff:203.0.113.200/tcp/1': '203.0.113.0/24',
      '/ip4/203.0.113.200/tcp/1/p2p/12D3KooWJYbRXoi9WTLWeEuzS9ZqQMzRFnxZcbRhKLPvZqaHWMrQ/p2p-circuit': 'relay',
      '/dns4/example.com/tcp/1': 'unknown'
    }
    expect(Object.fromEntries(Object.keys(table).map(addr => [addr, prefixOf(multiaddr(addr))]))).to.deep.equal(table)
  })
})
