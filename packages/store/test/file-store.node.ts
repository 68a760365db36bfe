import * as fs from 'node:fs/promises'
import * as os from 'node:os'
import * as path from 'node:path'
import { equalBytes, toHex } from '@shoal/base'
import { DataInUseError, StoreError, StoreFullError, type StoreEvent, type VerifiedBlock } from '@shoal/interface'
import { expect } from 'chai'
import fc from 'fast-check'
import { fileStore, referenceStore } from '../src/node.js'
import { MediumStore } from '../src/medium-store.js'
import { PackMedium } from '../src/packs/pack-medium.js'
import { nodeIo } from '../src/node/node-io.js'
import type { FileIo } from '../src/packs/io.js'
import { RECORD_BYTES } from '../src/packs/slot-record.js'
import { block, blocks, failure, PAGE } from './blocks.js'
import { compliance } from './compliance.js'
import { records } from './packs.js'

let folder: string

async function empty (): Promise<string> {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), 'shoal-store-'))
  return folder
}

const clean = async (): Promise<void> => { await fs.rm(folder, { recursive: true, force: true }) }

compliance('file system', {
  create: async init => fileStore({ ...init, path: await empty() }),
  again: async init => fileStore({ ...init, path: folder }),
  clean,
  runs: 20
})

compliance('references over the file system', {
  create: async init => referenceStore(fileStore({ ...init, path: await empty() })),
  again: async init => referenceStore(fileStore({ ...init, path: folder })),
  clean,
  runs: 5
})

