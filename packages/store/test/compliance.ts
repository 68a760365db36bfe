import { equalBytes, toHex } from '@shoal/base'
import { StoreFullError, type BlockStore, type StoreEvent, type VerifiedBlock } from '@shoal/interface'
import { expect } from 'chai'
import fc from 'fast-check'
import { block, blocks, failure, PAGE } from './blocks.js'

export interface Compliance {
  /** A store on an empty medium, not opened yet. */
  create (quota: number): Promise<BlockStore>
  /** Another store on the medium of the last one, which is closed; absent where nothing is kept. */
  again?: (quota: number) => Promise<BlockStore>
  /** Removes the medium of the last store, which is closed. */
  clean (): Promise<void>
  /** Random runs of the property test. */
  runs: number
}

/** What every `BlockStore` does, whatever it keeps the blocks in. */
export function compliance (name: string, { create, again, clean, runs }: Compliance): void {
  describe(`${name}: block store`, () => {
    let store: BlockStore
    let events: StoreEvent[]

    async function use (quota: number, make: typeof create = create): Promise<void> {
      store = await make(quota)
      events = []
      store.onevent = event => { events.push(event) }
      await store.open()
    }

    function evicted (): string[] {
      return events.flatMap(event => event.type === 'evicted' ? event.digests.map(toHex) : [])
    }

    afterEach(async () => {
      await store.close()
      await clean()
    })

    it('gives back what was put', async () => {
      await use(Infinity)
      for (const size of [1, 100, PAGE, 262_144]) {
        const put = await block(size, size)
        await store.put(put)
        expect(store.has(put.digest)).to.equal(true)
        const got = await store.get({ digest: put.digest, size })
        expect(got !== undefined && equalBytes(got.bytes, put.bytes) && equalBytes(got.digest, put.digest)).to.equal(true)
        expect((await store.get({ digest: put.digest }))?.bytes.byteLength).to.equal(size)
      }
      expect(events).to.deep.equal([])
    })

    it('has nothing that was not put', async () => {
      await use(Infinity)
      const { digest } = await block(1)
      expect(store.has(digest)).to.equal(false)
      expect(await store.get({ digest })).to.equal(undefined)
      await store.delete(digest)
    })

    it('does not give, and does not lose, a block that is asked for with a wrong size', async () => {
      await use(Infinity)
      const put = await block(1)
      await store.put(put)
      expect(await store.get({ digest: put.digest, size: PAGE - 1 })).to.equal(undefined)
      expect(await store.get({ digest: put.digest, size: PAGE })).to.not.equal(undefined)
    })

    it('deletes', async () => {
      await use(Infinity)
      const put = await block(1)
      await store.put(put)
      await store.delete(put.digest)
      expect(store.has(put.digest)).to.equal(false)
      expect(await store.get(put)).to.equal(undefined)
      expect(store.used).to.equal(0)
      await store.put(put)
      expect(await store.get(put)).to.not.equal(undefined)
    })

    it('counts a block once, however often and at whatever time it is put', async () => {
      await use(Infinity)
      const put = await block(1)
      await Promise.all([store.put(put), store.put(put), store.put(put)])
      await store.put(put)
      expect(store.used).to.equal(PAGE)
    })

    it('survives put, get and delete of one block all at once', async () => {
      await use(Infinity)
      const put = await block(1)
      const calls = [() => store.put(put), () => store.get(put), () => store.delete(put.digest)] as const
      await Promise.all(Array.from({ length: 30 }, async (_, i) => { await calls[i % 3 as 0 | 1 | 2]() }))
      await store.put(put)
      expect((await store.get(put))?.bytes.byteLength).to.equal(PAGE)
      expect(events).to.deep.equal([])
    })

    it('evicts what was not used for longest, and says so', async () => {
      await use(3 * PAGE)
      const [a, b, c, d] = await blocks(4) as [VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock]
      for (const each of [a, b, c]) await store.put(each)
      await store.get(a)
      await store.put(d)
      expect([a, b, c, d].map(({ digest }) => store.has(digest))).to.deep.equal([true, false, true, true])
      expect(evicted()).to.deep.equal([toHex(b.digest)])
      expect(store.used).to.equal(3 * PAGE)
      expect(await store.get(b)).to.equal(undefined)
    })

    it('evicts first what was demoted, unless it is used again', async () => {
      await use(3 * PAGE)
      const [a, b, c, d, e] = await blocks(5) as [VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock]
      for (const each of [a, b, c]) await store.put(each)
      for (const each of [b, c, e]) store.demote(each.digest)
      await store.get(b)
      await store.put(d)
      await store.put(e)
      expect(evicted()).to.deep.equal([toHex(c.digest), toHex(a.digest)])
    })

    it('never evicts what is pinned, as often as it is pinned', async () => {
      await use(2 * PAGE)
      const [a, b, c, d] = await blocks(4) as [VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock]
      store.pin(a.digest)
      store.pin(a.digest)
      for (const each of [a, b, c]) await store.put(each)
      expect([a, b, c].map(({ digest }) => store.has(digest))).to.deep.equal([true, false, true])
      store.unpin(a.digest)
      await store.put(b)
      expect(store.has(a.digest)).to.equal(true)
      store.unpin(a.digest)
      await store.put(c)
      await store.put(d)
      expect(store.has(a.digest)).to.equal(false)
    })

    it('refuses when all that it holds is pinned', async () => {
      await use(2 * PAGE)
      const [a, b, c] = await blocks(3) as [VerifiedBlock, VerifiedBlock, VerifiedBlock]
      for (const each of [a, b]) {
        store.pin(each.digest)
        await store.put(each)
      }
      expect(await failure(store.put(c))).to.be.instanceOf(StoreFullError)
      expect(store.has(c.digest)).to.equal(false)
      expect(evicted()).to.deep.equal([])
      await store.put(a)
    })

    it('refuses a block that no eviction makes room for, and evicts nothing for it', async () => {
      await use(2 * PAGE)
      const small = await block(1)
      await store.put(small)
      expect(await failure(store.put(await block(2, 3 * PAGE)))).to.be.instanceOf(StoreFullError)
      expect(store.has(small.digest)).to.equal(true)
    })

    it('never exceeds its quota, loses nothing pinned, and has exactly what it gives', async function () {
      this.timeout(20_000)
      const universe = await Promise.all(Array.from({ length: 8 }, (_, i) => block(i, (1 + i % 3) * PAGE)))
      const quota = 8 * PAGE
      const command = fc.tuple(fc.constantFrom('put', 'put', 'put', 'get', 'delete', 'pin', 'unpin'), fc.nat(universe.length - 1))
      await use(quota)
      await fc.assert(fc.asyncProperty(fc.array(fc.array(command, { minLength: 1, maxLength: 4 }), { maxLength: 25 }), async batches => {
        const pins = universe.map(() => 0)
        const held = universe.map(() => false)
        for (const batch of batches) {
          // Each batch runs at once; the model follows those that stand alone.
          await Promise.all(batch.map(async ([what, index]) => {
            const each = universe[index] as VerifiedBlock
            if (what === 'put') {
              const error = await store.put(each).catch((error: unknown) => error)
              if (error !== undefined) expect(error).to.be.instanceOf(StoreFullError)
              else if (batch.length === 1) expect(store.has(each.digest)).to.equal(true)
            } else if (what === 'get') {
              const got = await store.get(each)
              if (got !== undefined) expect(equalBytes(got.bytes, each.bytes)).to.equal(true)
            } else if (what === 'delete') {
              await store.delete(each.digest)
            } else if (what === 'pin') {
              store.pin(each.digest)
              pins[index] = (pins[index] as number) + 1
            } else if (pins[index] !== 0) {
              store.unpin(each.digest)
              pins[index] = (pins[index] as number) - 1
            }
            expect(store.used).to.be.at.most(quota)
          }))
          for (const [index, each] of universe.entries()) {
            const now = store.has(each.digest)
            const touched = batch.some(([what, other]) => other === index && what !== 'get')
            if (pins[index] !== 0 && held[index] === true && !touched) expect(now).to.equal(true)
            held[index] = now
          }
          const sum = universe.reduce((sum, each, index) => sum + (held[index] === true ? each.bytes.byteLength : 0), 0)
          expect(store.used).to.equal(sum)
        }
        for (const [index, each] of universe.entries()) {
          expect((await store.get(each)) !== undefined).to.equal(held[index])
          while ((pins[index] as number) > 0) {
            store.unpin(each.digest)
            pins[index] = (pins[index] as number) - 1
          }
          await store.delete(each.digest)
        }
        expect(store.used).to.equal(0)
      }), { numRuns: runs })
      expect(events.filter(event => event.type !== 'evicted')).to.deep.equal([])
    })

    if (again === undefined) return

    it('keeps its blocks when it is closed', async () => {
      await use(Infinity)
      const kept = await blocks(20)
      for (const each of kept) await store.put(each)
      const { used } = store
      await store.close()
      await use(Infinity, again)
      expect(store.used).to.equal(used)
      for (const each of kept) expect(await store.get(each)).to.deep.equal(each)
    })

    it('makes room at once when it is opened with a smaller quota', async () => {
      await use(Infinity)
      for (const each of await blocks(10)) await store.put(each)
      await store.close()
      await use(4 * PAGE, again)
      expect(store.used).to.equal(4 * PAGE)
      expect(evicted()).to.have.length(6)
    })
  })
}
