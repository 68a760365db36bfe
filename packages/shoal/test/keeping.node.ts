import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import { NotFoundError, StoreError, StoreFullError, type Shoal, type ShoalEvents } from '@shoal/interface'
import { bytesOf, read, surroundings, until } from './nodes.js'

const SIZE = 600_000

describe('keeping', () => {
  const { node, folder, serve } = surroundings()
  const published = async (seed: number): Promise<{ link: string, publisher: Shoal }> => {
    const publisher = await node()
    const { link } = await publisher.publishBytes(new Map([['x', bytesOf(SIZE, seed)]]), { name: 'c' })
    return { link, publisher }
  }

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
      await until(() => shoal.status.contents[0]?.held === SIZE, 'all is there')
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
      expect(await read(content, 'x')).to.have.length(SIZE)
      await until(() => errors.length > 0, 'it says so')
      expect(errors[0]).to.be.instanceOf('data' in options ? StoreError : StoreFullError)
      await shoal.stop()
    }
  })

  it('asks again for blocks that rotted or were deleted underneath', async () => {
    const data = await folder()
    const bytes = bytesOf(SIZE, 6)
    const origin = await serve((_, response) => { response.end(bytes) })
    const publisher = await node()
    const { link } = await publisher.publishBytes(new Map([['x', bytes]]), { name: 'c', origin })
    const shoal = await node({ data })
    const corrupt: string[] = []
    shoal.addEventListener('store:corrupt', event => { corrupt.push(event.detail.where) })
    const content = await shoal.open(link)
    await content.fetchAll()
    await writeFile(join(data, 'store/packs/256k'), new Uint8Array(10))
    expect((await read(content, 'x')).equals(bytes)).to.equal(true)
    expect(corrupt).to.have.length(2)
  })
})
