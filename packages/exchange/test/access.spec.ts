import { encodeMessage, MAX_FRAME_BYTES, MAX_HEAD_BYTES, MIN_CREDIT_BYTES, type Hello } from '@shoal/wire'
import { expect } from 'chai'
import { EMPTY, OTHER_SWARM, SWARM } from './harness.js'
import { hostile, joinedPair } from './memory.js'

const HELLO: Hello = { type: 'hello', version: 1, minVersion: 1, frameCap: MAX_FRAME_BYTES, credit: MIN_CREDIT_BYTES, features: 0 }

describe('exchange: access', () => {
  it('goes on when a peer shows another token that counts', async () => {
    const { a, b, ofA } = await joinedPair()
    const shown: (string | undefined)[] = []
    b.serve.admit = async (_session, _swarm, token) => {
      shown.push(token)
      return undefined
    }
    ofA.renew(SWARM, 'next')
    ofA.renew(OTHER_SWARM, 'not joined')
    const refs = await b.serve.fill(0, 1, 1000)
    ofA.request(SWARM, 0, [0], refs)
    await a.recorder.first('block')
    expect(shown).to.deep.equal(['next'])
    expect(b.recorder.of('join')).to.have.length(1)
    expect([...a.recorder.of('join-refused'), ...b.recorder.of('leave'), ...b.recorder.of('penalty')]).to.deep.equal([])
  })

  it('ends when it does not', async () => {
    const { a, b, ofA } = await joinedPair()
    b.serve.refuseJoin = 'unauthorised'
    ofA.renew(SWARM, 'bad')
    expect((await a.recorder.first('join-refused')).reason).to.equal('unauthorised')
    await b.recorder.first('leave')
    const refs = await b.serve.fill(0, 1, 1000)
    ofA.request(SWARM, 0, [0], refs)
    expect((await a.recorder.first('refused')).reason).to.equal('not-joined')
    b.serve.refuseJoin = undefined
    ofA.join(SWARM, { token: 'good', have: EMPTY })
    await b.recorder.next('join')
  })

  it('ends at once for whoever is expelled: all that waits is refused, and it may come back', async () => {
    const { a, b, ofA, ofB } = await joinedPair()
    const refs = await b.serve.fill(0, 5, 1000)
    const gate = Promise.withResolvers<void>()
    b.serve.gate = gate.promise
    ofA.request(SWARM, 0, [0, 1, 2, 3, 4], refs)
    await b.recorder.first('demand', event => event.queued === 5)
    ofB.expel(SWARM, 'unauthorised')
    ofB.expel(SWARM, 'unauthorised')
    ofB.expel(OTHER_SWARM, 'unauthorised')
    gate.resolve()
    expect((await a.recorder.first('join-refused')).reason).to.equal('unauthorised')
    for (const block of [0, 1, 2, 3, 4]) {
      expect((await a.recorder.first('refused', event => event.place.block === block)).reason).to.equal('unauthorised')
    }
    expect(a.recorder.of('join-refused')).to.have.length(1)
    expect([ofA.stats.received, ofA.stats.outstanding]).to.deep.equal([0, 0])
    const joined = b.recorder.next('join')
    ofA.join(SWARM, { token: 'another', have: EMPTY })
    expect((await joined).token).to.equal('another')
  })

  it('is refused for single blocks', async () => {
    const { a, b, ofA } = await joinedPair()
    const refs = await b.serve.fill(0, 2, 1000)
    const { serve } = b
    const read = serve.read.bind(serve)
    serve.read = async place => place.block === 0 ? await read(place) : 'unauthorised'
    ofA.request(SWARM, 0, [0, 1], refs)
    expect((await a.recorder.first('refused')).reason).to.equal('unauthorised')
    expect((await a.recorder.first('block')).place.block).to.equal(0)
  })

  it('carries what a tenant took back, in many frames', async () => {
    const { b, ofA } = await joinedPair({ addr: '/ip4/127.0.0.1/udp/1/webrtc-direct' })
    const list = 'abc.'.repeat(10_000)
    ofA.revoked(SWARM, list)
    expect((await b.recorder.first('revoked')).list).to.equal(list)
  })

  it('takes no list that is too long, and no other JOIN under a handle in use', async () => {
    for (const messages of [
      Array.from({ length: 3 }, () => ({ type: 'revoked' as const, handle: 1, bytes: new Uint8Array(MAX_HEAD_BYTES / 2), more: true })),
      [{ type: 'join' as const, handle: 1, swarm: OTHER_SWARM, token: undefined }],
      [{ type: 'join' as const, handle: 2, swarm: SWARM, token: undefined }]
    ]) {
      const { end, connection } = await hostile()
      const stream = await connection.newStream('/shoal/exchange/1.0.0')
      stream.send(encodeMessage(HELLO))
      await end.recorder.first('open')
      stream.send(encodeMessage({ type: 'join', handle: 1, swarm: SWARM, token: undefined }))
      stream.send(encodeMessage({ type: 'have', handle: 1, delta: EMPTY, more: false, bytes: 0 }))
      await end.recorder.first('join')
      for (const message of messages) stream.send(encodeMessage(message))
      expect((await end.recorder.first('penalty')).reason).to.equal('protocol-violation')
    }
  })
})
