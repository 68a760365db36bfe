import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'chai'
import type { FallbackDetail, PurgeDetail, Shoal } from '@shoal/interface'
import { LevelDatastore } from 'datastore-level'
import { Key } from 'interface-datastore'
import { bytesOf, read, surroundings, until } from './nodes.js'

const FILES = new Map([['low/1', bytesOf(300_000, 1)], ['low/2', bytesOf(300_000, 2)], ['top', bytesOf(300_000, 3)]])

async function failure (promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => expect.fail('it should fail'), (error: Error) => error.name)
}

const tell = async (shoal: Shoal): Promise<PurgeDetail> => await new Promise(resolve => {
  shoal.addEventListener('purge', event => { resolve(event.detail) }, { once: true })
})

describe('purging', function () {
  this.timeout(30_000)
  const { node, stopAll, folder, serve } = surroundings()

  it('of a folder reaches those who fetched it, and outlives a restart of both', async () => {
    const [dataA, dataB] = [await folder(), await folder()]
    const a = await node({ data: dataA })
    const { link, content } = await a.publishBytes(FILES, { name: 'c' })
    const b = await node({ data: dataB })
    await b.pin(link)
    const [before] = [b.status.store.used]
    const told = tell(b)
    const [result] = await a.purge(link, { paths: ['low/'], reason: 'wrong cut' })
    expect(result).to.deep.include({ all: false, paths: ['low/'], cids: [] })
    expect(await told).to.deep.include({ all: false, paths: ['low/'], reason: 'wrong cut', bytes: 600_000 })
    expect(before - b.status.store.used).to.be.at.least(600_000)
    expect(await failure(read(content, 'low/1'))).to.equal('PurgedError')
    expect(await failure(content.stat('low/2'))).to.equal('PurgedError')
    expect((await read(content, 'top')).equals(FILES.get('top') as Uint8Array)).to.equal(true)
    await stopAll()

    for (const data of [dataA, dataB]) {
      const again = await node({ data })
      const opened = await again.open(link)
      expect(await failure(read(opened, 'low/1')), data).to.equal('PurgedError')
      expect((await read(opened, 'top')).equals(FILES.get('top') as Uint8Array)).to.equal(true)
      expect(again.status.contents[0]?.held).to.equal(300_000)
      if (data === dataB) expect((await again.unpin(link)).segments).to.equal(3)
    }
  })

  for (const way of ['path', 'CID', 'tag'] as const) {
    it(`by ${way} reaches those who fetched it and those who come later, and nobody gets it any more`, async () => {
      const a = await node()
      const { link, content } = await a.publishBytes(FILES, { name: 'c', policy: { tags: ['old'] } })
      const b = await node()
      const fetched = await b.open(link)
      await fetched.fetchAll()
      const told = tell(b)
      const { cid } = await content.stat('top')
      if (way === 'tag') await a.purge({ tag: 'old' }, { reason: 'season over' })
      else await a.purge(link, { [way === 'path' ? 'paths' : 'cids']: [way === 'path' ? 'top' : cid], reason: 'season over' })
      expect(await told).to.deep.include({
        all: way === 'tag', paths: way === 'path' ? ['top'] : [], cids: way === 'CID' ? [cid] : [], tag: way === 'tag' ? 'old' : undefined,
        reason: 'season over', bytes: (await told).bytes
      })
      expect((await told).bytes).to.be.at.least(300_000)
      expect(await failure(read(fetched, 'top'))).to.equal('PurgedError')
      if (way === 'tag') {
        expect(await failure(b.open(link))).to.equal('PurgedError')
        return
      }
      // whoever knows none but the one who fetched it
      const c = await node({ bootstrap: b.addrs.slice(0, 1) })
      const toldToo = tell(c)
      const late = await c.open(link.split('?', 1)[0] as string)
      await toldToo
      expect(await failure(read(late, 'top'))).to.equal('PurgedError')
      expect((await read(late, 'low/1')).equals(FILES.get('low/1') as Uint8Array)).to.equal(true)
    })
  }

  it('of all closes and forgets it; whoever comes later is told', async () => {
    const dataB = await folder()
    const a = await node()
    const { link, content } = await a.publishBytes(FILES, { name: 'c' })
    const b = await node({ data: dataB })
    await b.pin(link)
    const open = await b.open(link)
    const told = tell(b)
    expect(await a.purge(link)).to.have.length(1)
    expect(await told).to.deep.include({ all: true, paths: [], cids: [] })
    await until(() => b.contents.length === 0, 'b forgets it')
    expect([a, b].map(shoal => shoal.contents.length)).to.deep.equal([0, 0])
    expect([a, b].map(shoal => shoal.status.store.used)).to.deep.equal([0, 0])
    for (const handle of [open, content]) expect(await failure(read(handle, 'top'))).to.equal('PurgedError')
    for (const shoal of [a, b]) expect(await failure(shoal.open(link))).to.equal('PurgedError')
    expect(await failure(b.unpin(link))).to.equal('NotFoundError')

    const late = await node()
    const lateTold = tell(late)
    const found = await late.open(link).catch(() => undefined)
    await lateTold
    await until(() => late.contents.length === 0, 'the late one forgets it')
    if (found !== undefined) expect(await failure(read(found, 'top'))).to.equal('PurgedError')

    await b.stop()
    const again = await node({ data: dataB })
    expect(await failure(again.open(link))).to.equal('PurgedError')
    expect(again.contents).to.have.length(0)
  })

  it('leaves the files of who published them alone, and does not seed them again', async () => {
    const [data, files] = [await folder(), await folder()]
    await mkdir(join(files, 'low'))
    for (const [path, bytes] of FILES) await writeFile(join(files, path), bytes)
    const a = await node({ data })
    const { link } = await a.publish(files)
    await a.purge(link, { paths: ['low/1'] })
    expect((await readFile(join(files, 'low/1'))).equals(FILES.get('low/1') as Uint8Array)).to.equal(true)
    await a.stop()
    const again = await node({ data })
    const opened = await again.open(link)
    await until(() => again.status.contents[0]?.held === 600_000, 'the others are seeded')
    expect(await failure(read(opened, 'low/1'))).to.equal('PurgedError')
  })

  it('leaves files alone that were saved, and does not give them any more', async () => {
    const [files, out] = [await folder(), await folder()]
    await writeFile(join(files, 'top'), FILES.get('top') as Uint8Array)
    const a = await node()
    const { link } = await a.publish(files)
    const b = await node({ data: await folder() })
    const saved = await b.open(link)
    await saved.save(out)
    const told = tell(b)
    await a.purge(link)
    await told
    for (const place of [files, out]) expect((await readFile(join(place, 'top'))).equals(FILES.get('top') as Uint8Array), place).to.equal(true)
    expect(await failure(read(saved, 'top'))).to.equal('PurgedError')
    await until(() => b.contents.length === 0, 'b forgets it')
  })

  it('goes by tag where the record of the content is one of an earlier version', async () => {
    const data = await folder()
    let a = await node({ data })
    const { link } = await a.publishBytes(FILES, { name: 'c', policy: { tags: ['old'] } })
    const late = await a.publishBytes(new Map([['x', bytesOf(100, 5)]]), { name: 'late', policy: { tags: ['old'] } })
    await a.stop()
    const records = new LevelDatastore(join(data, 'records'))
    await records.open()
    const key = new Key(`/shoal/contents/${link.slice('shoal:'.length).split('?', 1)[0] ?? ''}`)
    const { publisher, tags, ...rest } = JSON.parse(new TextDecoder().decode(await records.get(key))) as Record<string, unknown>
    expect([publisher, tags]).to.deep.equal([a.peerId, ['old']])
    await records.put(key, new TextEncoder().encode(JSON.stringify(rest)))
    await records.close()

    a = await node({ data })
    await until(() => a.status.contents.length === 2 && a.status.contents.every(({ held, bytes }) => held === bytes), 'both are seeded')
    const purged = await a.purge({ tag: 'old' })
    expect(purged.map(({ name }) => name).sort()).to.deep.equal(['c', 'late'])
    expect(await failure(a.open(late.link))).to.equal('PurgedError')
  })

  it('passes URLs of it through to the origin untouched', async () => {
    const asked: (string | undefined)[] = []
    const origin = `${await serve((request, response) => {
      asked.push(request.headers.range)
      response.end('from the origin')
    })}show/`
    const a = await node()
    const { link } = await a.publishBytes(FILES, { name: 'c', origin })
    const fallbacks: FallbackDetail[] = []
    a.addEventListener('fallback', ({ detail }) => { fallbacks.push(detail) })
    expect(Buffer.from(await (await a.fetch(`${origin}top`)).arrayBuffer()).equals(FILES.get('top') as Uint8Array)).to.equal(true)
    expect(asked).to.deep.equal([])
    await a.purge(link, { paths: ['top'] })
    expect(await (await a.fetch(`${origin}top`, { headers: { range: 'bytes=0-9' } })).text()).to.equal('from the origin')
    expect(fallbacks.map(({ path, reason }) => [path, reason])).to.deep.equal([['top', 'purged']])
    await a.purge(link)
    expect(await (await a.fetch(`${origin}low/1`)).text()).to.equal('from the origin')
    expect(asked).to.deep.equal(['bytes=0-9', undefined])
  })

  it('goes by tag, CID and folder, adds up, and names nothing that is not there', async () => {
    const a = await node()
    const policy = { tags: ['old'] }
    const one = await a.publishBytes(FILES, { name: 'one', policy })
    const two = await a.publishBytes(new Map([['x', bytesOf(100, 5)]]), { name: 'two', policy })
    const three = await a.publishBytes(new Map([['y', bytesOf(100, 6)]]), { name: 'three' })
    const { cid } = await one.content.stat('top')
    await a.purge(one.link, { paths: ['low/2'] })
    const [both] = await a.purge(one.link, { cids: [cid] })
    expect(both).to.deep.include({ paths: ['low/2'], cids: [cid] })
    expect(await failure(read(one.content, 'top'))).to.equal('PurgedError')
    for (const options of [{ paths: ['nowhere'] }, { paths: ['lo/'] }, { cids: ['bafkreia'] }, { paths: ['low/1', 'gone'] }]) {
      expect(await failure(a.purge(one.link, options)), JSON.stringify(options)).to.equal('NotFoundError')
    }
    expect((await a.purge({ tag: 'old' }, { reason: 'season over' })).map(({ name, all }) => [name, all]).sort()).to.deep.equal([
      ['one', true], ['two', true]
    ])
    expect(a.contents.map(({ link }) => link)).to.deep.equal([three.link])
    expect(await failure(a.open(two.link))).to.equal('PurgedError')
    expect(await failure(a.purge({ tag: 'old' }))).to.equal('NotFoundError')
    expect(await failure(a.purge({ tag: 'old' }, { paths: ['y'] }))).to.equal('ConfigError')
  })

  it('is for the publisher alone', async () => {
    const a = await node()
    const { link } = await a.publishBytes(FILES, { name: 'c' })
    const b = await node()
    expect(await failure(b.purge(link))).to.equal('UnauthorisedError')
    expect(b.contents, 'open for nothing').to.have.length(0)
    const c = await node()
    const open = await c.open(link)
    expect(await failure(c.purge(link, { paths: ['top'] }))).to.equal('UnauthorisedError')
    expect((await read(open, 'top')).byteLength).to.equal(300_000)
  })
})
