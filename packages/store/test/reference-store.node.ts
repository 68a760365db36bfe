import * as fs from 'node:fs/promises'
import * as os from 'node:os'
import * as path from 'node:path'
import { ManualClock } from '@shoal/base'
import type { FileReference, StoreEvent, VerifiedBlock } from '@shoal/interface'
import { expect } from 'chai'
import { memoryStore } from '../src/index.js'
import { referenceStore, type FileReferenceStore } from '../src/node.js'
import { block, blocks, PAGE } from './blocks.js'

describe('reference store', () => {
  let folder: string
  let clock: ManualClock
  let store: FileReferenceStore
  let events: StoreEvent[]

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'shoal-references-'))
    clock = new ManualClock()
    events = []
    store = referenceStore(memoryStore({ quota: 3 * PAGE }), { clock })
    store.onevent = event => { events.push(event) }
    await store.open()
  })

  afterEach(async () => {
    await store.close()
    await fs.rm(folder, { recursive: true, force: true })
  })

  async function write (name: string, content: readonly VerifiedBlock[]): Promise<FileReference> {
    const file = path.join(folder, name)
    await fs.writeFile(file, Buffer.concat(content.map(({ bytes }) => bytes)))
    const { size, mtimeMs } = await fs.stat(file)
    const refs = content.map(({ digest, bytes }) => ({ digest, size: bytes.byteLength }))
    return { path: file, size, mtimeMs, offset: 0, blocks: refs }
  }

  async function held (content: readonly VerifiedBlock[]): Promise<boolean[]> {
    return Promise.all(content.map(async each => {
      const got = await store.get(each)
      if (got !== undefined) expect(got).to.deep.equal(each)
      expect(store.has(each.digest)).to.equal(got !== undefined)
      return got !== undefined
    }))
  }

  it('gives blocks from where they lie, in files and at offsets, and they take no quota', async () => {
    const content = [await block(1), await block(2, 100), await block(3, 262_144)]
    const file = await write('a', content)
    store.reference({ ...file, blocks: file.blocks.slice(0, 1) })
    expect(await held(content)).to.deep.equal([true, false, false])
    store.reference({ ...file, offset: PAGE, blocks: file.blocks.slice(1) })
    expect(await held(content)).to.deep.equal([true, true, true])
    await Promise.all(content.map(each => store.put(each)))
    expect(store.used).to.equal(0)
  })

  for (const [what, change] of [
    ['grew', async (file: string) => { await fs.appendFile(file, 'x') }],
    ['was modified', async (file: string) => { await fs.utimes(file, 1, 1) }],
    ['was replaced by a rename', async (file: string) => { await fs.writeFile(`${file}2`, 'new'); await fs.rename(`${file}2`, file) }],
    ['is gone', async (file: string) => { await fs.rm(file) }],
    ['became a folder', async (file: string) => { await fs.rm(file); await fs.mkdir(file) }]
  ] as const) {
    it(`withdraws all of a file that ${what}, with one event`, async () => {
      const content = await blocks(10)
      const file = await write('a', content)
      store.reference(file)
      expect(await held(content.slice(0, 1))).to.deep.equal([true])
      await change(file.path)
      clock.advance(1000)
      expect(await held(content)).to.not.include(true)
      expect(events).to.have.length(1)
      const [event] = events as [Extract<StoreEvent, { type: 'withdrawn' }>]
      expect([event.type, event.path]).to.deep.equal(['withdrawn', file.path])
      expect(event.blocks).to.have.deep.members([...file.blocks])
      expect(event.reason).to.not.equal('')
    })
  }

  it('notices a wrong block at once, though size and time are the same', async () => {
    const content = await blocks(10)
    const file = await write('a', content)
    store.reference(file)
    const handle = await fs.open(file.path, 'r+')
    await handle.write('x', 5 * PAGE)
    await handle.utimes(new Date(file.mtimeMs), new Date(file.mtimeMs))
    await handle.close()
    expect(await store.get(content[4] as VerifiedBlock)).to.not.equal(undefined)
    expect(await store.get(content[5] as VerifiedBlock)).to.equal(undefined)
    expect(await held(content)).to.not.include(true)
    expect(events.map(event => event.type)).to.deep.equal(['withdrawn'])
  })

  it('still has a block of a withdrawn file that lies elsewhere too', async () => {
    const [shared, first, second, stored] = await blocks(4) as [VerifiedBlock, VerifiedBlock, VerifiedBlock, VerifiedBlock]
    const a = await write('a', [shared, first, shared, stored])
    const b = await write('b', [second, shared])
    await store.put(stored)
    store.reference(a)
    store.reference(b)
    await fs.rm(a.path)
    clock.advance(1000)
    expect(await held([shared, first, second, stored])).to.deep.equal([true, false, true, true])
    expect(events).to.deep.equal([{ type: 'withdrawn', path: a.path, blocks: [a.blocks[1]], reason: (events[0] as { reason: string }).reason }])
  })

  it('takes a file that is published again after a change', async () => {
    const [before, after] = await blocks(2) as [VerifiedBlock, VerifiedBlock]
    store.reference(await write('a', [before]))
    expect(await held([before])).to.deep.equal([true])
    await fs.rm(path.join(folder, 'a'))
    const changed = await write('a', [after])
    await fs.utimes(changed.path, 1000, 1000)
    store.reference({ ...changed, mtimeMs: 1_000_000 })
    expect(await held([before, after])).to.deep.equal([false, true])
    expect(events.map(event => event.type)).to.deep.equal(['withdrawn'])
  })

  it('forgets references on request, without an event', async () => {
    const content = await blocks(3)
    const file = await write('a', content)
    store.reference(file)
    store.unreference(file.path)
    expect(await held(content)).to.not.include(true)
    store.unreference(file.path)
    expect(events).to.deep.equal([])
    expect((await fs.stat(file.path)).size).to.equal(file.size)
  })

  it('does not report as evicted what it still holds by reference', async () => {
    const content = await blocks(4)
    for (const each of content.slice(0, 3)) await store.put(each)
    store.reference(await write('a', content.slice(0, 1)))
    await store.put(await block(50))
    expect(events).to.deep.equal([])
    await store.put(await block(51))
    expect(events).to.deep.equal([{ type: 'evicted', digests: [content[1]?.digest] }])
    expect(await held(content)).to.deep.equal([true, false, true, false])
  })

  it('leaves no file open when it is closed, whatever is being read or asked for late', async () => {
    const content = await blocks(20)
    for (const [i, each] of content.entries()) store.reference(await write(`${i}`, [each]))
    const open = async (): Promise<number> => {
      if (process.platform !== 'linux') return 0
      const targets = await Promise.all((await fs.readdir('/proc/self/fd')).map(fd => fs.readlink(`/proc/self/fd/${fd}`).catch(() => '')))
      return targets.filter(target => target.startsWith(folder)).length
    }
    await store.get(content[0] as VerifiedBlock)
    const reading = Promise.allSettled(content.map(each => store.get(each)))
    const closing = store.close()
    const late = Promise.allSettled(content.map(each => store.get(each)))
    await closing
    expect(await open()).to.equal(0)
    await Promise.all([reading, late])
    expect([await open(), events]).to.deep.equal([0, []])
    expect((await late).map(({ status }) => status)).to.include('rejected')
  })

  it('reads from more files than it keeps open', async function () {
    this.timeout(5000)
    const content = await blocks(150, 512)
    for (const [i, each] of content.entries()) store.reference(await write(`${i}`, [each]))
    expect(await held(content)).to.not.include(false)
    expect(await held(content)).to.not.include(false)
    if (process.platform === 'linux') {
      const open = await Promise.all((await fs.readdir('/proc/self/fd')).map(fd => fs.readlink(`/proc/self/fd/${fd}`).catch(() => '')))
      expect(open.filter(name => name.startsWith(folder)).length).to.be.within(1, 64)
    }
  })
})
