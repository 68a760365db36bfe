import { expect } from 'chai'
import { announce } from '../src/announce.js'

describe('virtual gossip', () => {
  it('brings every announcement to everybody, each in several copies', async () => {
    const { heard, sizeEstimate, announcements, bpsPerPeer } = await announce({ seed: 1, peers: 60, seconds: 90 })
    expect([heard.p50, sizeEstimate.p50]).to.deep.equal([59, 1])
    expect(announcements).to.be.at.least(60)
    expect(bpsPerPeer).to.be.above(0)
  })

  it('is the same for the same seed, and another for another', async () => {
    const [one, again, other] = await Promise.all([1, 1, 2].map(async seed => await announce({ seed, peers: 30, seconds: 40 })))
    expect(again).to.deep.equal(one)
    expect(other).to.not.deep.equal(one)
  })
})
