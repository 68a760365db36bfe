import { expect } from 'chai'
import fc from 'fast-check'
import { createHaveMap } from '@shoal/availability'
import { ManualClock } from '@shoal/base'
import { comparePurges, openPurge, type Purge } from '@shoal/content'
import { buildPurge } from '@shoal/content/publishing'
import type { Session } from '@shoal/interface'
import { CID } from 'multiformats'
import { Members } from '../src/members.js'
import { Purges } from '../src/purges.js'
import { PURGES_AT_ONCE, PURGES_PER_SECOND } from '../src/defaults.js'
import { until } from './node.js'
import { keyOf } from './purging.js'

const MANIFEST = 'bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'

async function list (sequence: number, { reason = '', seed = 1 } = {}): Promise<Uint8Array> {
  return await buildPurge({
    content: { manifest: MANIFEST }, sequence, all: false, paths: ['x'], cids: [], reason, tag: undefined
  }, await keyOf(seed))
}

async function setup (clock = new ManualClock()) {
  const publisher = (await openPurge(await list(0))).publisher
  const taken: Purge[] = []
  const bad: string[] = []
  const purges = new Purges({
    swarm: 'swarm',
    members: new Members(createHaveMap, undefined),
    clock,
    told: () => true,
    taken: purge => { taken.push(purge) },
    bad: (_session, reason) => { bad.push(reason) }
  }, undefined)
  purges.begin(publisher, { manifest: CID.parse(MANIFEST).toString() })
  return { purges, taken, bad, clock, publisher }
}

/** A neighbour, and what it is told. */
function neighbour (): { session: Session, told: Uint8Array[] } {
  const told: Uint8Array[] = []
  return { session: { purge: (_swarm: string, bytes: Uint8Array) => { told.push(bytes) } } as unknown as Session, told }
}

describe('purge lists', () => {
  it('in any order, by whatever way: the newest of the publisher counts, and each that counted is newer than the one before', async () => {
    const lists = await Promise.all([
      list(1), list(2), list(2, { reason: 'fork' }), list(3), list(3, { reason: 'fork' }), list(9, { seed: 2 })
    ])
    const opened = await Promise.all(lists.map(async bytes => await openPurge(bytes)))
    const way = fc.constantFrom('gossip', 'issue', 'heard')
    await fc.assert(fc.asyncProperty(fc.array(fc.tuple(fc.nat(lists.length - 1), way), { maxLength: PURGES_AT_ONCE }), async events => {
      const { purges, taken, bad, publisher } = await setup()
      let forged = 0
      let newest: Purge | undefined
      for (const [at, how] of events) {
        const [bytes, purge] = [lists[at] as Uint8Array, opened[at] as Purge]
        if (purge.publisher !== publisher) forged++
        else if (newest === undefined || comparePurges(purge, newest) > 0) newest = purge
        if (how === 'heard') {
          const { session, told } = neighbour()
          purges.heard(session, bytes)
          const judged = bad.length
          await until(() => bad.length > judged || told.length > 0 || (purges.current !== undefined && comparePurges(purges.current, purge) === 0), 'judged')
        } else {
          await purges[how](bytes).catch(() => { bad.push('bad-purge') })
        }
      }
      expect(purges.current?.bytes).to.deep.equal(newest?.bytes)
      expect(bad).to.have.length(forged)
      for (let i = 1; i < taken.length; i++) expect(comparePurges(taken[i] as Purge, taken[i - 1] as Purge)).to.be.above(0)
    }), { numRuns: 40 })
  })

  it('without end are judged so many a second, and of each neighbour the last', async () => {
    const { purges, taken, clock } = await setup()
    const sessions = Array.from({ length: 40 }, () => neighbour().session)
    const lists = await Promise.all(Array.from({ length: 120 }, async (_, i) => await list(1 + i)))
    for (const [i, bytes] of lists.entries()) purges.heard(sessions[i % 40] as Session, bytes)
    await until(() => taken.length >= PURGES_AT_ONCE, 'the first are judged')
    await new Promise(resolve => { setTimeout(resolve, 50) })
    expect(taken.length).to.be.within(PURGES_AT_ONCE, PURGES_AT_ONCE + 1)
    const before = taken.length
    for (let ms = 0; ms < 1_000; ms += 100) {
      clock.advance(100)
      await new Promise(resolve => { setTimeout(resolve, 5) })
    }
    expect(taken.length - before).to.be.at.most(PURGES_PER_SECOND + 1)
    while (purges.current?.sequence !== 120) {
      clock.advance(100)
      await new Promise(resolve => { setTimeout(resolve, 1) })
    }
    expect(taken.length).to.be.at.most(41)
  })
})
