import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs/promises'
import * as os from 'node:os'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromHex } from '@shoal/base'
import { DataInUseError, StoreFullError, type StoreEvent, type VerifiedBlock } from '@shoal/interface'
import { expect } from 'chai'
import { memoryStore } from '../src/index.js'
import { fileStore, referenceStore } from '../src/node.js'
import { block, failure } from './blocks.js'
import { records } from './packs.js'

const VICTIM = fileURLToPath(new URL('victim.js', import.meta.url))
const CROWDED = fileURLToPath(new URL('crowded.js', import.meta.url))

describe('file store, when the worst happens', () => {
  let folder: string

  beforeEach(async () => { folder = await fs.mkdtemp(path.join(os.tmpdir(), 'shoal-crash-')) })
  afterEach(async () => { await fs.rm(folder, { recursive: true, force: true }) })

  it('loses nothing that was put, and serves nothing wrong, when its process is killed at any time', async function () {
    this.timeout(20_000)
    for (let round = 0; round < 3; round++) {
      const victim = spawn(process.execPath, [VICTIM, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
      let output = ''
      const closed = once(victim, 'close')
      try {
        victim.stdout.on('data', (chunk: Buffer) => { output += chunk.toString() })
        while (output.length < 65 * (20 + 70 * round)) await once(victim.stdout, 'data')
        expect(await failure(fileStore({ path: folder, quota: 1 }).open())).to.be.instanceOf(DataInUseError)
      } finally {
        victim.kill('SIGKILL')
        await closed
      }

      const events: StoreEvent[] = []
      const store = fileStore({ path: folder, quota: 4 * 1024 * 1024 })
      store.onevent = event => { events.push(event) }
      await store.open()
      expect((await fs.readdir(path.join(folder, 'packs'))).sort()).to.deep.equal(['64k', '64k.index'])
      const held = await records(path.join(folder, 'packs/64k.index'))
      expect(store.used).to.equal(held.length * 65_536).and.to.be.at.most(store.quota)
      expect((await fs.stat(path.join(folder, 'packs/64k'))).size).to.be.within(store.used, store.quota)
      for (const { digest } of held) expect(await store.get({ digest })).to.not.equal(undefined)
      // The first round is too short for evictions.
      if (round === 0) for (const hex of output.trim().split('\n')) expect(store.has(fromHex(hex.slice(0, 64)) as Uint8Array)).to.equal(true)
      expect(events).to.deep.equal([])
      await store.close()
    }
  })

  it('refuses, and leaves nothing half written, where the system gives no more room to any file', async function () {
    if (process.platform === 'win32') this.skip()
    // Of any user's process; Node.js ignores the signal that comes with it. In units of 512 or 1024 bytes.
    const output = execFileSync('sh', ['-c', 'ulimit -f 2048 && exec "$0" "$@"', process.execPath, CROWDED, folder], { encoding: 'utf8' })
    const { error, held, given, recorded } = JSON.parse(output) as { error: string, held: number, given: number, recorded: number }
    expect(error).to.equal('StoreFullError')
    expect(held).to.be.within(1, 10)
    expect([given, recorded]).to.deep.equal([held, held])
  })

  it('refuses, and leaves nothing half written, on a disk that is really full', async function () {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
    } catch {
      // Only the superuser of a machine that is not too locked up may mount.
      this.skip()
    }
    try {
      const store = fileStore({ path: path.join(folder, 'store'), quota: Infinity })
      await store.open()
      const kept: VerifiedBlock[] = []
      const error = await failure((async () => {
        for (let i = 0; ; i++) {
          const each = await block(i, 200_000)
          store.pin(each.digest)
          await store.put(each)
          kept.push(each)
        }
      })())
      expect(error).to.be.instanceOf(StoreFullError)
      expect(kept.length).to.be.within(1, 5)
      for (const each of kept) expect(await store.get(each)).to.deep.equal(each)
      expect(await records(path.join(folder, 'store/packs/196k.index'))).to.have.length(kept.length)

      const references = referenceStore(memoryStore({ quota: 0 }))
      const file = references.sink({ out: path.join(folder, 'out'), kind: 'file' }).file('', 10_000_000)
      expect(await failure(Promise.all(kept.map((each, i) => file.write(i * 200_000, each))))).to.be.instanceOf(StoreFullError)
      const last = kept.at(-1) as VerifiedBlock
      for (const each of kept) await store.delete(each.digest)
      await file.write(0, last)
      expect(await references.get(last)).to.deep.equal(last)
      await store.close()
      await references.close()
    } finally {
      execFileSync('umount', [folder])
    }
  })
})
