import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs/promises'
import * as os from 'node:os'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { DataInUseError, StoreError, StoreFullError, type StoreEvent, type VerifiedBlock } from '@shoal/interface'
import { expect } from 'chai'
import { MediumStore } from '../src/medium-store.js'
import { nodeIo } from '../src/node/node-io.js'
import { fileStore } from '../src/node.js'
import type { FileIo } from '../src/packs/io.js'
import { PackMedium } from '../src/packs/pack-medium.js'
import { blocks, failure, PAGE } from './blocks.js'

const VICTIM = fileURLToPath(new URL('victim.js', import.meta.url))
const NOBODY = 65_534

/** Permission bits do not bind the superuser: does the work as somebody else. */
async function withoutPrivileges (work: () => Promise<void>): Promise<void> {
  const superuser = process.geteuid?.() === 0
  if (superuser) process.seteuid?.(NOBODY)
  try {
    await work()
  } finally {
    if (superuser) process.seteuid?.(0)
  }
}

describe('file store, refused by its disk', () => {
  let folder: string
  let events: StoreEvent[]
  /** The operations that fail, and how. */
  let refused: { readonly operations: readonly (keyof FileIo)[], readonly code: string }

  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'shoal-faults-'))
    events = []
    refused = { operations: [], code: '' }
  })
  afterEach(async () => { await fs.rm(folder, { recursive: true, force: true }) })

  const fault = (operation: keyof FileIo): Error | undefined => refused.operations.includes(operation)
    ? Object.assign(new Error(`${refused.code}: ${operation}`), { code: refused.code })
    : undefined

  const io: FileIo = {
    ...nodeIo,
    async list (folder) {
      const error = fault('list')
      if (error !== undefined) throw error
      return await nodeIo.list(folder)
    },
    open (path, done) {
      const error = fault('open')
      if (error === undefined) nodeIo.open(path, done)
      else done(error, -1)
    },
    write (fd, bytes, offset, length, position, done) {
      const error = fault('write')
      if (error === undefined) nodeIo.write(fd, bytes, offset, length, position, done)
      else done(error, 0)
    },
    read (fd, bytes, offset, length, position, done) {
      const error = fault('read')
      if (error === undefined) nodeIo.read(fd, bytes, offset, length, position, done)
      else done(error, 0)
    }
  }

  function storeOn (io: FileIo): MediumStore {
    const store = new MediumStore(new PackMedium(folder, Infinity, io), { quota: Infinity })
    store.onevent = event => { events.push(event) }
    return store
  }

  for (const [what, operation, code] of [
    ['a folder that may not be made', 'list', 'EACCES'], ['files that may not be opened', 'open', 'EACCES'],
    ['a file system that is read-only', 'open', 'EROFS']
  ] as const) {
    it(`cannot be opened with ${what}, says why, and can be opened when that is over`, async () => {
      let store = storeOn(io)
      await store.open()
      const [a] = await blocks(1) as [VerifiedBlock]
      await store.put(a)
      await store.close()
      refused = { operations: [operation], code }
      store = storeOn(io)
      const error = await failure(store.open())
      expect(error).to.be.instanceOf(StoreError)
      expect(error.message).to.contain(code)
      refused = { operations: [], code: '' }
      await store.open()
      expect(await store.get(a)).to.deep.equal(a)
      await store.close()
    })
  }

  it('gives what it has, refuses what is new and takes it again, when it becomes read-only for a while', async () => {
    const store = storeOn(io)
    await store.open()
    const [a, b] = await blocks(2) as [VerifiedBlock, VerifiedBlock]
    await store.put(a)
    refused = { operations: ['write'], code: 'EROFS' }
    const error = await failure(store.put(b))
    expect(error).to.be.instanceOf(StoreError).and.not.instanceOf(StoreFullError)
    expect([store.has(b.digest), store.used, await store.get(a)]).to.deep.equal([false, PAGE, a])
    refused = { operations: [], code: '' }
    await store.put(b)
    expect([await store.get(a), await store.get(b), store.used]).to.deep.equal([a, b, 2 * PAGE])
    expect(events).to.deep.equal([])
    await store.close()
  })

  it('says once that nothing can be read, keeps what it cannot read, and gives it when that is over', async () => {
    const store = storeOn(io)
    await store.open()
    const all = await blocks(5)
    for (const each of all) await store.put(each)
    for (const code of ['EACCES', 'EMFILE']) {
      events.length = 0
      refused = { operations: ['read'], code }
      expect(await Promise.all(all.map(each => store.get(each)))).to.deep.equal(all.map(() => undefined))
      expect(events.map(event => event.type)).to.deep.equal(['failed'])
      expect((events[0] as { error: Error }).error).to.be.instanceOf(StoreError)
      expect(store.used).to.equal(5 * PAGE)
      refused = { operations: [], code: '' }
      expect(await Promise.all(all.map(each => store.get(each)))).to.deep.equal(all)
    }
    await store.close()
  })

  it('gives up what lies on a bad place of the disk, and says so', async () => {
    const store = storeOn(io)
    await store.open()
    const [a] = await blocks(1) as [VerifiedBlock]
    await store.put(a)
    refused = { operations: ['read'], code: 'EIO' }
    expect(await store.get(a)).to.equal(undefined)
    expect([events.map(event => event.type), store.used]).to.deep.equal([['corrupt'], 0])
    await store.close()
  })

  it('cannot be opened where it really may not write or may not look, and loses nothing by it', async () => {
    const [a, b] = await blocks(2) as [VerifiedBlock, VerifiedBlock]
    const home = path.join(folder, 'store')
    const first = fileStore({ path: home, quota: Infinity })
    await first.open()
    await first.put(a)
    await first.close()
    await fs.chmod(folder, 0o755)
    for (const [mode, what] of [[0o555, 'locking'], [0o000, 'creating']] as const) {
      await fs.chmod(home, mode)
      await withoutPrivileges(async () => {
        const error = await failure(fileStore({ path: home, quota: Infinity }).open())
        expect(error).to.be.instanceOf(StoreError)
        expect(error.message).to.contain(what).and.contain('EACCES')
      })
    }
    await fs.chmod(home, 0o755)
    const store = fileStore({ path: home, quota: Infinity })
    await store.open()
    expect(await store.get(a)).to.deep.equal(a)
    await store.put(b)
    await store.close()
  })

  it('cannot be opened while another process has it, says which, and can when that one is gone, however it went', async function () {
    this.timeout(20_000)
    const other = spawn(process.execPath, [VICTIM, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
    const closed = once(other, 'close')
    const store = fileStore({ path: folder, quota: 4 * 1024 * 1024 })
    try {
      await once(other.stdout, 'data')
      const error = await failure(store.open())
      expect(error).to.be.instanceOf(DataInUseError)
      expect(error.message).to.contain(folder).and.contain(String(other.pid))
    } finally {
      other.kill('SIGKILL')
      await closed
    }
    await store.open()
    expect(store.used).to.be.greaterThan(0)
    await store.close()
  })

  it('cannot be opened on a file system that is really read-only, and loses nothing by it', async function () {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
    } catch {
      // Only the superuser of a machine that is not too locked up may mount.
      this.skip()
    }
    try {
      const [a, b] = await blocks(2) as [VerifiedBlock, VerifiedBlock]
      const first = fileStore({ path: folder, quota: Infinity })
      await first.open()
      await first.put(a)
      await first.close()
      execFileSync('mount', ['-o', 'remount,ro', folder], { stdio: 'ignore' })
      expect(await failure(fileStore({ path: folder, quota: Infinity }).open())).to.be.instanceOf(StoreError)
      execFileSync('mount', ['-o', 'remount,rw', folder], { stdio: 'ignore' })
      const store = fileStore({ path: folder, quota: Infinity })
      await store.open()
      expect(await store.get(a)).to.deep.equal(a)
      await store.put(b)
      await store.close()
    } finally {
      execFileSync('umount', [folder])
    }
  })
})
