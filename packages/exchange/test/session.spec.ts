import { ManualClock } from '@shoal/base'
import { MAX_BLOCK_BYTES } from '@shoal/wire'
import type { HaveDelta } from '@shoal/interface'
import { expect } from 'chai'
import { OTHER_SWARM, SWARM } from './harness.js'
import { joinedPair, pair } from './memory.js'

describe('exchange: sessions', () => {
  it('open on both sides of a connection, and say what they are', async () => {
    const { ends: [a, b] } = await pair()
    const { session: ofA } = await a.recorder.first('open')
    const { session: ofB } = await b.recorder.first('open')
    expect([ofA.direction, ofB.direction]).to.deep.equal(['outbound', 'inbound'])
    expect(ofA.transport).to.equal('memory')
    expect(ofA.limited).to.equal(false)
    expect([...a.exchange.sessions]).to.deep.equal([ofA])
    expect(await a.exchange.connect(ofA.peer, [])).to.equal(ofA)
  })

  it('say that a connection is limited', async () => {
    const { ends: [a] } = await pair({ limited: true })
    expect((await a.recorder.first('open')).session.limited).to.equal(true)
  })

  it('say that WebRTC goes through a TURN server, as long as it does, and what else they go by', async () => {
    let through = true
    const turned = (): boolean => through
    const { ends: [a] } = await pair({ addr: '/webrtc', turned })
    const { session } = await a.recorder.first('open')
    expect(session.transport).to.equal('turn')
    through = false
    expect(session.transport).to.equal('webrtc')
    through = true
    const { ends: [other] } = await pair({ addr: '/ip4/127.0.0.1/tcp/1', turned })
    expect((await other.recorder.first('open')).session.transport).to.equal('tcp')
  })

  it('carry what is said about swarms, large have-maps and heads in many frames', async () => {
    const { ends: [a, b] } = await pair({ addr: '/ip4/127.0.0.1/udp/1/webrtc-direct' })
    const { session: ofA } = await a.recorder.first('open')
    const have: HaveDelta = {
      complete: Array.from({ length: 5000 }, (_, i) => ({ start: 3 * i, count: 1 })),
      partial: [{ segment: 1, first: 8, bits: new Uint8Array(5000).fill(0x55) }]
    }
    const head = new Uint8Array(40_000).map((_, i) => i)
    ofA.join(SWARM, { token: 'tökén', have, head })
    await b.recorder.first('join')
    ofA.have(SWARM, { complete: [], partial: [], dropped: [{ start: 1, count: 2 }] })
    ofA.fetching(SWARM, 7)
    ofA.choke(SWARM)
    ofA.unchoke(SWARM)
    ofA.purge(SWARM, Uint8Array.of(1, 2))
    ofA.purge(OTHER_SWARM, Uint8Array.of(3))
    ofA.pex(SWARM, [{ peer: ofA.peer, addrs: ['/ip4/192.0.2.1/tcp/1'] }])
    ofA.leave(SWARM)
    await b.recorder.first('leave')
    const types = b.recorder.events.map(event => event.type)
    expect(types).to.deep.equal(['open', 'join', 'head', 'have', 'fetching', 'choke', 'unchoke', 'purge', 'purge', 'pex', 'leave'])
    const join = b.recorder.of('join')[0]
    expect(join?.token).to.equal('tökén')
    expect(join?.have.complete).to.deep.equal(have.complete)
    const parts = join?.have.partial.map(part => [part.first, part.bits.byteLength])
    expect(parts).to.deep.equal([[8, 2048], [8 + 8 * 2048, 2048], [8 + 8 * 4096, 904]])
    expect(b.recorder.of('head')[0]?.head).to.deep.equal(head)
    expect(b.recorder.of('have')[0]?.delta.dropped).to.deep.equal([{ start: 1, count: 2 }])
    expect(b.recorder.of('purge').map(({ swarm, purge }) => [swarm, [...purge]])).to.deep.equal([[SWARM, [1, 2]], [OTHER_SWARM, [3]]])
    expect(b.recorder.of('pex')[0]?.peers).to.deep.equal([{ peer: ofA.peer, addrs: ['/ip4/192.0.2.1/tcp/1'] }])
  })

  it('say goodbye with the reason', async () => {
    const { a, b, ofA } = await joinedPair()
    await ofA.close('enough')
    expect(a.recorder.of('closed')[0]?.reason).to.equal('enough')
    const { reason, goodbye } = await b.recorder.first('closed')
    expect(reason).to.contain('enough')
    expect([a.recorder.of('closed')[0]?.goodbye, goodbye]).to.deep.equal([false, true])
    expect([...a.exchange.sessions]).to.deep.equal([])
  })

  it('notice a stall by missing progress, tell it again with pauses, and forget it when bytes come', async () => {
    const clock = new ManualClock()
    const { a, b, ofA } = await joinedPair({ clock })
    const refs = await b.serve.fill(0, 1, 1000)
    const gate = Promise.withResolvers<void>()
    b.serve.gate = gate.promise
    ofA.request(SWARM, 0, [0], refs)
    clock.advance(1999)
    expect(a.recorder.of('stalled')).to.deep.equal([])
    clock.advance(1)
    expect(a.recorder.of('stalled').map(event => event.ms)).to.deep.equal([2000])
    clock.advance(2000)
    clock.advance(3999)
    expect(a.recorder.of('stalled').map(event => event.ms)).to.deep.equal([2000, 4000])
    gate.resolve()
    await a.recorder.first('block')
    clock.advance(5000)
    expect(a.recorder.of('stalled')).to.have.length(2)
  })

  it('measure the round trip, and ping when nothing was heard for a minute', async () => {
    const clock = new ManualClock()
    const { ofA } = await joinedPair({ clock })
    expect(ofA.stats.rtt).to.equal(0)
    clock.advance(60_000)
    clock.advance(10)
    expect(ofA.closed).to.equal(false)
  })

  it('start with the least window and grow it to what the link delivers', async () => {
    const { a, b, ofA } = await joinedPair()
    expect(ofA.stats.window).to.equal(2 * MAX_BLOCK_BYTES)
    const refs = await b.serve.fill(0, 20, MAX_BLOCK_BYTES)
    ofA.request(SWARM, 0, refs.map((_, i) => i), refs)
    await a.recorder.first('block', event => event.place.block === 19)
    expect(ofA.stats.rate).to.be.above(0)
    expect(ofA.stats.window).to.be.above(2 * MAX_BLOCK_BYTES)
  }).timeout(10_000)
})
