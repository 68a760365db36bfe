import { expect } from 'chai'
import { ManualClock } from '@shoal/base'
import { openLedger } from '@shoal/ledger'
import { trust } from '../src/trust.js'

describe('trust', () => {
  it('gives gossipsub the score of a peer, a tenth of what is good, anew every five seconds', async () => {
    const clock = new ManualClock()
    const ledger = await openLedger({ clock })
    const { appSpecificScore } = trust(ledger, clock, () => {})
    ledger.accounts.received('giver', '00'.repeat(32), 1e7, 1, 10)
    expect(appSpecificScore('giver')).to.be.above(0).and.equal(ledger.score('giver') / 10)
    ledger.accounts.penalise('giver', 'corrupt-block')
    clock.advance(4_999)
    expect(appSpecificScore('giver')).to.be.above(0)
    clock.advance(1)
    expect(appSpecificScore('giver')).to.be.below(0).and.equal(ledger.score('giver'))
  })
})
