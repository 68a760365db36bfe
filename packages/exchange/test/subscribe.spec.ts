import { ManualClock } from '@shoal/base'
import { encodeDataHeader, encodeMessage, FEATURE_SUBSCRIBE, MAX_FRAME_BYTES, MAX_SUBSCRIBED_BLOCKS, MIN_CREDIT_BYTES } from '@shoal/wire'
import { expect } from 'chai'
import fc from 'fast-check'
import { SUBSCRIPTION_MS } from '../src/defaults.js'
import { EMPTY, SWARM } from './harness.js'
import { hostile, joinedPair } from './memory.js'
import type { BlockRef } from '@shoal/interface'
import type { End } from './harness.js'

/** These are on their way to the end, which holds none of them yet. */
async function coming (end: End, count: number, size = 1000): Promise<{ refs: BlockRef[], here: (block: number) => void }> {
  const refs = await end.serve.fill(0, count, size)
  const blocks = new Map(end.serve.blocks)
  end.serve.blocks.clear()
  for (const name of blocks.keys()) end.serve.coming.add(name)
  return {
    refs,
    here: block => { end.serve.blocks.set(`0/${block}`, blocks.get(`0/${block}`) as NonNullable<ReturnType<typeof blocks.get>>) }
  }
}

describe('exchange: subscriptions', () => {
  it('are served when the block comes, and count as outstanding only then', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    expect([ofA.pushes, ofB.pushes]).to.deep.equal([true, true])
    const { refs, here } = await coming(b, 2)
    ofA.subscribe(SWARM, 0, [0, 1], refs)
    expect(ofA.stats.outstanding).to.equal(0)
    // control comes in order: they are there when this is refused
    ofA.request(SWARM, 9, [0], refs)
    await a.recorder.first('refused', ({ place }) => place.segment === 9)
    here(1)
    ofB.arrived(SWARM, 0, 1)
    ofB.arrived(SWARM, 0, 1)
    const { place } = await a.recorder.first('block')
    expect(place).to.deep.equal({ swarm: SWARM, segment: 0, block: 1 })
    expect(ofA.stats).to.include({ outstanding: 0, received: 1000, wasted: 0 })
    expect(a.recorder.of('stalled')).to.deep.equal([])
  })

  it('go before what was asked for, and are no second copy when the block is asked for as well', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    const { refs, here } = await coming(b, 3)
    for (const block of [1, 2]) here(block)
    const gate = Promise.withResolvers<void>()
    b.serve.gate = gate.promise
    ofA.subscribe(SWARM, 0, [0], refs)
    ofA.request(SWARM, 0, [1, 2], refs.slice(1))
    await b.recorder.first('demand', ({ queued }) => queued === 2)
    here(0)
    ofB.arrived(SWARM, 0, 0)
    ofA.request(SWARM, 0, [0], refs)
    expect(ofA.stats.outstanding).to.equal(3000)
    gate.resolve()
    await a.recorder.first('block', ({ place }) => place.block === 2)
    expect(a.recorder.of('block').map(({ place }) => place.block)).to.deep.equal([1, 0, 2])
    expect(ofA.stats).to.include({ outstanding: 0, wasted: 0 })
  })

  it('are refused with a reason: not coming, no slot, too many, a leave', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    const count = MAX_SUBSCRIBED_BLOCKS + 1
    for (let block = 0; block < count; block++) b.serve.coming.add(`0/${block}`)
    const refs = Array.from({ length: count }, () => ({ digest: new Uint8Array(32), size: 10 }))
    const refused = async (segment: number, block: number): Promise<string> =>
      (await a.recorder.next('refused', ({ place }) => place.segment === segment && place.block === block)).reason
    const missing = refused(1, 0)
    ofA.subscribe(SWARM, 1, [0], refs)
    expect(await missing).to.equal('not-found')
    const last = refused(0, count - 1)
    ofA.subscribe(SWARM, 0, refs.map((_, i) => i), refs)
    expect(await last).to.equal('busy')
    const choked = refused(0, 0)
    ofB.choke(SWARM)
    expect(await choked).to.equal('choked')
    b.serve.chokeAll = true
    const again = refused(0, 1)
    ofA.subscribe(SWARM, 0, [1], refs)
    expect(await again).to.equal('choked')
    b.serve.chokeAll = false
    const left = refused(0, 2)
    ofA.subscribe(SWARM, 0, [2], refs)
    ofB.leave(SWARM)
    expect(await left).to.equal('not-joined')
  })

  it('end with a refusal when what was to come does not', async () => {
    const clock = new ManualClock()
    const { a, b, ofA, ofB } = await joinedPair({ clock })
    const { refs, here } = await coming(b, 1)
    ofA.subscribe(SWARM, 0, [0], refs)
    ofA.request(SWARM, 9, [0], refs)
    await a.recorder.first('refused', ({ place }) => place.segment === 9)
    clock.advance(SUBSCRIPTION_MS)
    expect((await a.recorder.first('refused', ({ place }) => place.segment === 0)).reason).to.equal('not-found')
    here(0)
    ofB.arrived(SWARM, 0, 0)
    expect(b.serve.reads).to.equal(1)
  })

  it('are lost with the session, and cancelled without a trace', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    const { refs, here } = await coming(b, 2)
    ofA.subscribe(SWARM, 0, [0, 1], refs)
    ofA.cancel(SWARM, 0, [0])
    ofA.request(SWARM, 9, [0], refs)
    await a.recorder.first('refused', ({ place }) => place.segment === 9)
    here(0)
    ofB.arrived(SWARM, 0, 0)
    expect(b.serve.reads).to.equal(1)
    await ofB.close('gone')
    expect((await a.recorder.first('closed')).lost).to.deep.equal([{ swarm: SWARM, segment: 0, block: 1 }])
  })

  it('lose no credit, whatever is subscribed to, cancelled, asked for and brought', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    const SIZE = 200_000
    const COUNT = 12
    const { refs, here } = await coming(b, COUNT, SIZE)
    const steps = fc.array(fc.tuple(fc.constantFrom('subscribe', 'cancel', 'request', 'here'), fc.nat(COUNT - 1)), { maxLength: 40 })
    await fc.assert(fc.asyncProperty(steps, async given => {
      for (const [step, block] of given) {
        const ref = [refs[block] as BlockRef]
        if (step === 'subscribe') ofA.subscribe(SWARM, 0, [block], ref)
        else if (step === 'cancel') ofA.cancel(SWARM, 0, [block])
        else if (step === 'request') ofA.request(SWARM, 0, [block], ref)
        else {
          here(block)
          ofB.arrived(SWARM, 0, block)
        }
        await Promise.resolve()
      }
      for (let block = 0; block < COUNT; block++) {
        here(block)
        ofB.arrived(SWARM, 0, block)
      }
      // each ends; then far more than any window comes through
      const before = a.recorder.of('block').length
      for (let round = 0; round < 2; round++) {
        ofA.request(SWARM, 0, refs.map((_, i) => i), refs)
        while (ofA.stats.outstanding > 0) await a.recorder.next('block')
      }
      expect(a.recorder.of('block').length).to.be.at.least(before + COUNT)
      b.serve.blocks.clear()
    }), { numRuns: 8 })
    expect([...a.recorder.of('penalty'), ...b.recorder.of('penalty')]).to.deep.equal([])
  }).timeout(20_000)

  it('are not offered to a peer that does not name them', async () => {
    const { end, connection } = await hostile()
    const control = await connection.newStream('/shoal/exchange/1.0.0')
    control.send(encodeMessage({ type: 'hello', version: 1, minVersion: 1, frameCap: MAX_FRAME_BYTES, credit: MIN_CREDIT_BYTES, features: 0xfffffffe }))
    expect((await end.recorder.first('open')).session.pushes).to.equal(false)
  })

  it('bring nothing but what the manifest vouches for: other bytes cost the session', async () => {
    const { end, connection } = await hostile()
    const control = await connection.newStream('/shoal/exchange/1.0.0')
    const features = FEATURE_SUBSCRIBE
    control.send(encodeMessage({ type: 'hello', version: 1, minVersion: 1, frameCap: MAX_FRAME_BYTES, credit: MIN_CREDIT_BYTES, features }))
    control.send(encodeMessage({ type: 'join', handle: 1, swarm: SWARM, token: undefined }))
    control.send(encodeMessage({ type: 'have', handle: 1, delta: EMPTY, more: false, bytes: 0 }))
    const { session } = await end.recorder.first('join')
    session.join(SWARM, { have: EMPTY })
    session.subscribe(SWARM, 0, [0], [{ digest: new Uint8Array(32), size: 10 }])
    const data = await connection.newStream('/shoal/exchange/1.0.0')
    data.send(encodeDataHeader({ id: 1, block: 0, offset: 0, total: 10 }, 10))
    data.send(new Uint8Array(10))
    expect((await end.recorder.first('penalty')).reason).to.equal('corrupt-block')
    expect((await end.recorder.first('closed')).lost).to.deep.equal([{ swarm: SWARM, segment: 0, block: 0 }])
  })

  it('bring no other block than was subscribed to', async () => {
    const { end, connection } = await hostile()
    const control = await connection.newStream('/shoal/exchange/1.0.0')
    control.send(encodeMessage({ type: 'hello', version: 1, minVersion: 1, frameCap: MAX_FRAME_BYTES, credit: MIN_CREDIT_BYTES, features: 1 }))
    control.send(encodeMessage({ type: 'join', handle: 1, swarm: SWARM, token: undefined }))
    control.send(encodeMessage({ type: 'have', handle: 1, delta: EMPTY, more: false, bytes: 0 }))
    const { session } = await end.recorder.first('join')
    session.join(SWARM, { have: EMPTY })
    session.subscribe(SWARM, 0, [0], [{ digest: new Uint8Array(32), size: 10 }])
    const data = await connection.newStream('/shoal/exchange/1.0.0')
    data.send(encodeDataHeader({ id: 1, block: 1, offset: 0, total: 10 }, 10))
    const { reason, detail } = await end.recorder.first('penalty')
    expect(`${reason}: ${detail}`).to.match(/^protocol-violation: .*asked for/)
  })
})
