import { expect } from 'chai'
import { raceSignal } from '../src/index.js'

describe('race with a signal', () => {
  it('gives what the promise gives', async () => {
    expect(await raceSignal(Promise.resolve(1), undefined)).to.equal(1)
    expect(await raceSignal(Promise.resolve(1), new AbortController().signal)).to.equal(1)
    await raceSignal(Promise.reject(new Error('bad')), new AbortController().signal)
      .then(() => expect.fail('resolved'), (error: Error) => { expect(error.message).to.equal('bad') })
  })

  it('rejects with the reason of the signal when that comes first, or came before', async () => {
    const never = new Promise<never>(() => {})
    const abort = new AbortController()
    const waiting = raceSignal(never, abort.signal)
    abort.abort(new Error('enough'))
    for (const promise of [waiting, raceSignal(never, abort.signal)]) {
      await promise.then(() => expect.fail('resolved'), (error: Error) => { expect(error.message).to.equal('enough') })
    }
  })
})
