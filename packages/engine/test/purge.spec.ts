import { expect } from 'chai'
import { hashBlock, openPurge, swarmIdOf } from '@shoal/content'
import { buildPurge } from '@shoal/content/publishing'
import type { BlockRef, PurgeDetail } from '@shoal/interface'
import { randomBytes } from './bytes.js'
import { testContent, testNode, until, type TestNode } from './node.js'
import { blocksOf, details, failure, FILES, holds, keyOf, read, served, signed } from './purging.js'
import { Studio } from './studio.js'
import { VirtualNet } from './virtual-net.js'

describe('purging', function () {
  this.timeout(30_000)
  const nodes: TestNode[] = []
  const node = async (net: VirtualNet, name: string): Promise<TestNode> => {
    const made = await testNode(net, name)
    nodes.push(made)
    return made
  }
  /** A publisher, and one who has fetched all. */
  const pair = async (net = new VirtualNet()) => {
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const built = await testContent(FILES, a.store, { publisher: await keyOf(1) })
    const atA = await a.open(built, { publish: true })
    await atA.scan()
    const atB = await b.open(built, { hints: ['a'] })
    await atB.complete(undefined, {})
    return { net, a, b, built, atA, atB }
  }

  afterEach(async () => { await Promise.all(nodes.splice(0).map(async ({ engine }) => { await engine.stop() })) })

  it('deletes a path, refuses it, and neither reads nor fetches it again', async () => {
    const { net, a, b, built, atA, atB } = await pair()
    await atA.purging.issue(await signed(built, { paths: ['a/'] }))
    await until(() => details(b, 'purge').length === 1, 'b hears of it')
    for (const each of [a, b]) {
      const held = await Promise.all(Object.keys(FILES).map(async path => await holds(each, built, path)))
      expect(held, each.name).to.deep.equal([false, false, true])
      expect(details(each, 'purge')).to.deep.equal([
        { content: atA.link, all: false, paths: ['a/'], cids: [], reason: 'court order', tag: undefined, bytes: 600_000 }
      ])
    }
    const place = { swarm: atA.swarm, segment: 0, block: 0 }
    for (const peer of ['a', 'b']) expect(await served(net, peer, place), peer).to.equal('retired')
    expect(atB.held).to.equal(300_000)
    expect(await failure(read(atB, 'a/1.bin'))).to.equal('PurgedError')
    expect(await failure(atB.complete(undefined, {}))).to.equal('PurgedError')
    expect(await read(atB, 'b.bin')).to.deep.equal(FILES['b.bin'])
    // what a store has all the same is not taken for held
    await b.store.put(await hashBlock(FILES['a/1.bin'].subarray(0, 262_144)))
    expect(await holds(b, built, 'a/1.bin')).to.equal(true)
    await atB.scan()
    expect(atB.held).to.equal(300_000)
  })

  it('ends readers of it, and a save', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const built = await testContent(FILES, undefined, { publisher: await keyOf(1) })
    const atA = await a.open(built, { publish: true })
    const atB = await b.open(built, { hints: ['a'] })
    const reading = failure(read(atB, 'b.bin'))
    await until(() => atB.stats.connected === 1, 'they meet')
    const saving = failure(atB.complete({ has: () => false, write: () => Promise.resolve() }, {}))
    await atA.purging.issue(await signed(built, { cids: [(await built.manifest.find('b.bin')).cid] }))
    expect(await Promise.all([reading, saving])).to.deep.equal(['PurgedError', 'PurgedError'])
  })

  it('leaves blocks that another path or content needs, or that are pinned', async () => {
    const net = new VirtualNet()
    const a = await node(net, 'a')
    const same = randomBytes(100_000, 9)
    const key = await keyOf(1)
    const files = { one: same, two: same, three: randomBytes(1_000, 8), four: randomBytes(1_000, 7) }
    const first = await testContent(files, a.store, { publisher: key })
    const second = await testContent({ other: randomBytes(1_000, 8) }, a.store, { publisher: key })
    const [atFirst, atSecond] = [await a.open(first, { publish: true }), await a.open(second, { publish: true })]
    await Promise.all([atFirst.scan(), atSecond.scan()])
    const [four] = await blocksOf(first, 'four') as [BlockRef]
    a.store.pin(four.digest)
    await atFirst.purging.issue(await signed(first, { paths: ['one', 'three', 'four'] }))
    expect(await read(atFirst, 'two')).to.deep.equal(same)
    expect(await read(atSecond, 'other')).to.deep.equal(randomBytes(1_000, 8))
    expect(a.store.has(four.digest)).to.equal(true)
    expect(await failure(read(atFirst, 'one'))).to.equal('PurgedError')
    expect(details(a, 'purge')[0]).to.include({ bytes: 0 })
  })

  it('of all deletes the manifest as well, and closes the content where it was fetched', async () => {
    const { a, b, built, atA, atB } = await pair()
    await atA.purging.issue(await signed(built, { all: true }))
    await until(() => details(b, 'purge').length === 1, 'b hears of it')
    await until(() => atB.stats.connected === 0, 'b leaves')
    expect([a, b].map(({ store }) => store.used)).to.deep.equal([0, 0])
    expect([a, b].map(({ purges }) => purges.size)).to.deep.equal([1, 1])
  })

  it('deletes what is still on its way to the disk, too', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const built = await testContent(FILES, a.store, { publisher: await keyOf(1) })
    const atA = await a.open(built, { publish: true })
    await atA.scan()
    const disk = Promise.withResolvers<undefined>()
    const put = b.store.put.bind(b.store)
    b.store.put = async (...args) => {
      await disk.promise
      await put(...args)
    }
    const atB = await b.open(built, { hints: ['a'] })
    expect(await read(atB, 'b.bin')).to.deep.equal(FILES['b.bin'])
    await atA.purging.issue(await signed(built, { paths: ['b.bin'] }))
    await until(() => atB.purging.current !== undefined, 'b hears of it')
    disk.resolve(undefined)
    await until(() => details(b, 'purge').length === 1, 'it is carried out')
    expect(await holds(b, built, 'b.bin')).to.equal(false)
  })

  it('deletes what an earlier run left in the store, though nothing has been read of it', async () => {
    const a = await node(new VirtualNet(), 'a')
    const paths = Array.from({ length: 1_500 }, (_, i) => `${'x'.repeat(200)}/${String(i).padStart(4, '0')}`)
    const files = Object.fromEntries(paths.map((path, i) => [path, randomBytes(4, i)]))
    const built = await testContent(files, a.store, { publisher: await keyOf(1) })
    expect(built.pages.length).to.be.above(1)
    const atA = await a.open(built, { publish: true })
    const [first, last] = [paths[0] as string, paths.at(-1) as string]
    await atA.purging.issue(await signed(built, { paths: [first, last] }))
    for (const path of [first, last]) expect(await holds(a, built, path)).to.equal(false)
    expect(details(a, 'purge')[0]).to.include({ bytes: 8 })
  })

  it('of lists that come while one is carried out carries out the last', async () => {
    const { a, atA, built } = await pair()
    const disk = Promise.withResolvers<undefined>()
    const remove = a.store.delete.bind(a.store)
    a.store.delete = async digest => {
      await disk.promise
      await remove(digest)
    }
    const lists: Promise<void>[] = []
    for (const [i, path] of ['a/1.bin', 'a/2.bin', 'b.bin'].entries()) {
      lists.push(atA.purging.issue(await signed(built, { paths: [path], sequence: 1 + i })))
      await until(() => atA.purging.current?.sequence === 1 + i, 'it counts')
    }
    disk.resolve(undefined)
    await Promise.all(lists)
    expect(details(a, 'purge').map(detail => (detail as PurgeDetail).paths)).to.deep.equal([['a/1.bin'], ['b.bin']])
  })

  it('refuses nobody who asks while the content is being opened', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const built = await testContent(FILES, a.store, { publisher: await keyOf(1) })
    const known = Promise.withResolvers<undefined>()
    a.purges.get = () => known.promise as never
    const session = await net.exchanges.get('b')?.connect('a')
    if (session === undefined) throw new Error('they should meet')
    const swarm = await swarmIdOf(built.manifest.summary.cid)
    const answer = net.exchanges.get('a')?.serve?.admit(session, swarm, undefined)
    await a.open(built, { publish: true })
    known.resolve(undefined)
    expect(await answer, 'admitted').to.equal(undefined)
    expect(await net.exchanges.get('b')?.serve?.admit(session, swarm, undefined), b.name).to.equal('not-found')
  })

  it('deletes it also where that cannot be recorded', async () => {
    const { b, built, atA } = await pair()
    b.purges.set = () => { throw new Error('the disk is gone') }
    await atA.purging.issue(await signed(built, { paths: ['b.bin'] }))
    await until(() => details(b, 'purge').length === 1, 'b hears of it')
    expect(await holds(b, built, 'b.bin')).to.equal(false)
    expect(details(b, 'error')).to.have.length(1)
  })

  it('takes the newest list only, whoever brings it, and a replay changes nothing', async () => {
    const { net, a, b, built, atA, atB } = await pair()
    const [older, newer] = [await signed(built, { paths: ['a/1.bin'] }), await signed(built, { paths: ['a/1.bin', 'b.bin'], sequence: 2 })]
    await atA.purging.issue(newer)
    await until(() => details(b, 'purge').length === 1, 'b hears of it')
    await atA.purging.issue(older)
    // from somebody who never heard of the newer: it is told
    const c = await node(net, 'c')
    const session = await net.exchanges.get('c')?.connect('b')
    session?.purge(atA.swarm, older)
    session?.purge(atA.swarm, older)
    await until(() => [...net.exchanges.get('b')?.sessions ?? []].some(({ peer }) => peer === 'c'), 'they meet')
    await new Promise(resolve => { setTimeout(resolve, 50) })
    for (const each of [atA, atB]) expect(each.purging.current?.sequence).to.equal(2)
    for (const each of [a, b]) expect(details(each, 'purge')).to.have.length(1)
    expect([a, b, c].flatMap(each => details(each, 'peer:penalty'))).to.deep.equal([])
  })

  it('believes nobody but the publisher', async () => {
    const { net, b, built, atB } = await pair()
    const other = await testContent({ x: randomBytes(10) }, undefined, { publisher: await keyOf(1) })
    const good = await signed(built, { paths: ['b.bin'], sequence: 5 })
    const bad = [
      await signed(built, { all: true }, 2), await signed(other, { all: true }), good.with(20, (good[20] as number) ^ 1),
      new Uint8Array(8_001)
    ]
    for (const [i, purge] of bad.entries()) {
      const session = await (await node(net, `liar ${i}`), net.exchanges.get(`liar ${i}`))?.connect('b')
      session?.purge(atB.swarm, purge)
      await until(() => details(b, 'peer:penalty').length === i + 1, `liar ${i} is found out`)
      expect(details(b, 'peer:penalty').at(-1)).to.include({ peer: `liar ${i}`, reason: 'bad-purge', score: -100 })
    }
    const session = await (await node(net, 'back'), net.exchanges.get('back'))?.connect('b')
    session?.purge(atB.swarm, good)
    await until(() => details(b, 'purge').length === 1, 'the good one is taken from anybody')
    session?.purge(atB.swarm, await signed(built, { paths: ['b.bin'], sequence: 4 }))
    await until(() => details(b, 'peer:penalty').length === bad.length + 1, 'who goes back is found out')
    expect(details(b, 'peer:penalty').at(-1)).to.include({ peer: 'back', reason: 'protocol-violation' })
    expect(await holds(b, built, 'a/1.bin')).to.equal(true)
  })

  it('holds from the start where it was known before', async () => {
    const { b, built, atB, atA } = await pair()
    atA.close()
    atB.close()
    const again = await b.open(built, { publish: true, purge: await openPurge(await signed(built, { paths: ['b.bin'] })) })
    await again.scan()
    await until(() => details(b, 'purge').length === 1, 'it is carried out')
    expect(await failure(read(again, 'b.bin'))).to.equal('PurgedError')
    expect(again.held).to.equal(600_000)
  })

  it('of a live content goes by CID', async () => {
    const net = new VirtualNet()
    const [a, b] = [await node(net, 'a'), await node(net, 'b')]
    const studio = await Studio.open(a.store)
    const atA = await a.openLive(studio, { head: await studio.next() })
    const atB = await b.openLive(studio, { hints: ['a'] })
    const { cid, index } = await (await atB.manifest()).find('seg1-0.ts')
    await read(atB, 'seg1-0.ts')
    await atA.purging.issue(await buildPurge({
      content: { name: studio.name }, sequence: 1, all: false, paths: [], cids: [cid], reason: '', tag: undefined
    }, await keyOf(7)))
    await until(() => details(b, 'purge').length === 1, 'b hears of it')
    expect(await failure(read(atB, 'seg1-0.ts'))).to.equal('PurgedError')
    expect(await served(net, 'b', { swarm: atB.swarm, segment: index, block: 0 })).to.equal('retired')
    await atA.update(await studio.next())
    await until(() => details(b, 'manifest:update').length === 1, 'it goes on')
    expect(await read(atB, 'seg1-1.ts')).to.deep.equal(studio.bytes.get('seg1-1.ts'))
  })
})
