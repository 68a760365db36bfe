import * as fs from 'node:fs/promises'
import * as os from 'node:os'
import * as path from 'node:path'
import { ManualClock } from '@shoal/base'
import { StoreError, type BlockRef, type StoreEvent, type VerifiedBlock } from '@shoal/interface'
import { hashBlock } from '@shoal/content'
import { expect } from 'chai'
import { memoryStore } from '../src/index.js'
import { referenceStore, type FileReferenceStore, type FileSink, type SinkFile } from '../src/node.js'
import { block, blocks, failure, PAGE } from './blocks.js'

describe('file sink', () => {
  let folder: string
  let out: string
  let clock: ManualClock
  let store: FileReferenceStore
  /** Those of processes that were killed as well: here nobody but us closes their files. */
  const stores: FileReferenceStore[] = []
  let events: StoreEvent[]
  let content: VerifiedBlock[]
  let refs: BlockRef[]

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'shoal-sink-'))
    out = path.join(folder, 'out')
    await restart()
    content = await blocks(8)
    refs = content.map(({ digest, bytes }) => ({ digest, size: bytes.byteLength }))
  })

  afterEach(async () => {
    await Promise.all(stores.splice(0).map(async each => { await each.close() }))
    await fs.rm(folder, { recursive: true, force: true })
  })

  /** What a new process starts with. */
  async function restart (): Promise<void> {
    clock = new ManualClock()
    events = []
    store = referenceStore(memoryStore({ quota: 0 }), { clock })
    stores.push(store)
    store.onevent = event => { events.push(event) }
    await store.open()
  }

  async function held (): Promise<number> {
    clock.advance(5000)
    const got = await Promise.all(content.map(each => store.get(each)))
    return got.filter(each => each !== undefined).length
  }

  const whole = (): SinkFile => store.sink({ out, kind: 'file' }).file('whatever', 8 * PAGE)

  async function put (file: SinkFile, ...indices: number[]): Promise<void> {
    await Promise.all(indices.map(index => file.write(index * PAGE, content[index] as VerifiedBlock)))
  }

  const all = [0, 1, 2, 3, 4, 5, 6, 7]
  const bytes = (): Buffer => Buffer.concat(content.map(each => each.bytes))

  it('writes a file that has its name only when it is complete', async () => {
    const file = whole()
    await put(file, 7, 3, 0)
    expect(await fs.readdir(folder)).to.deep.equal(['out.shoal-part'])
    const error = await failure(file.finish())
    expect(error).to.be.instanceOf(StoreError)
    expect(error.message).to.include(`${3 * PAGE} of ${8 * PAGE}`)
    await put(file, ...all)
    await file.finish()
    expect(await fs.readdir(folder)).to.deep.equal(['out'])
    expect(await fs.readFile(out)).to.deep.equal(bytes())
    expect(file.finished).to.equal(true)
    expect(await failure(put(file, 0))).to.be.instanceOf(StoreError)
  })

  it('serves what is written while the rest is missing, and when it is complete', async () => {
    const file = whole()
    for (const [done, index] of all.entries()) {
      await put(file, index)
      expect(await held()).to.equal(done + 1)
    }
    const readers = Promise.all(Array.from({ length: 50 }, () => held()))
    await file.finish()
    expect(new Set(await readers)).to.deep.equal(new Set([8]))
    expect(await held()).to.equal(8)
    expect(events).to.deep.equal([])
  })

  it('withdraws a finished file that changes', async () => {
    const file = whole()
    await put(file, ...all)
    await file.finish()
    await fs.utimes(out, 1, 1)
    expect(await held()).to.equal(0)
    expect(events.map(event => event.type)).to.deep.equal(['withdrawn'])
  })

  it('makes the folders of a directory', async () => {
    const sink = store.sink({ out, kind: 'directory' })
    const a = await block(0)
    const b = await block(1)
    await sink.file('a.bin', PAGE).write(0, a)
    await sink.file('x/y/b.bin', PAGE).write(0, b)
    for (const each of ['a.bin', 'x/y/b.bin']) await sink.file(each, PAGE).finish()
    await sink.file('x/empty', 0).finish()
    expect((await fs.readFile(path.join(out, 'x/y/b.bin')))).to.deep.equal(Buffer.from(b.bytes))
    expect((await fs.stat(path.join(out, 'x/empty'))).size).to.equal(0)
    expect(await held()).to.equal(2)
  })

  for (const bad of ['../a', '/etc/a', 'a/../../b', '', '.', 'a\0b', 'a.shoal-part']) {
    it(`refuses the path ${JSON.stringify(bad)}`, () => {
      expect(() => store.sink({ out, kind: 'directory' }).file(bad, 1)).to.throw(StoreError)
    })
  }

  it('refuses a block outside of the file', async () => {
    expect(await failure(whole().write(7 * PAGE + 1, content[0] as VerifiedBlock))).to.be.instanceOf(RangeError)
    expect(await fs.readdir(folder)).to.deep.equal([])
  })

  describe('resuming', () => {
    it('finds nothing where nothing is, and creates nothing', async () => {
      expect(await whole().verifyExisting(refs)).to.deep.equal(all.map(() => false))
      expect(await fs.readdir(folder)).to.deep.equal([])
    })

    for (const [what, stop] of [
      ['was killed', async () => {}],
      ['was stopped', async (sink: FileSink) => { await sink.close() }]
    ] as const) {
      it(`takes up the file of a download that ${what}`, async () => {
        const first = store.sink({ out, kind: 'file' })
        await put(first.file('', 8 * PAGE), 1, 2, 6)
        await stop(first)
        await restart()
        const file = whole()
        let progress = 0
        const good = await file.verifyExisting(refs, { onprogress: bytes => { progress = bytes } })
        expect(good.flatMap((is, index) => is ? [index] : [])).to.deep.equal([1, 2, 6])
        expect(progress).to.equal(3 * PAGE)
        expect(await held()).to.equal(3)
        await put(file, 0, 3, 4, 5, 7)
        await file.finish()
        expect(await fs.readFile(out)).to.deep.equal(bytes())
      })
    }

    it('goes on serving after close, and in the next sink of the same process', async () => {
      const first = store.sink({ out, kind: 'file' })
      const file = first.file('', 8 * PAGE)
      const writing = put(file, 1, 2, 6)
      await first.close()
      await writing
      expect(await failure(put(file, 0))).to.be.instanceOf(StoreError)
      expect(await held()).to.equal(3)
      const second = whole()
      await second.verifyExisting(refs)
      await put(second, 0, 3, 4, 5, 7)
      await second.finish()
      expect(await held()).to.equal(8)
      expect(events).to.deep.equal([])
    })

    it('does not believe wrong bytes, a wrong size or leftovers of something else', async () => {
      await put(whole(), ...all)
      await restart()
      const part = `${out}.shoal-part`
      const damaged = bytes()
      damaged[2 * PAGE + 5] = ~(damaged[2 * PAGE + 5] ?? 0)
      await fs.writeFile(part, damaged.subarray(0, 6 * PAGE + 10))
      const file = whole()
      const good = await file.verifyExisting(refs)
      expect(good).to.deep.equal([true, true, false, true, true, true, false, false])
      await put(file, 2, 6, 7)
      await file.finish()
      expect(await fs.readFile(out)).to.deep.equal(bytes())
    })

    it('holds a finished file as it is', async () => {
      await fs.writeFile(out, bytes())
      const file = whole()
      expect(await file.verifyExisting(refs)).to.deep.equal(all.map(() => true))
      expect(file.finished).to.equal(true)
      await file.finish()
      expect(await held()).to.equal(8)
    })

    it('mends a finished file that lost some blocks, and leaves a foreign one until it is replaced', async () => {
      const damaged = bytes()
      damaged[0] = ~(damaged[0] ?? 0)
      await fs.writeFile(out, damaged)
      const file = whole()
      expect((await file.verifyExisting(refs)).indexOf(false)).to.equal(0)
      await put(file, 0)
      await file.finish()
      expect(await fs.readFile(out)).to.deep.equal(bytes())

      await restart()
      const foreign = Buffer.alloc(8 * PAGE, 1)
      await fs.writeFile(out, foreign)
      const other = whole()
      expect(await other.verifyExisting(refs)).to.not.include(true)
      expect(await fs.readFile(out)).to.deep.equal(foreign)
      await put(other, ...all)
      await other.finish()
      expect(await fs.readFile(out)).to.deep.equal(bytes())
    })

    it('knows a block of zeros from a hole only by its digest', async () => {
      content[3] = await hashBlock(new Uint8Array(PAGE))
      refs = content.map(({ digest, bytes }) => ({ digest, size: bytes.byteLength }))
      await put(whole(), 0)
      await restart()
      expect(await whole().verifyExisting(refs)).to.deep.equal([true, false, false, true, false, false, false, false])
    })

    it('stops when it is told to', async () => {
      await put(whole(), ...all)
      const signal = AbortSignal.abort(new Error('enough'))
      expect((await failure(whole().verifyExisting(refs, { signal }))).message).to.equal('enough')
    })
  })

  it('does not finish a file that another program changed, and keeps what is good', async () => {
    const file = whole()
    await put(file, ...all)
    await fs.writeFile(`${out}.shoal-part`, Buffer.concat([(await block(99)).bytes, bytes().subarray(PAGE)]))
    expect(await held()).to.be.below(8)
    expect(await failure(file.finish())).to.be.instanceOf(StoreError)
    expect(events.map(event => event.type)).to.deep.equal(['withdrawn'])
    expect((await file.verifyExisting(refs)).filter(is => !is)).to.have.length(1)
    await put(file, 0)
    await file.finish()
    expect(await fs.readFile(out)).to.deep.equal(bytes())
  })

  it('tells that it cannot write', async () => {
    await fs.writeFile(out, 'a file')
    const file = store.sink({ out, kind: 'directory' }).file('a', PAGE)
    expect(await failure(file.write(0, content[0] as VerifiedBlock))).to.be.instanceOf(StoreError)
    await fs.rm(out)
    await file.write(0, content[0] as VerifiedBlock)
    const error = await failure(whole().write(0, content[0] as VerifiedBlock))
    expect(error).to.be.instanceOf(StoreError)
    expect(error.message).to.include('is a folder')
  })
})
