import { expect } from 'chai'
import { EMPTY, OTHER_SWARM, SWARM } from './harness.js'
import { joinedPair, pair } from './memory.js'

describe('exchange: joining', () => {
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
    const gate = Promise.withResolvers<void>()
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
})
