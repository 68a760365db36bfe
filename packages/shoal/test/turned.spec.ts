import { ManualClock } from '@shoal/base'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { LOOK_AT_ICE_MS } from '../src/defaults.js'
import { Turned, type IceWay } from '../src/turned.js'

const ADDR = '/webrtc/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'

type Selected = NonNullable<ReturnType<NonNullable<NonNullable<IceWay['sctp']>['transport']['iceTransport']['getSelectedCandidatePair']>>>

function wayOf (pair: () => Selected | null): IceWay {
  return { sctp: { transport: { iceTransport: { getSelectedCandidatePair: pair } } } }
}

describe('connections through TURN', () => {
  const clock = new ManualClock()
  const connection = (): { remoteAddr: ReturnType<typeof multiaddr> } => ({ remoteAddr: multiaddr(ADDR) })

  it('are those of which either end is a relayed address', () => {
    const table: [local: string, remote: string, turned: boolean][] = [
      ['host', 'srflx', false], ['relay', 'prflx', true], ['host', 'relay', true], ['relay', 'relay', true]
    ]
    for (const [local, remote, turned] of table) {
      const [known, one] = [new Turned(clock), connection()]
      known.noted(one, wayOf(() => ({ local: { type: local }, remote: { type: remote } })))
      expect(known.has(one), `${local} and ${remote}`).to.equal(turned)
      // of the same peer, with the same address
      expect(known.has(connection())).to.equal(false)
    }
  })

  it('are known by the address, too, where packets came before it was told', () => {
    const relay = { type: 'relay', address: '192.0.2.1', port: 5000 }
    for (const [port, turned] of [[5000, true], [5001, false]] as const) {
      const [known, one] = [new Turned(clock), connection()]
      const iceTransport = {
        getSelectedCandidatePair: () => ({ local: { type: 'host' }, remote: { type: 'prflx', address: '192.0.2.1', port } }),
        getRemoteCandidates: () => [{ type: 'host', address: '192.0.2.1', port: 5001 }, relay]
      }
      known.noted(one, { sctp: { transport: { iceTransport } } })
      expect(known.has(one)).to.equal(turned)
    }
  })

  it('are looked at again after a while, and not with every block', () => {
    const [known, one] = [new Turned(clock), connection()]
    let looks = 0
    let type = 'relay'
    known.noted(one, wayOf(() => {
      looks++
      return { local: { type }, remote: { type: 'host' } }
    }))
    expect([known.has(one), known.has(one), looks]).to.deep.equal([true, true, 1])
    type = 'host'
    clock.advance(LOOK_AT_ICE_MS)
    expect([known.has(one), looks]).to.deep.equal([false, 2])
  })

  it('stay what they were when ICE says nothing more', () => {
    const [known, one] = [new Turned(clock), connection()]
    const says: (() => Selected | null)[] = [
      () => ({ local: { type: 'relay' }, remote: { type: 'host' } }), () => null, () => { throw new Error('it is closed') }
    ]
    known.noted(one, wayOf(() => says.shift()?.() ?? null))
    for (let i = 0; i < 4; i++) {
      expect(known.has(one)).to.equal(true)
      clock.advance(LOOK_AT_ICE_MS)
    }
    expect(says).to.deep.equal([])
  })

  it('are none where nothing is known', () => {
    const known = new Turned(clock)
    for (const way of [undefined, {}, { sctp: null }, { sctp: { transport: { iceTransport: {} } } }]) {
      const one = connection()
      known.noted(one, way)
      expect(known.has(one)).to.equal(false)
    }
  })
})
