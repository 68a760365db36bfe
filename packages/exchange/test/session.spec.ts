import { ManualClock } from '@shoal/base'
import { encodeDataHeader, encodeMessage, MAX_BLOCK_BYTES, MAX_FRAME_BYTES, MAX_QUEUED_BLOCKS, MIN_CREDIT_BYTES, type Hello } from '@shoal/wire'
import { hashBlock } from '@shoal/content'
import type { BlockRef, HaveDelta, RefuseReason } from '@shoal/interface'
import type { Stream } from '@libp2p/interface'
import { expect } from 'chai'
import { EMPTY, OTHER_SWARM, SWARM, type End } from './harness.js'
import { hostile, joinedPair, pair, type MemoryConnection } from './memory.js'

const HELLO: Hello = { type: 'hello', version: 1, minVersion: 1, frameCap: MAX_FRAME_BYTES, credit: MIN_CREDIT_BYTES, features: 0 }

function deferred (): PromiseWithResolvers<void> {
  return Promise.withResolvers<void>()
}

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

  it('tell a join that was refused, and let it be tried again', async () => {
    const { ends: [a, b] } = await pair()
    const { session } = await a.recorder.first('open')
    b.serve.refuseJoin = 'unauthorised'
    session.join(SWARM, { have: EMPTY })
    expect((await a.recorder.first('join-refused')).reason).to.equal('unauthorised')
    b.serve.refuseJoin = undefined
    session.join(SWARM, { have: EMPTY })
    await b.recorder.first('join')
  })

  it('refuse the JOIN of who stays when the other leaves, so that either may begin anew', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    ofA.leave(SWARM)
    await b.recorder.first('leave')
    expect((await b.recorder.first('join-refused')).reason).to.equal('not-found')
    ofA.join(SWARM, { have: EMPTY })
    ofB.join(SWARM, { have: EMPTY })
    while (a.recorder.of('join').length + b.recorder.of('join').length < 4) await new Promise(resolve => setTimeout(resolve, 5))
    expect([...a.recorder.of('penalty'), ...b.recorder.of('penalty'), ...a.recorder.of('join-refused')]).to.deep.equal([])
  })

  it('answer all the same when a peer asks, leaves and comes back before it was let in', async () => {
    const { ends: [a, b] } = await pair()
    const { session: ofA } = await a.recorder.first('open')
    const gate = deferred()
    let asked = 0
    b.serve.admit = async () => {
      asked++
      await gate.promise
      return undefined
    }
    ofA.join(SWARM, { have: EMPTY })
    ofA.request(SWARM, 0, [0], [{ digest: new Uint8Array(32), size: 1 }])
    ofA.leave(SWARM)
    expect((await a.recorder.first('refused')).reason).to.equal('not-joined')
    ofA.join(SWARM, { have: { complete: [{ start: 1, count: 1 }], partial: [] } })
    while (asked < 2) await new Promise(resolve => setTimeout(resolve, 5))
    gate.resolve()
    expect((await b.recorder.first('join')).have.complete).to.have.length(1)
    expect(b.recorder.of('join')).to.have.length(1)
    expect(b.recorder.of('penalty')).to.deep.equal([])
  })

  it('deliver verified blocks', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    const refs = await b.serve.fill(3, 3, 100_000)
    ofA.request(SWARM, 3, [0, 1, 2], refs)
    ofA.request(SWARM, 3, [1], refs.slice(1, 2))
    expect(ofA.stats.outstanding).to.equal(300_000)
    for (const block of [0, 1, 2]) {
      const event = await a.recorder.first('block', event => event.place.block === block)
      expect(event.block.bytes).to.deep.equal(b.serve.blocks.get(`3/${block}`)?.bytes)
      expect(event.ms).to.be.at.least(0)
    }
    expect(a.recorder.of('block')).to.have.length(3)
    expect(ofA.stats).to.include({ outstanding: 0, received: 300_000, wasted: 0 })
    // a sender is done with a block when the stream has taken it, which may be after it has arrived
    await b.recorder.first('demand', event => event.queued === 0)
    expect(ofB.stats.sent).to.equal(300_000)
    expect(b.recorder.of('sent').reduce((sum, event) => sum + event.bytes, 0)).to.equal(300_000)
    expect(b.recorder.of('demand').at(-1)?.queued).to.equal(0)
  })

  it('ask the upload scheduler once for every frame, waiting or not', async () => {
    const { a, b, ofA } = await joinedPair()
    const refs = await b.serve.fill(0, 8, MAX_BLOCK_BYTES)
    let asked = 0
    b.serve.turn = () => ++asked % 3 === 0 ? new Promise(resolve => { setTimeout(resolve, 1) }) : undefined
    ofA.request(SWARM, 0, refs.map((_, i) => i), refs)
    await a.recorder.first('block', event => event.place.block === 7)
    expect(asked).to.equal(8 * Math.ceil(MAX_BLOCK_BYTES / 60_000))
  }).timeout(10_000)

  it('deliver a block whose size only its sender knows', async () => {
    const { a, b, ofA } = await joinedPair()
    const [ref] = await b.serve.fill(0, 1, 1234) as [BlockRef]
    ofA.request(SWARM, 0, [0], [{ digest: ref.digest }])
    expect((await a.recorder.first('block')).block.bytes.byteLength).to.equal(1234)
  })

  it('deliver more than any credit window, so credit comes back', async () => {
    const { a, b, ofA } = await joinedPair()
    const refs = await b.serve.fill(0, 20, MAX_BLOCK_BYTES)
    ofA.request(SWARM, 0, refs.map((_, i) => i), refs)
    await a.recorder.first('block', event => event.place.block === 19)
    expect(a.recorder.of('block')).to.have.length(20)
  }).timeout(10_000)

  const refusals: [RefuseReason, (b: End) => void][] = [
    ['not-found', () => {}],
    ['choked', b => { b.serve.chokeAll = true }],
    ['retired', b => { b.serve.retired.add(0) }]
  ]
  for (const [reason, prepare] of refusals) {
    it(`refuse with a reason: ${reason}`, async () => {
      const { a, b, ofA } = await joinedPair()
      const refs = await b.serve.fill(0, 1, 10)
      prepare(b)
      ofA.request(SWARM, reason === 'not-found' ? 9 : 0, [0], refs)
      expect((await a.recorder.first('refused')).reason).to.equal(reason)
      expect(ofA.stats.outstanding).to.equal(0)
    })
  }

  it('refuse what is asked in a swarm that we or they are not in', async () => {
    const { ends: [a, b] } = await pair()
    const { session: ofA } = await a.recorder.first('open')
    const refs = await b.serve.fill(0, 1, 10)
    ofA.request(OTHER_SWARM, 0, [0], refs)
    expect((await a.recorder.first('refused')).reason).to.equal('not-joined')
    ofA.join(SWARM, { have: EMPTY })
    ofA.request(SWARM, 0, [0], refs)
    expect((await a.recorder.first('refused', event => event.place.swarm === SWARM)).reason).to.equal('not-joined')
    expect(b.serve.reads).to.equal(0)
  })

  it('refuse as busy beyond what may be outstanding', async () => {
    const { a, b, ofA } = await joinedPair()
    b.serve.gate = deferred().promise
    const count = MAX_QUEUED_BLOCKS / 2 + 1
    const refs = Array.from({ length: count }, () => ({ digest: new Uint8Array(32), size: 10 }))
    ofA.request(SWARM, 0, refs.map((_, i) => i), refs)
    const refused = await a.recorder.first('refused')
    expect([refused.reason, refused.place.block]).to.deep.equal(['busy', count - 1])
  })

  it('refuse what waits when they choke or leave, and finish the block under way', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    const refs = await b.serve.fill(0, 3, 1000)
    const gate = deferred()
    b.serve.gate = gate.promise
    ofA.request(SWARM, 0, [0, 1, 2], refs)
    await b.recorder.first('demand', event => event.queued === 3)
    ofB.choke(SWARM)
    await a.recorder.first('choke')
    await a.recorder.first('refused', event => event.place.block === 2)
    gate.resolve()
    await a.recorder.first('block')
    expect(a.recorder.of('refused').map(event => [event.place.block, event.reason])).to.deep.equal([[1, 'choked'], [2, 'choked']])
    b.serve.gate = deferred().promise
    ofA.request(SWARM, 0, [1], refs.slice(1, 2))
    await b.recorder.first('demand', event => event.queued === 1 && b.recorder.of('demand').length > 4)
    ofB.leave(SWARM)
    await a.recorder.first('refused', event => event.reason === 'not-joined')
  })

  it('stop a cancelled block, take its credit back, and deliver the next', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    const refs = await b.serve.fill(0, 30, MAX_BLOCK_BYTES)
    const turns = deferred()
    let frames = 0
    b.serve.turn = () => frames++ < 2 ? undefined : turns.promise
    ofA.request(SWARM, 0, refs.map((_, i) => i), refs)
    while (frames < 3) await new Promise(resolve => setTimeout(resolve, 5))
    ofA.cancel(SWARM, 0, refs.map((_, i) => i).slice(0, 29))
    expect(ofA.stats.outstanding).to.equal(MAX_BLOCK_BYTES)
    await b.recorder.first('demand', event => event.queued === 1)
    turns.resolve()
    const { place } = await a.recorder.first('block')
    expect(place.block).to.equal(29)
    expect(a.recorder.of('refused')).to.deep.equal([])
    expect(ofA.stats.wasted).to.be.above(0)
    expect(ofA.stats.wasted).to.equal(ofB.stats.sent - MAX_BLOCK_BYTES)
    expect(ofB.stats.sent).to.be.below(2 * MAX_BLOCK_BYTES)
  }).timeout(10_000)

  it('end at a corrupt block, name its sender and what is lost', async () => {
    const { a, b, ofA } = await joinedPair()
    const refs = await b.serve.fill(0, 2, 1000)
    b.serve.blocks.set('0/0', await hashBlock(new Uint8Array(1000)))
    const gate = deferred()
    const read = b.serve.read.bind(b.serve)
    b.serve.read = async place => {
      if (place.block === 1) await gate.promise
      return read(place)
    }
    ofA.request(SWARM, 0, [0, 1], refs)
    const closed = await a.recorder.first('closed')
    expect(a.recorder.of('penalty').map(event => event.reason)).to.deep.equal(['corrupt-block'])
    expect(closed.lost.map(place => place.block)).to.deep.equal([0, 1])
    expect(a.recorder.of('block')).to.deep.equal([])
    expect(ofA.closed).to.equal(true)
    ofA.request(SWARM, 0, [0], refs)
    await b.recorder.first('closed')
  })

  it('end at a block of another size before any of it is kept', async () => {
    const { a, b, ofA } = await joinedPair()
    const [ref] = await b.serve.fill(0, 1, 1000) as [BlockRef]
    ofA.request(SWARM, 0, [0], [{ digest: ref.digest, size: 999 }])
    expect((await a.recorder.first('penalty')).detail).to.contain('999')
    expect((await a.recorder.first('closed')).lost).to.have.length(1)
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
    const gate = deferred()
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

describe('exchange: hostile peers', () => {
  async function open (connection: MemoryConnection, hello: Hello = HELLO): Promise<Stream> {
    const stream = await connection.newStream('/shoal/exchange/1.0.0')
    stream.send(encodeMessage(hello))
    return stream
  }

  async function violation (attack: (control: Stream, connection: MemoryConnection) => void | Promise<void>): Promise<string> {
    const { end, connection } = await hostile()
    const control = await open(connection)
    await end.recorder.first('open')
    await attack(control, connection)
    const { reason, detail } = await end.recorder.first('penalty')
    await end.recorder.first('closed')
    expect([...end.exchange.sessions]).to.deep.equal([])
    return `${reason}: ${detail}`
  }

  it('an oversized frame', async () => {
    expect(await violation(control => { control.send(Uint8Array.of(0x13, 0, 0, 1, 0xff, 0xff, 0xff, 0xff)) })).to.match(/^protocol-violation: .*60000/)
  })

  it('a truncated frame', async () => {
    expect(await violation(async control => {
      control.send(encodeMessage({ type: 'ping', nonce: 1 }).subarray(0, 9))
      await control.close()
    })).to.match(/^protocol-violation: .*inside/)
  })

  it('garbage', async () => {
    expect(await violation(control => { control.send(new Uint8Array(100).fill(0x13)) })).to.match(/^protocol-violation/)
  })

  it('a second HELLO', async () => {
    expect(await violation(control => { control.send(encodeMessage(HELLO)) })).to.match(/^protocol-violation: .*HELLO/)
  })

  it('a third stream', async () => {
    expect(await violation(async (_, connection) => {
      await connection.newStream('/shoal/exchange/1.0.0')
      await connection.newStream('/shoal/exchange/1.0.0')
    })).to.match(/^protocol-violation: .*third/)
  })

  it('blocks that nobody asked for', async () => {
    expect(await violation(async (_, connection) => {
      const data = await connection.newStream('/shoal/exchange/1.0.0')
      data.send(encodeDataHeader({ id: 1, block: 0, offset: 0, total: 10 }, 10))
    })).to.match(/^protocol-violation: .*asked for/)
  })

  it('control on the data stream', async () => {
    expect(await violation(async (_, connection) => {
      const data = await connection.newStream('/shoal/exchange/1.0.0')
      data.send(encodeMessage({ type: 'ping', nonce: 1 }))
    })).to.match(/^protocol-violation: .*new stream/)
  })

  it('request ids that do not rise', async () => {
    expect(await violation(control => {
      control.send(encodeMessage({ type: 'join', handle: 1, swarm: SWARM, token: undefined }))
      control.send(encodeMessage({ type: 'have', handle: 1, delta: EMPTY, more: false, bytes: 0 }))
      const request = encodeMessage({ type: 'request', handle: 1, id: 5, segment: 0, blocks: [0] })
      control.send(request)
      control.send(request)
    })).to.match(/^protocol-violation: .*request id/)
  })

  it('more control than any session needs', async () => {
    expect(await violation(control => {
      const ping = encodeMessage({ type: 'choke', handle: 1 })
      const many = new Uint8Array(ping.byteLength * 30_000)
      for (let i = 0; i < 30_000; i++) many.set(ping, i * ping.byteLength)
      control.send(many)
    })).to.match(/^spam/)
  })

  it('a have-map without end', async () => {
    expect(await violation(control => {
      control.send(encodeMessage({ type: 'join', handle: 1, swarm: SWARM, token: undefined }))
      const delta = { complete: Array.from({ length: 7000 }, (_, i) => ({ start: i, count: 1 })), partial: [] }
      for (let i = 0; i < 12; i++) control.send(encodeMessage({ type: 'have', handle: 1, delta, more: true, bytes: 0 }))
    })).to.match(/^protocol-violation: .*have-map/)
  })

  it('credit without end', async () => {
    expect(await violation(control => { control.send(encodeMessage({ type: 'credit', bytes: 2 ** 32 - 1 })) })).to.match(/^protocol-violation: .*credit/)
  })

  it('more bytes than the credit', async () => {
    const { end, connection } = await hostile()
    const control = await open(connection)
    const { session } = await end.recorder.first('open')
    control.send(encodeMessage({ type: 'join', handle: 1, swarm: SWARM, token: undefined }))
    control.send(encodeMessage({ type: 'have', handle: 1, delta: EMPTY, more: false, bytes: 0 }))
    session.join(SWARM, { have: EMPTY })
    const refs = Array.from({ length: 20 }, () => ({ digest: new Uint8Array(32), size: MAX_BLOCK_BYTES }))
    session.request(SWARM, 0, refs.map((_, i) => i), refs)
    const data = await connection.newStream('/shoal/exchange/1.0.0')
    // all but the last bytes of each block, so that none is ever settled
    for (let block = 0; block < 20; block++) {
      for (let offset = 0; offset + 50_000 < MAX_BLOCK_BYTES; offset += 50_000) {
        data.send(encodeDataHeader({ id: 1, block, offset, total: MAX_BLOCK_BYTES }, 50_000))
        data.send(new Uint8Array(50_000))
      }
    }
    expect((await end.recorder.first('penalty')).detail).to.contain('credit')
    expect((await end.recorder.first('closed')).lost).to.have.length(20)
  })

  it('unknown frame types are passed over', async () => {
    const { end, connection, received } = await hostile()
    const control = await open(connection)
    await end.recorder.first('open')
    control.send(Uint8Array.of(0x77, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3))
    control.send(encodeMessage({ type: 'ping', nonce: 77 }))
    while (!received.some(bytes => bytes.includes(77))) await new Promise(resolve => setTimeout(resolve, 5))
    expect(end.recorder.of('penalty')).to.deep.equal([])
  })

  it('a version that we do not speak opens no session', async () => {
    const { end, connection } = await hostile()
    await open(connection, { ...HELLO, version: 9, minVersion: 9 })
    let failed = ''
    await end.exchange.connect('12D3KooWHE5SPo3Mrej9t8kRjVPaVWJLjyBmSSbXQmjWpUaPLoQr', []).catch((error: unknown) => { failed = String(error) })
    expect(failed).to.contain('versions 9 to 9')
    expect(end.recorder.events).to.deep.equal([])
  })
})
