import { expect } from 'chai'
import { NotFoundError, OriginError, StoreFullError, type Origin, type OriginRequest } from '@shoal/interface'
import { memoryStore } from '@shoal/store'
import { randomBytes } from './bytes.js'
import { collect, testContent, testNode, until, type TestNode } from './node.js'
import { VirtualNet } from './virtual-net.js'

const big = randomBytes(262_144 * 9 + 1234)
const small = randomBytes(1000, 2)
const files = { 'a/big.bin': big, 'small.txt': small }

/** An origin over bytes in memory. */
function memoryOrigin (content: Readonly<Record<string, Uint8Array>>, log: OriginRequest[] = [], saw: unknown[] = []): Origin {
  return {
    bases: ['https://origin.test/'],
    stats: { rate: undefined, ttfb: undefined, failures: 0 },
    downUntil: 0,
    saw (...what) { saw.push(what) },
    fetch (request) {
      log.push(request)
      const bytes = content[request.path]
      if (bytes === undefined) return Promise.reject(new OriginError(`https://origin.test/${request.path} answered 404`, 404))
      const body = async function * (): AsyncGenerator<Uint8Array> { yield bytes.subarray(request.start, request.end) }
      return Promise.resolve({ body: body(), status: 200, contentType: undefined, url: `https://origin.test/${request.path}` })
    }
  }
}

