import type { Connection, MultiaddrConnection, PeerId, Stream } from '@libp2p/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { ManualClock } from '@shoal/base'
import type { Shoal } from '@shoal/interface'
import { expect } from 'chai'
import { bridgeOf } from '../src/bridge.js'
import { TWIN_MS } from '../src/defaults.js'
import { oneOfTwins } from '../src/twins.js'
import { surroundings, until } from './nodes.js'

const RELAYED = '/ip4/1.1.1.1/tcp/1/p2p/12D3KooWJYbRXoi9WTLWeEuzS9ZqQMzRFnxZcbRhKLPvZqaHWMrQ/p2p-circuit'
const WEBRTC = `${RELAYED}/webrtc`

type Direction = Connection['direction']

type Gater = Record<'denyInboundUpgradedConnection' | 'denyOutboundUpgradedConnection', (peer: PeerId, addr: MultiaddrConnection) => boolean>

/** One end. The names are peer ids: `a` is the lower. */
class End {
  readonly open: Connection[] = []
  readonly aborted: Connection[] = []
  readonly #gater: Gater
  readonly #other: PeerId
  readonly #clock: ManualClock

  constructor (self: string, other: string, clock: ManualClock) {
    const gater = {} as unknown as Gater
    const peerId = { toString: () => self } as PeerId
    oneOfTwins(clock)({ peerId, connectionGater: gater as object, connectionManager: { getConnections: () => this.open } })
    this.#gater = gater
    this.#other = { toString: () => other } as PeerId
    this.#clock = clock
  }

  /** A connection is upgraded: whether it is let in. */
  comes (direction: Direction, addr = WEBRTC): boolean {
    const remoteAddr: Multiaddr = multiaddr(addr)
    const method = direction === 'inbound' ? 'denyInboundUpgradedConnection' : 'denyOutboundUpgradedConnection'
    if (this.#gater[method](this.#other, { remoteAddr } as MultiaddrConnection)) return false
    const connection: Connection = {
      direction, remoteAddr, status: 'open', streams: [] as Stream[], timeline: { open: this.#clock.wall() },
      abort: () => {
        this.aborted.push(connection)
        this.open.splice(this.open.indexOf(connection), 1)
      }
    } as unknown as Connection
    this.open.push(connection)
    return true
  }

  get directions (): Direction[] {
    return this.open.map(({ direction }) => direction)
  }
}

describe('connections of two peers that dial each other at once', () => {
  let clock: ManualClock
  const end = (self: string, other: string): End => new End(self, other, clock)
  beforeEach(() => { clock = new ManualClock(1e12) })

  it('come down to one, in whatever order each end sees them', () => {
    for (const atLower of [['outbound', 'inbound'], ['inbound', 'outbound']] as const) {
      for (const atHigher of [['outbound', 'inbound'], ['inbound', 'outbound']] as const) {
        const [lower, higher] = [end('a', 'b'), end('b', 'a')]
        const inLower = Object.fromEntries(atLower.map(direction => [direction, lower.comes(direction)])) as Record<Direction, boolean>
        const inHigher = Object.fromEntries(atHigher.map(direction => [direction, higher.comes(direction)])) as Record<Direction, boolean>
        const aborted = lower.aborted.length > 0
        // what one end turned away, or ended, is gone at the other
        const lowers = inLower.outbound && inHigher.inbound
        const highers = inHigher.outbound && inLower.inbound && !aborted
        expect([lowers, highers], `${atLower[0]} first at the lower, ${atHigher[0]} at the higher`).to.deep.equal([true, false])
      }
    }
  })

  it('stay as they are while one is in use at both ends', () => {
    const lower = end('a', 'b')
    expect(lower.comes('inbound')).to.equal(true)
    lower.open[0]?.streams.push({ direction: 'inbound' } as Stream)
    expect(lower.comes('outbound'), 'the winner is given up').to.equal(false)
    expect(lower.directions).to.deep.equal(['inbound'])
    expect(lower.aborted).to.have.length(0)
  })

  it('are no twins when one is old, goes another way or through a relay', () => {
    for (const addr of ['/ip4/1.1.1.1/tcp/2', RELAYED]) {
      const lower = end('a', 'b')
      lower.comes('outbound')
      expect(lower.comes('inbound', addr)).to.equal(true)
    }
    const [lower, higher] = [end('a', 'b'), end('b', 'a')]
    lower.comes('outbound')
    higher.comes('inbound')
    clock.advance(TWIN_MS)
    // the other end has forgotten it, and is back
    expect(lower.comes('inbound')).to.equal(true)
    expect(higher.comes('outbound')).to.equal(true)
  })
})

describe('two nodes that dial each other at once', function () {
  this.timeout(60_000)
  const { node } = surroundings()

  it('have one connection then, the same at both ends, and fetch over it', async () => {
    const { addrs: bootstrap } = await node({ server: true })
    for (let round = 0; round < 2; round++) {
      const listen = ['/p2p-circuit', '/webrtc']
      const [a, b] = [await node({ listen, bootstrap }), await node({ listen, bootstrap })]
      const [one, other] = [bridgeOf(a).network, bridgeOf(b).network]
      const ways = ({ addrs }: Shoal): Multiaddr[] => addrs.filter(addr => addr.includes('/webrtc/')).map(addr => multiaddr(addr))
      await until(() => ways(a).length > 0 && ways(b).length > 0, 'both have a relay')
      const dials = await Promise.allSettled([one.dial(ways(b)), other.dial(ways(a))])
      expect(dials.some(({ status }) => status === 'fulfilled')).to.equal(true)
      const open = (): Connection[] => [one, other].flatMap(network => network.getConnections())
      const both = (): string => open().filter(({ remoteAddr }) => remoteAddr.toString().includes('/webrtc'))
        .map(({ direction }) => direction).toSorted().join()
      await until(() => both() === 'inbound,outbound', 'the same connection at both ends, and no other')
      const { link } = await a.publishBytes(new Map([['a', new Uint8Array(100_000)]]), { name: 'a' })
      await (await b.open(link, { mode: 'p2p' })).fetchAll()
      expect(both()).to.equal('inbound,outbound')
    }
  })
})