describe('file store', () => {
  beforeEach(empty)
  afterEach(clean)

  const data = (): string => path.join(folder, 'packs/4k')
  const index = (): string => path.join(folder, 'packs/4k.index')

  async function names (): Promise<string[]> {
    return (await records(index())).map(({ digest }) => toHex(digest))
  }

  for (const [what, damage] of [
    ['rotten', async (name: string) => { const bytes = await fs.readFile(name); bytes[7] = ~(bytes[7] ?? 0); await fs.writeFile(name, bytes) }],
    ['torn', async (name: string) => { await fs.truncate(name, 100) }],
    ['missing', async (name: string) => { await fs.truncate(name, 0) }]
  ] as const) {
    it(`drops a block that is ${what} and says so, once`, async () => {
      const events: StoreEvent[] = []
      const store = fileStore({ path: folder, quota: Infinity })
      store.onevent = event => { events.push(event) }
      await store.open()
      const put = await block(1)
      await store.put(put)
      await damage(data())
      expect(await Promise.all([store.get(put), store.get(put)])).to.deep.equal([undefined, undefined])
      expect(events).to.deep.equal([{ type: 'corrupt', digest: put.digest, where: `${data()}, slot 0` }])
      expect([store.has(put.digest), store.used, await names()]).to.deep.equal([false, 0, []])
      await store.put(put)
      expect(await store.get(put)).to.deep.equal(put)
      await store.close()
    })
  }

  it('forgets what a killed process had half written, and leaves strange files alone', async () => {
    const [first, second, third, fourth] = await blocks(4) as [VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock]
    const all = [first, second, third, fourth]
    const store = fileStore({ path: folder, quota: Infinity })
    await store.open()
    for (const each of all) await store.put(each)
    await store.close()
    // Bytes without a record behind the last slot, half a record at the end, and one in the middle that is not what was written.
    await fs.appendFile(data(), 'half')
    await fs.truncate(index(), 3.5 * RECORD_BYTES)
    const content = await fs.readFile(index())
    content[RECORD_BYTES + 5] = ~(content[RECORD_BYTES + 5] ?? 0)
    await fs.writeFile(index(), content)
    await fs.writeFile(path.join(folder, 'packs/README'), 'mine')

    const again = fileStore({ path: folder, quota: Infinity })
    const events: StoreEvent[] = []
    again.onevent = event => { events.push(event) }
    await again.open()
    expect(all.map(({ digest }) => again.has(digest))).to.deep.equal([true, false, true, false])
    expect([again.used, (await fs.stat(data())).size, (await fs.stat(index())).size]).to.deep.equal([2 * PAGE, 3 * PAGE, 3 * RECORD_BYTES])
    await again.put(second)
    expect(await names()).to.deep.equal([first, second, third].map(({ digest }) => toHex(digest)))
    for (const each of [first, second, third]) expect(await again.get(each)).to.deep.equal(each)
    expect(await fs.readFile(path.join(folder, 'packs/README'), 'utf8')).to.equal('mine')
    expect(events).to.deep.equal([])
    await again.close()
  })

  it('keeps one of two records of a block: the process died while it moved it', async () => {
    const put = await block(1)
    const store = fileStore({ path: folder, quota: Infinity })
    await store.open()
    await store.put(put)
    await store.close()
    await fs.writeFile(index(), Buffer.concat([await fs.readFile(index()), await fs.readFile(index())]))
    await fs.appendFile(data(), put.bytes)
    const again = fileStore({ path: folder, quota: Infinity })
    await again.open()
    expect([again.used, (await fs.stat(data())).size, await again.get(put)]).to.deep.equal([PAGE, PAGE, put])
    await again.close()
  })

  it('starts anew with a pack of which one file was lost, and says what it cannot give', async () => {
    const put = await block(1)
    for (const [lost, expected] of [[index(), 0], [data(), 1]] as const) {
      const events: StoreEvent[] = []
      const store = fileStore({ path: folder, quota: Infinity })
      await store.open()
      await store.put(put)
      await store.close()
      await fs.rm(lost)
      const again = fileStore({ path: folder, quota: Infinity })
      again.onevent = event => { events.push(event) }
      await again.open()
      expect(await again.get(put)).to.equal(undefined)
      expect([events.length, again.used, (await fs.stat(data())).size]).to.deep.equal([expected, 0, 0])
      await again.close()
    }
  })

  it('uses freed slots again, the lowest first, and gives the disk back what it does not need', async () => {
    const all = await blocks(8)
    const store = fileStore({ path: folder, quota: Infinity })
    await store.open()
    for (const each of all) await store.put(each)
    for (const each of all.slice(1, 6)) await store.delete(each.digest)
    expect((await fs.stat(data())).size).to.equal(8 * PAGE)
    for (const each of all.slice(1, 3)) await store.put(each)
    expect(await names()).to.deep.equal([0, 1, 2, 6, 7].map(i => toHex((all[i] as VerifiedBlock).digest)))
    for (const each of all.slice(6)) await store.delete(each.digest)
    expect((await fs.stat(data())).size).to.equal(3 * PAGE)
    await store.close()
  })

  it('holds what a model holds, in files no longer than its quota, whatever is put, deleted and opened again', async function () {
    this.timeout(20_000)
    const sizes = [1, 1, 1, 2, 3, 5]
    const universe = await Promise.all(Array.from({ length: 24 }, (_, i) => block(i, (sizes[i % 6] as number) * PAGE - i)))
    const quota = 16 * PAGE
    const step = fc.oneof({ weight: 8, arbitrary: fc.array(fc.tuple(fc.boolean(), fc.nat(23)), { minLength: 1, maxLength: 6 }) },
      { weight: 1, arbitrary: fc.constant(undefined) })
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const home = await fs.mkdtemp(path.join(folder, 'run-'))
      const held = new Set<number>()
      const events: StoreEvent[] = []
      let store = fileStore({ path: home, quota })
      const open = async (): Promise<void> => {
        store.onevent = event => {
          events.push(event)
          if (event.type === 'evicted') for (const digest of event.digests) held.delete(universe.findIndex(each => equalBytes(each.digest, digest)))
        }
        await store.open()
      }
      await open()
      for (const step of steps) {
        if (step === undefined) {
          await store.close()
          store = fileStore({ path: home, quota })
          await open()
        } else {
          // One block once in a batch, so that the order does not matter.
          await Promise.all([...new Map(step.map(([put, n]) => [n, put]))].map(async ([n, put]) => {
            const each = universe[n] as VerifiedBlock
            if (!put) {
              await store.delete(each.digest)
              held.delete(n)
            } else if (await store.put(each).then(() => true, (error: unknown) => { expect(error).to.be.instanceOf(StoreFullError) })) {
              if (store.has(each.digest)) held.add(n)
            }
          }))
        }
        for (const [n, each] of universe.entries()) {
          expect(store.has(each.digest)).to.equal(held.has(n))
          const got = await store.get(each)
          expect(got !== undefined && equalBytes(got.bytes, each.bytes)).to.equal(held.has(n))
        }
        const files = (await fs.readdir(path.join(home, 'packs'))).filter(name => name.endsWith('k'))
        const lengths = await Promise.all(files.map(async name => (await fs.stat(path.join(home, 'packs', name))).size))
        expect(lengths.reduce((sum, length) => sum + length, 0)).to.be.at.most(quota)
      }
      await store.close()
      expect(events.filter(event => event.type !== 'evicted')).to.deep.equal([])
    }), { numRuns: 40 })
  })

  it('is owned by one at a time', async () => {
    const first = fileStore({ path: folder, quota: Infinity })
    await first.open()
    const error = await failure(fileStore({ path: folder, quota: Infinity }).open())
    expect(error).to.be.instanceOf(DataInUseError)
    expect(error.message).to.include(folder).and.include(String(process.pid))
    await first.close()
    const second = fileStore({ path: folder, quota: Infinity })
    await second.open()
    await second.close()
    expect(await fs.readdir(folder)).to.deep.equal(['packs'])
  })

  for (const [what, content] of [
    ['a process that is gone', '4194303 1\n'],
    ['a process whose number another one has now', `${process.ppid} 1\n`],
    ['nobody', '']
  ] as const) {
    it(`takes over the lock of ${what}`, async function () {
      if (what.startsWith('a process whose') && process.platform !== 'linux') this.skip()
      await fs.writeFile(path.join(folder, 'lock'), content)
      const store = fileStore({ path: folder, quota: Infinity })
      await store.open()
      await store.close()
    })
  }

  it('refuses to work before it is opened and after it is closed', async () => {
    const store = fileStore({ path: folder, quota: Infinity })
    expect(await failure(store.put(await block(1)))).to.be.instanceOf(StoreError)
    await store.open()
    await store.close()
    expect(await failure(store.put(await block(1)))).to.be.instanceOf(StoreError)
  })

  it('tells what it cannot open', async () => {
    await fs.writeFile(path.join(folder, 'file'), '')
    expect(await failure(fileStore({ path: path.join(folder, 'file'), quota: 1 }).open())).to.be.instanceOf(StoreError)
    await fs.writeFile(path.join(folder, 'packs'), '')
    expect(await failure(fileStore({ path: folder, quota: 1 }).open())).to.be.instanceOf(StoreError)
    expect(await fs.readdir(folder)).to.have.members(['packs', 'file'])
  })

  describe('on a failing disk', () => {
    /** A disk with room for `room` bytes, that writes half of what does not fit. */
    function smallDisk (room: { bytes: number }, code = 'ENOSPC'): FileIo {
      const lengths = new Map<number, number>()
      const resize = (fd: number, length: number): void => {
        room.bytes -= length - (lengths.get(fd) ?? 0)
        lengths.set(fd, length)
      }
      return {
        ...nodeIo,
        ftruncate: (fd, length, done) => {
          // A hole takes no room.
          if (length < (lengths.get(fd) ?? 0)) resize(fd, length)
          nodeIo.ftruncate(fd, length, done)
        },
        write: (fd, bytes, offset, length, position, done) => {
          const end = lengths.get(fd) ?? 0
          const count = Math.min(length, end + room.bytes - (position as number))
          if (count <= 0) {
            done(Object.assign(new Error(code), { code }), 0)
            return
          }
          resize(fd, Math.max(end, position as number + count))
          nodeIo.write(fd, bytes, offset, count, position, done)
        }
      }
    }

    for (const code of ['ENOSPC', 'EDQUOT', 'EFBIG']) {
      it(`${code}: refuses, and leaves nothing half written`, async () => {
        const store = new MediumStore(new PackMedium(folder, Infinity, smallDisk({ bytes: 1.5 * PAGE }, code)), { quota: Infinity })
        await store.open()
        const [a, b] = await blocks(2) as [VerifiedBlock, VerifiedBlock]
        store.pin(a.digest)
        await store.put(a)
        expect(await failure(store.put(b))).to.be.instanceOf(StoreFullError)
        expect([store.has(b.digest), store.used, await names()]).to.deep.equal([false, PAGE, [toHex(a.digest)]])
        expect(await store.get(a)).to.deep.equal(a)
        await store.close()
      })
    }

    it('evicts when the disk is full before the quota is', async () => {
      const events: StoreEvent[] = []
      const store = new MediumStore(new PackMedium(folder, Infinity, smallDisk({ bytes: 3.5 * PAGE })), { quota: Infinity })
      store.onevent = event => { events.push(event) }
      await store.open()
      const all = await blocks(4)
      for (const each of all) await store.put(each)
      expect(store.has((all[3] as VerifiedBlock).digest)).to.equal(true)
      expect(events.map(event => event.type)).to.deep.equal(['evicted'])
      await store.close()
    })

    it('takes the room that blocks of another size had', async () => {
      const store = new MediumStore(new PackMedium(folder, Infinity, smallDisk({ bytes: 8.5 * PAGE })), { quota: Infinity })
      await store.open()
      const small = await blocks(6)
      const [large, last] = [await block(50, 2 * PAGE), await block(51, 4 * PAGE)]
      for (const each of [...small, large]) await store.put(each)
      for (const i of [0, 2, 4]) await store.delete((small[i] as VerifiedBlock).digest)
      for (const each of [...small.filter((_, i) => i % 2 === 1), large]) store.pin(each.digest)
      await failure(store.put(last))
      const fits = await block(52, 3 * PAGE)
      await store.put(fits)
      for (const each of [...small.filter((_, i) => i % 2 === 1), large, fits]) expect(await store.get(each)).to.deep.equal(each)
      await store.close()
    })

    it('claims nothing when there is room for the block but not for its record', async () => {
      const room = { bytes: PAGE + RECORD_BYTES / 2 }
      const store = new MediumStore(new PackMedium(folder, Infinity, smallDisk(room)), { quota: Infinity })
      await store.open()
      const put = await block(1)
      expect(await failure(store.put(put))).to.be.instanceOf(StoreFullError)
      expect([store.has(put.digest), store.used, await names()]).to.deep.equal([false, 0, []])
      room.bytes += RECORD_BYTES
      await store.put(put)
      expect(await store.get(put)).to.deep.equal(put)
      await store.close()
    })

    it('reports other failures as such, and works again afterwards', async () => {
      let broken = true
      const io: FileIo = {
        ...nodeIo,
        write: (fd, bytes, offset, length, position, done) => {
          if (broken) done(Object.assign(new Error('EIO: broken'), { code: 'EIO' }), 0)
          else nodeIo.write(fd, bytes, offset, length, position, done)
        }
      }
      const store = new MediumStore(new PackMedium(folder, Infinity, io), { quota: Infinity })
      await store.open()
      const put = await block(1)
      const errors = await Promise.all([failure(store.put(put)), failure(store.put(put))])
      for (const error of errors) expect(error).to.be.instanceOf(StoreError)
      expect([store.used, await names()]).to.deep.equal([0, []])
      broken = false
      await store.put(put)
      expect(await store.get(put)).to.deep.equal(put)
      await store.close()
    })
  })
})