describe('engine', function () {
  this.timeout(20_000)

  it('finds a content by its swarm alone, reads it, and serves it on after the publisher is gone', async () => {
    const net = new VirtualNet()
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(name => testNode(net, name)))
    const built = await testContent(files, a?.store)
    const published = await a?.open(built, { publish: true })
    await published?.scan()

    const atB = await b?.open(built)
    const manifest = await atB?.manifest()
    expect(manifest?.summary).to.deep.equal(built.manifest.summary)
    await atB?.complete(undefined, {})
    expect(atB?.stats.fromPeers).to.equal(big.byteLength + small.byteLength)
    expect(atB?.stats.peers).to.deep.equal({ a: big.byteLength + small.byteLength })
    // the manifest went as well
    expect(published?.stats.uploaded).to.be.within(big.byteLength + small.byteLength, big.byteLength + small.byteLength + 10_000)

    await a?.engine.stop()
    const atC = await c?.open(built)
    const segment = await (await atC?.manifest())?.find('a/big.bin')
    const read = await collect(atC?.read(segment as NonNullable<typeof segment>, { start: 10, end: 600_000 }) as AsyncIterable<Uint8Array>)
    expect(read).to.deep.equal(big.subarray(10, 600_000))
    expect(c?.events.find(event => event.name === 'segment')?.detail)
      .to.include({ path: 'a/big.bin', source: 'peer', reason: 'peers', bytes: 599_990 })
    await Promise.all([b?.engine.stop(), c?.engine.stop()])
  })

  it('takes from the origin what no peer has, says why, and never keeps what differs from the manifest', async () => {
    const net = new VirtualNet()
    const node = await testNode(net, 'a')
    const built = await testContent(files)
    const log: OriginRequest[] = []
    const opened = await node.open(built, { publish: true, origin: memoryOrigin({ ...files, 'small.txt': randomBytes(1000, 3) }, log) })
    const manifest = await opened.manifest()
    const read = await collect(opened.read(await manifest.find('a/big.bin'), { deadline: 1000 }))
    expect(read).to.deep.equal(big)
    expect(log).to.have.length(1)
    expect(node.events.find(event => event.name === 'segment')?.detail).to.include({ source: 'origin', reason: 'no-peer' })

    const abort = new AbortController()
    const bad = collect(opened.read(await manifest.find('small.txt'), { deadline: 1000, signal: abort.signal }))
    await until(() => node.events.some(event => event.name === 'fallback'), 'the mismatch is reported')
    expect(node.events.find(event => event.name === 'fallback')?.detail).to.include({ path: 'small.txt', from: 'origin', reason: 'mismatch' })
    expect(opened.held).to.equal(big.byteLength)
    expect(opened.stats.wasted).to.equal(1000)
    abort.abort(new Error('enough'))
    await bad.then(() => expect.fail('it was read'), (error: Error) => expect(error.message).to.equal('enough'))
    await node.engine.stop()
  })

  it('keeps and shares what it is offered as far as that is right, and says when it is not', async () => {
    const net = new VirtualNet()
    const [a, b] = [await testNode(net, 'a'), await testNode(net, 'b')]
    const built = await testContent(files)
    const saw: unknown[] = []
    const opened = await a.open(built, { publish: true, origin: memoryOrigin({}, [], saw) })
    const manifest = await opened.manifest()
    const segment = await manifest.find('a/big.bin')
    // from the middle of the first block on: whole blocks alone can be judged
    expect(await opened.offer(segment, 1000, big.subarray(1000, 262_144 * 4 + 5))).to.equal(262_144 * 3)
    expect(await opened.offer(segment, 0, big)).to.equal(big.byteLength - 262_144 * 3)
    expect(await opened.offer(segment, 0, big)).to.equal(0)
    opened.saw(big.byteLength, { first: 40, last: 90 })
    expect(saw).to.deep.equal([[big.byteLength, { first: 40, last: 90 }]])
    expect(await opened.offer(await manifest.find('small.txt'), 0, randomBytes(1000, 3))).to.equal(0)
    expect(a.events.filter(({ name }) => name === 'fallback').map(({ detail }) => detail))
      .to.have.nested.property('[0]').that.includes({ path: 'small.txt', from: 'origin', reason: 'mismatch' })
    expect(opened.held).to.equal(big.byteLength)
    expect(opened.stats).to.include({ fromOrigin: big.byteLength, wasted: 0 })

    const atB = await b.open(built)
    const wanted = await (await atB.manifest()).find('a/big.bin')
    expect(await collect(atB.read(wanted, {}))).to.deep.equal(big)
    expect(atB.stats.peers).to.deep.equal({ a: big.byteLength })
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('drops a block that the store lost and gets it again', async () => {
    const net = new VirtualNet()
    const [a, b] = await Promise.all(['a', 'b'].map(name => testNode(net, name)))
    const built = await testContent(files, a?.store)
    const published = await a?.open(built, { publish: true })
    await published?.scan()
    const opened = await b?.open(built)
    await opened?.complete(undefined, {})
    const manifest = await opened?.manifest()
    const segment = await manifest?.find('a/big.bin')
    await b?.store.delete(manifest?.block(segment?.index ?? 0, 3).digest as Uint8Array)
    expect(await collect(opened?.read(segment as NonNullable<typeof segment>, {}) as AsyncIterable<Uint8Array>)).to.deep.equal(big)
    await Promise.all([a?.engine.stop(), b?.engine.stop()])
  })

  it('shuts out a peer that shows a forged signature and takes a good one from another', async () => {
    const net = new VirtualNet()
    const [liar, honest, node] = await Promise.all(['liar', 'honest', 'node'].map(name => testNode(net, name)))
    const built = await testContent(files, honest?.store)
    await (await honest?.open(built, { publish: true }))?.scan()
    const forged = Uint8Array.from(built.envelope)
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    const opened = await node?.open(built, { hints: ['liar'] })
    const session = await net.exchanges.get('liar')?.connect('node')
    await until(() => (node?.engine.peers.length ?? 0) > 0, 'connected')
    session?.join(opened?.swarm ?? '', { have: { complete: [], partial: [] }, head: forged })
    await opened?.complete(undefined, {})
    await Promise.all([liar?.engine.stop(), honest?.engine.stop(), node?.engine.stop()])
    const penalty = node?.events.find(event => event.name === 'peer:penalty')
    expect(penalty?.detail).to.include({ peer: 'liar', reason: 'bad-head' })
  })

  it('serves more peers than it has slots, in turn', async () => {
    const net = new VirtualNet()
    const seed = await testNode(net, 'seed', { upload: { slots: 1, rate: 20_000_000 } })
    const built = await testContent({ 'big.bin': randomBytes(262_144 * 16, 5) }, seed.store)
    await (await seed.open(built, { publish: true })).scan()
    const others = await Promise.all(['b', 'c', 'd'].map(name => testNode(net, name)))
    await Promise.all(others.map(async other => { await (await other.open(built)).complete(undefined, {}) }))
    for (const node of [seed, ...others]) await node.engine.stop()
  })

  it('introduces newcomers by its manifest though it gives nothing else, and says so once', async () => {
    const net = new VirtualNet()
    const miser = await testNode(net, 'miser', { upload: { rate: 0 } })
    const giver = await testNode(net, 'giver')
    const built = await testContent(files, miser.store)
    await (await miser.open(built, { publish: true })).scan()
    const newcomer = await testNode(net, 'newcomer')
    const opened = await newcomer.open(built)
    expect((await opened.manifest()).summary).to.deep.equal(built.manifest.summary)
    const reading = collect(opened.read(await (await opened.manifest()).find('a/big.bin'), {}))
    const session = [...net.exchanges.get('miser')?.sessions ?? []].find(({ peer }) => peer === 'newcomer')
    await until(() => session?.chokes === 1, 'told to wait')
    for (let i = 0; i < 50; i++) await new Promise(resolve => { setTimeout(resolve, 5) })
    expect([session?.chokes, opened.stats.fromPeers]).to.deep.equal([1, 0])
    await testContent(files, giver.store)
    await (await giver.open(built, { publish: true })).scan()
    expect(await reading).to.deep.equal(big)
    for (const node of [miser, giver, newcomer]) await node.engine.stop()
  })

  it('says to everybody at once when it gives nothing, and when it gives again', async () => {
    const net = new VirtualNet()
    const [miser, other] = await Promise.all([testNode(net, 'miser', { upload: { rate: 0 } }), testNode(net, 'other')])
    const built = await testContent(files, miser.store)
    await (await miser.open(built, { publish: true })).scan()
    const opened = await other.open(built)
    await opened.manifest()
    const session = [...net.exchanges.get('miser')?.sessions ?? []].find(({ peer }) => peer === 'other')
    // before anybody asks for a block
    await until(() => session?.chokes === 1, 'told to wait')
    const reading = collect(opened.read(await (await opened.manifest()).find('a/big.bin'), {}))
    miser.engine.setUpload({ rate: Infinity })
    expect(await reading).to.deep.equal(big)
    miser.engine.setUpload({ slots: 0 })
    await until(() => session?.chokes === 2, 'told to wait again')
    for (const node of [miser, other]) await node.engine.stop()
  })

  it('says so when it cannot announce what it holds', async () => {
    const net = new VirtualNet()
    net.mute = 'no stream'
    const node = await testNode(net, 'a')
    const built = await testContent(files, node.store)
    await (await node.open(built, { publish: true })).scan()
    await until(() => node.events.length > 0, 'told')
    const { name, detail } = node.events[0] as { name: string, detail: { error: Error, doing: string } }
    expect([name, detail.error.message, detail.doing]).to.deep.equal(['error', 'no stream', 'announcing what is held'])
    await node.engine.stop()
  })

  it('finds a peer again when a content is closed and opened on a living session', async () => {
    const net = new VirtualNet()
    const [a, b] = await Promise.all(['a', 'b'].map(name => testNode(net, name))) as [TestNode, TestNode]
    const built = await testContent(files, a.store)
    await (await a.open(built, { publish: true })).scan()
    const first = await b.open(built)
    await first.manifest()
    first.close()
    await (await b.open(built)).complete(undefined, {})
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('is told when a peer that was not in the swarm comes in', async () => {
    const net = new VirtualNet()
    const [a, b] = await Promise.all(['a', 'b'].map(name => testNode(net, name))) as [TestNode, TestNode]
    const built = await testContent(files, a.store)
    const published = await a.open(built, { publish: true, hints: ['b'] })
    await published.scan()
    await until(() => a.engine.peers.length === 1, 'connected, and refused')
    await (await b.open(built)).complete(undefined, {})
    expect(published.stats.connected).to.equal(1)
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('does not ask again and again for what its store cannot keep', async () => {
    const net = new VirtualNet()
    const [a, b] = await Promise.all(['a', 'b'].map(name => testNode(net, name))) as [TestNode, TestNode]
    const built = await testContent(files, a.store)
    await (await a.open(built, { publish: true })).scan()
    b.store.put = () => Promise.reject(new StoreFullError('full'))
    const opened = await b.open(built)
    const manifest = await opened.manifest()
    const reading = opened.read(await manifest.find('a/big.bin'), {})
    await reading.next()
    // a reader that takes its time
    await until(() => opened.stats.fromPeers >= big.byteLength, 'everything came')
    for (let i = 0; i < 20; i++) await new Promise(resolve => { queueMicrotask(() => { resolve(undefined) }) })
    for await (const bytes of reading) expect(bytes.byteLength).to.be.greaterThan(0)
    expect([opened.stats.fromPeers, opened.held]).to.deep.equal([big.byteLength, 0])
    expect(b.events.filter(event => event.name === 'error')).to.have.length(1)
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('lets itself be found with nothing but the manifest', async () => {
    const net = new VirtualNet()
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(name => testNode(net, name))) as [TestNode, TestNode, TestNode]
    const built = await testContent(files, a.store)
    const published = await a.open(built, { publish: true })
    await published.scan()
    await (await b.open(built)).manifest()
    await a.engine.stop()
    expect((await (await c.open(built)).manifest()).summary).to.deep.equal(built.manifest.summary)
    await Promise.all([b.engine.stop(), c.engine.stop()])
  })

  it('asks again for what a reader waits for whose block could not be written', async () => {
    const net = new VirtualNet()
    const [a, b] = await Promise.all(['a', 'b'].map(name => testNode(net, name))) as [TestNode, TestNode]
    const built = await testContent(files, a.store)
    await (await a.open(built, { publish: true })).scan()
    const { promise: full, reject } = Promise.withResolvers<never>()
    b.store.put = () => full
    const opened = await b.open(built)
    const segment = await (await opened.manifest()).find('a/big.bin')
    expect(await collect(opened.read(segment, {}))).to.deep.equal(big)
    // all of it is held while it is written
    const late = opened.read(segment, {})
    const first = await late.next()
    reject(new StoreFullError('full'))
    await until(() => opened.held === 0, 'nothing could be written')
    const rest = await collect(late)
    expect(rest).to.deep.equal(big.subarray(first.value?.byteLength))
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('claims no longer what its store evicted', async () => {
    const net = new VirtualNet()
    const a = await testNode(net, 'a')
    const b = await testNode(net, 'b', { quota: 1_000_000 })
    const built = await testContent(files, a.store)
    await (await a.open(built, { publish: true })).scan()
    b.store.onevent = () => { b.engine.storeLost() }
    const opened = await b.open(built)
    await collect(opened.read(await (await opened.manifest()).find('a/big.bin'), {}))
    await until(() => opened.held <= b.store.quota, 'what was evicted is not claimed')
    expect(opened.held).to.be.greaterThan(0)
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('shares nothing in mode origin', async () => {
    const net = new VirtualNet()
    const [a, b] = await Promise.all(['a', 'b'].map(name => testNode(net, name))) as [TestNode, TestNode]
    const built = await testContent(files, a.store)
    const closed = await a.open(built, { publish: true, mode: 'origin' })
    await closed.scan()
    const opened = await b.open(built, { publish: true, mode: 'p2p', hints: ['a'] })
    const manifest = await opened.manifest()
    await until(() => opened.stats.connected === 1, 'connected')
    const abort = new AbortController()
    const reading = collect(opened.read(await manifest.find('small.txt'), { signal: abort.signal }))
    for (let i = 0; i < 50; i++) await new Promise(resolve => { setTimeout(resolve, 5) })
    abort.abort(new Error('nothing came'))
    await reading.then(() => expect.fail('it was served'), (error: Error) => { expect(error.message).to.equal('nothing came') })
    expect([...net.providers.values()].map(peers => [...peers])).to.deep.equal([['b']])
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('mode auto: shares while the device may, says each change with its reason, and needs no origin to begin with', async () => {
    const net = new VirtualNet()
    const [a, b] = await Promise.all(['a', 'b'].map(name => testNode(net, name))) as [TestNode, TestNode]
    const modes = ({ events }: TestNode): unknown[] => events.filter(({ name }) => name === 'mode').map(({ detail }) => {
      const { mode, reason } = detail as { mode: string, reason: string }
      return `${mode}: ${reason}`
    })
    const built = await testContent(files, a.store)
    const log: OriginRequest[] = []
    const published = await a.open(built, { publish: true, mode: 'auto', origin: memoryOrigin(files, log) })
    await published.scan()
    const opened = await b.open(built, { mode: 'auto', hints: ['a'] })
    const manifest = await opened.manifest()
    const segment = await manifest.find('a/big.bin')
    await until(() => opened.stats.connected === 1, 'connected')
    expect([modes(a), modes(b)]).to.deep.equal([['hybrid: an origin is known'], ['p2p: no origin is known']])

    a.engine.afford({ sharing: 'off', reason: 'the user asked to save data' })
    a.engine.afford({ sharing: 'off', reason: 'the user asked to save data' })
    const abort = new AbortController()
    let bytes = 0
    const reading = (async () => { for await (const chunk of opened.read(segment, { signal: abort.signal })) bytes += chunk.byteLength })()
    reading.catch(() => {})
    for (let i = 0; i < 50; i++) await new Promise(resolve => { setTimeout(resolve, 5) })
    expect(bytes, 'served by a peer that shares nothing').to.equal(0)
    b.engine.afford({ sharing: 'off', reason: 'the battery is low' })
    a.engine.afford({ sharing: 'full', reason: 'nothing speaks against it' })
    await reading
    expect(bytes).to.equal(big.byteLength)
    expect(modes(a)).to.deep.equal(['hybrid: an origin is known', 'origin: the user asked to save data', 'hybrid: an origin is known'])
    // what only peers can give still comes from them, and none is given
    expect(modes(b)).to.deep.equal(['p2p: no origin is known', 'p2p: no origin is known, and the battery is low'])
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('mode auto: what peers were asked for comes from the origin when nothing is to be shared any more', async () => {
    const net = new VirtualNet()
    const [a, b] = await Promise.all(['a', 'b'].map(name => testNode(net, name, { upload: { rate: 1_000 } }))) as [TestNode, TestNode]
    const built = await testContent(files, a.store)
    await (await a.open(built, { publish: true })).scan()
    const opened = await b.open(built, { mode: 'auto', hints: ['a'], origin: memoryOrigin(files) })
    const segment = await (await opened.manifest()).find('a/big.bin')
    await until(() => opened.stats.connected === 1, 'connected')
    const reading = collect(opened.read(segment, {}))
    await until(() => b.engine.peers.some(({ stats }) => stats.outstanding > 0), 'asked')
    b.engine.afford({ sharing: 'off', reason: 'the battery is low' })
    expect(await reading).to.deep.equal(big)
    expect(opened.stats.fromOrigin).to.be.above(0)
    const fallbacks = b.events.filter(({ name }) => name === 'fallback').map(({ detail }) => detail)
    expect(fallbacks[0]).to.include({ path: 'a/big.bin', from: 'peer', to: 'origin', reason: 'mode' })
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('gives nothing while the user allows downloads alone, goes on taking, and gives again after it', async () => {
    const net = new VirtualNet()
    const [a, b, c] = await Promise.all(['a', 'b', 'c'].map(name => testNode(net, name))) as [TestNode, TestNode, TestNode]
    const built = await testContent(files, a.store)
    await (await a.open(built, { publish: true })).scan()
    const atB = await b.open(built, { hints: ['a'] })
    const manifest = await atB.manifest()
    await collect(atB.read(await manifest.find('a/big.bin'), {}))
    b.engine.setSharing('download')
    expect(b.events.filter(({ name }) => name === 'mode').map(({ detail }) => detail)).to.have.nested.property('[0]')
      .that.includes({ mode: 'hybrid', sharing: 'download', reason: 'the user gives nothing' })
    expect(await collect(atB.read(await manifest.find('small.txt'), {})), 'takes').to.deep.equal(small)

    await a.engine.stop()
    const atC = await c.open(built, { hints: ['b'] })
    const segment = await (await atC.manifest()).find('a/big.bin')
    await until(() => atC.stats.connected === 1, 'connected')
    let bytes = 0
    const reading = (async () => { for await (const chunk of atC.read(segment, {})) bytes += chunk.byteLength })()
    for (let i = 0; i < 50; i++) await new Promise(resolve => { setTimeout(resolve, 5) })
    expect(bytes, 'given by one that gives nothing').to.equal(0)
    b.engine.setSharing('full')
    await reading
    expect(bytes).to.equal(big.byteLength)
    await Promise.all([b.engine.stop(), c.engine.stop()])
  })

  it('takes nothing from peers and gives them nothing once the user wants none of it, whatever the mode', async () => {
    const net = new VirtualNet()
    const [a, b] = await Promise.all(['a', 'b'].map(name => testNode(net, name))) as [TestNode, TestNode]
    const built = await testContent(files, a.store)
    await (await a.open(built, { publish: true })).scan()
    const opened = await b.open(built, { mode: 'p2p', hints: ['a'], origin: memoryOrigin(files) })
    const manifest = await opened.manifest()
    await until(() => opened.stats.connected === 1, 'connected')
    b.engine.setSharing('off')
    expect(await collect(opened.read(await manifest.find('a/big.bin'), {}))).to.deep.equal(big)
    expect(opened.stats).to.include({ fromPeers: 0, fromOrigin: big.byteLength })
    expect(b.events.filter(({ name }) => name === 'mode').map(({ detail }) => (detail as { reason: string }).reason)).to.deep.equal(['the user shares nothing'])
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })

  it('says what it tried when nobody has the content', async () => {
    const net = new VirtualNet()
    const node = await testNode(net, 'a')
    const built = await testContent(files)
    const opened = await node.open(built)
    const waiting = opened.manifest()
    opened.close()
    await waiting.then(() => expect.fail('found'), (error: unknown) => expect(error).to.be.instanceOf(NotFoundError))
    await node.engine.stop()
  })

  it('goes on reading when the store is full', async () => {
    const net = new VirtualNet()
    const store = memoryStore({ quota: 1 << 28 })
    await store.open()
    const built = await testContent(files, store)
    const a = await testNode(net, 'a')
    for (const ref of await refs(built)) await a.store.put((await store.get(ref)) as NonNullable<Awaited<ReturnType<typeof store.get>>>)
    await (await a.open(built, { publish: true })).scan()
    const b = await testNode(net, 'b', { quota: 700_000 })
    const opened = await b.open(built)
    const manifest = await opened.manifest()
    expect(await collect(opened.read(await manifest.find('a/big.bin'), {}))).to.deep.equal(big)
    expect(b.store.used).to.be.at.most(700_000)
    await Promise.all([a.engine.stop(), b.engine.stop()])
  })
})

async function refs (built: Awaited<ReturnType<typeof testContent>>): Promise<ReturnType<typeof built.manifest.block>[]> {
  const all = []
  for await (const segment of built.manifest.segments()) {
    for (let block = 0; block < segment.blocks; block++) all.push(built.manifest.block(segment.index, block))
  }
  return all
}
