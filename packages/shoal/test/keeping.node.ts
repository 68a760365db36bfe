import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { seededRandom } from '@shoal/base'
import { expect } from 'chai'
import { NotFoundError, StoreError, StoreFullError, type Shoal, type ShoalEvents, type ShoalOptions } from '@shoal/interface'
import { createShoal } from '../src/index.js'

const SIZE = 600_000

describe('keeping', () => {
  const nodes: Shoal[] = []
  const folders: string[] = []

  const node = async (options: ShoalOptions = {}): Promise<Shoal> => {
    const shoal = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'], ...options })
    nodes.push(shoal)
    return shoal
  }
  const folder = async (): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'shoal-'))
    folders.push(path)
    return path
  }
  const published = async (seed: number): Promise<{ link: string, publisher: Shoal }> => {
    const publisher = await node()
    const random = seededRandom(seed)
    const bytes = Uint8Array.from({ length: SIZE }, () => random() * 256)
    const { link } = await publisher.publishBytes(new Map([['x', bytes]]), { name: 'c' })
    return { link, publisher }
  }
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise(resolve => setTimeout(resolve, 10))
  }

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async shoal => { await shoal.stop() }))
    await Promise.all(folders.splice(0).map(async path => { await rm(path, { recursive: true, force: true }) }))
  })

  describe('a pinned content', () => {
    it('is there at the next start with nobody to ask, whatever is collected, until it is unpinned', async () => {
      const data = await folder()
      const { link, publisher } = await published(1)
      let shoal = await node({ data })
      const { bytes, cid } = await shoal.pin(link)
      expect(bytes).to.equal(SIZE)
      await publisher.stop()
      await shoal.stop()

      shoal = await node({ data })
      expect(await shoal.collect({ keep: 0 })).to.deep.equal({ blocks: 0, bytes: 0 })
      await until(() => shoal.status.contents[0]?.held === SIZE)
      expect(await shoal.unpin(link)).to.have.property('cid', cid)
      expect(shoal.contents).to.deep.equal([])
      expect((await shoal.collect({ keep: '4KiB' })).bytes).to.be.greaterThan(SIZE)
      const error = await shoal.unpin(link).catch((error: unknown) => error)
      expect(error).to.be.instanceOf(NotFoundError)
      await shoal.stop()

      shoal = await node({ data })
      expect(shoal.status.store.used).to.be.at.most(4096)
      expect(shoal.status.contents).to.deep.equal([])
    })

    it('that does not fit is not pinned in part', async () => {
      const { link } = await published(2)
      const shoal = await node({ store: { quota: '400KiB' } })
      expect(await shoal.pin(link).catch((error: unknown) => error)).to.be.instanceOf(StoreFullError)
      await shoal.collect({ keep: 0 })
      // the manifest of what is open stays
      expect(shoal.status.store.used).to.be.at.most(1024)
      expect(shoal.contents).to.deep.equal([])
    })

    it('of the node’s own seeds stays what it was', async () => {
      const { link, publisher } = await published(3)
      await publisher.pin(link)
      expect(await publisher.unpin(link).catch((error: unknown) => error)).to.be.instanceOf(NotFoundError)
      expect(publisher.status.contents[0]?.held).to.equal(SIZE)
    })
  })

  it('goes on in memory, and says so, when the folder of the store cannot be used', async () => {
    const data = await folder()
    // a file where the folder should be: permission bits do not bind the superuser
    await writeFile(join(data, 'store'), 'mine')
    const { link } = await published(4)
    const shoal = await node({ data })
    const errors: ShoalEvents['error']['detail'][] = []
    shoal.addEventListener('error', event => { errors.push(event.detail) })
    const content = await shoal.open(link)
    await content.fetchAll()
    expect(shoal.status.contents[0]?.held).to.equal(SIZE)
    expect(errors.map(({ doing }) => doing)).to.deep.equal(['opening the storage: all is kept in memory instead'])
    expect(errors[0]?.error).to.be.instanceOf(StoreError)
  })

  it('delivers without a store: nothing fits, the disk under it is gone', async () => {
    const { link } = await published(5)
    for (const options of [{ store: { quota: 0 } }, { data: await folder() }]) {
      const shoal = await node(options)
      const errors: Error[] = []
      shoal.addEventListener('error', event => { errors.push(event.detail.error) })
      const content = await shoal.open(link)
      if ('data' in options) {
        const store = join(options.data as string, 'store')
        await rm(store, { recursive: true, force: true })
        await writeFile(store, '')
      }
      let bytes = 0
      for await (const part of content.read('x')) bytes += part.byteLength
      expect(bytes).to.equal(SIZE)
      await until(() => errors.length > 0)
      expect(errors[0]).to.be.instanceOf('data' in options ? StoreError : StoreFullError)
      await shoal.stop()
    }
  })

  it('asks again for blocks that rotted or were deleted underneath', async () => {
    const data = await folder()
    const random = seededRandom(6)
    const bytes = Uint8Array.from({ length: SIZE }, () => random() * 256)
    const server = createServer((_, response) => { response.end(bytes) }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const publisher = await node()
    const { link } = await publisher.publishBytes(new Map([['x', bytes]]), { name: 'c', origin })
    const shoal = await node({ data })
    const corrupt: string[] = []
    shoal.addEventListener('store:corrupt', event => { corrupt.push(event.detail.where) })
    const content = await shoal.open(link)
    await content.fetchAll()
    await writeFile(join(data, 'store/packs/256k'), new Uint8Array(10))
    const parts: Uint8Array[] = []
    for await (const part of content.read('x')) parts.push(part)
    expect(Buffer.concat(parts).equals(bytes)).to.equal(true)
    expect(corrupt).to.have.length(2)
    server.close()
  })
})
