import { expect } from 'chai'
import { MemoryDatastore } from 'datastore-core'
import { LiveRecords } from '../src/live/live-records.js'

const LINK = { publisher: '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN', name: 'my show/tonight' }

describe('records of live contents', () => {
  it('give what was seen last, of each content by itself', async () => {
    const records = new LiveRecords(new MemoryDatastore())
    const seen = { sequence: { epoch: 5, counter: 7 }, digest: new Uint8Array(32).fill(3), burnt: 4 }
    await records.putSeen(LINK, { ...seen, sequence: { epoch: 5, counter: 6 } })
    await records.putSeen(LINK, seen)
    expect(await records.seen(LINK)).to.deep.equal(seen)
    expect(await records.seen({ ...LINK, name: 'my show' })).to.equal(undefined)
    await records.putSeen(LINK, { ...seen, burnt: undefined })
    expect(await records.seen(LINK)).to.deep.equal({ ...seen, burnt: undefined })
  })

  it('take a record that cannot be read for none', async () => {
    const datastore = new MemoryDatastore()
    const records = new LiveRecords(datastore)
    await records.putSeen(LINK, { sequence: { epoch: 5, counter: 7 }, digest: new Uint8Array(32) })
    for await (const { key } of datastore.query({})) {
      for (const text of ['', '{', 'null', '{}', '{"epoch":1,"counter":"x","digest":"00"}', '{"epoch":1,"counter":2,"digest":7}']) {
        await datastore.put(key, new TextEncoder().encode(text))
        expect(await records.seen(LINK), text).to.equal(undefined)
      }
    }
  })

  it('begin an epoch at the time, or above all that was published or seen before', async () => {
    const records = new LiveRecords(new MemoryDatastore())
    expect(await records.nextEpoch(LINK, 1_000)).to.equal(1_000)
    expect(await records.nextEpoch(LINK, 900), 'the clock was set back').to.equal(1_001)
    await records.putSeen(LINK, { sequence: { epoch: 5_000, counter: 7 }, digest: new Uint8Array(32) })
    expect(await records.nextEpoch(LINK, 2_000), 'another node has the same key').to.equal(5_001)
    await records.putSeen(LINK, { sequence: { epoch: 5_000, counter: 7 }, digest: new Uint8Array(32), burnt: 6_000 })
    expect(await records.nextEpoch(LINK, 2_000)).to.equal(6_001)
    expect(await records.nextEpoch({ ...LINK, name: 'other' }, 2_000)).to.equal(2_000)
  })
})
