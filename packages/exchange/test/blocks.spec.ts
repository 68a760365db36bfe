import { MAX_BLOCK_BYTES, MAX_QUEUED_BLOCKS } from '@shoal/wire'
import { hashBlock } from '@shoal/content'
import type { BlockRef, RefuseReason } from '@shoal/interface'
import { expect } from 'chai'
import { SWARM, type End } from './harness.js'
import { joinedPair } from './memory.js'

describe('exchange: blocks', () => {
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

  it('refuse as busy beyond what may be outstanding', async () => {
    const { a, b, ofA } = await joinedPair()
    b.serve.gate = Promise.withResolvers<void>().promise
    const count = MAX_QUEUED_BLOCKS / 2 + 1
    const refs = Array.from({ length: count }, () => ({ digest: new Uint8Array(32), size: 10 }))
    ofA.request(SWARM, 0, refs.map((_, i) => i), refs)
    const refused = await a.recorder.first('refused')
    expect([refused.reason, refused.place.block]).to.deep.equal(['busy', count - 1])
  })

  it('refuse what waits when they choke or leave, and finish the block under way', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    const refs = await b.serve.fill(0, 3, 1000)
    const gate = Promise.withResolvers<void>()
    b.serve.gate = gate.promise
    ofA.request(SWARM, 0, [0, 1, 2], refs)
    await b.recorder.first('demand', event => event.queued === 3)
    ofB.choke(SWARM)
    await a.recorder.first('choke')
    await a.recorder.first('refused', event => event.place.block === 2)
    gate.resolve()
    await a.recorder.first('block')
    expect(a.recorder.of('refused').map(event => [event.place.block, event.reason])).to.deep.equal([[1, 'choked'], [2, 'choked']])
    b.serve.gate = Promise.withResolvers<void>().promise
    ofA.request(SWARM, 0, [1], refs.slice(1, 2))
    await b.recorder.first('demand', event => event.queued === 1 && b.recorder.of('demand').length > 4)
    ofB.leave(SWARM)
    await a.recorder.first('refused', event => event.reason === 'not-joined')
  })

  it('stop a cancelled block, take its credit back, and deliver the next', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    const refs = await b.serve.fill(0, 30, MAX_BLOCK_BYTES)
    const turns = Promise.withResolvers<void>()
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
    const gate = Promise.withResolvers<void>()
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
})
