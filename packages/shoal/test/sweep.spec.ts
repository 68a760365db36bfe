import { ManualClock } from '@shoal/base'
import { hashBlock } from '@shoal/content'
import { memoryStore } from '@shoal/store'
import { expect } from 'chai'
import { sweep } from '../src/sweep.js'

describe('sweep', () => {
  it('removes what has expired though nothing needs room, and what fails once is tried again, until it is ended', async () => {
    const clock = new ManualClock()
    const store = memoryStore({ quota: Infinity, ttl: 100, clock })
    const errors: Error[] = []
    const { collect } = store
    let broken = true
    store.collect = async options => {
      if (broken) throw new Error('broken')
      return await collect.call(store, options)
    }
    const end = sweep(store, clock, error => { errors.push(error) })
    const turn = async (ms: number): Promise<void> => {
      clock.advance(ms)
      await new Promise(resolve => setTimeout(resolve))
      // a store in memory waits for its clock between steps
      clock.advance(1)
      await new Promise(resolve => setTimeout(resolve))
    }
    const block = await hashBlock(new Uint8Array(10))
    const { digest } = block
    await store.put(block)
    await turn(120_000)
    expect([errors.length, store.has(digest)]).to.deep.equal([1, true])
    broken = false
    await turn(60_000)
    expect(store.has(digest)).to.equal(false)
    end()
    await store.put(block)
    await turn(1_000_000)
    expect([errors.length, store.has(digest)]).to.deep.equal([1, true])
  })
})
