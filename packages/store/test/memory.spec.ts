import { memoryStore } from '../src/index.js'
import { compliance } from './compliance.js'
import { expect } from 'chai'
import { block } from './blocks.js'

compliance('memory', { create: async init => memoryStore(init), clean: async () => {}, runs: 100 })

describe('memory store', () => {
  it('keeps the very block that it was given', async () => {
    const store = memoryStore({ quota: Infinity })
    const put = await block(1)
    await store.put(put)
    expect(await store.get(put)).to.equal(put)
  })

  it('counts tiny blocks by what they cost', async () => {
    const store = memoryStore({ quota: 10 * 512 })
    for (let i = 0; i < 100; i++) await store.put(await block(i, 1 + i % 2))
    expect(store.used).to.equal(10 * 512)
  })
})
