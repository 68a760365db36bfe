import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtemp, rm, unlink, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@shoal/base'
import { expect } from 'chai'
import { UnavailableError, type FallbackDetail, type Shoal, type ShoalEvents, type ShoalOptions } from '@shoal/interface'
import { fileStore } from '@shoal/store/node'
import { CID } from 'multiformats'
import { createNode } from '../src/create.js'
import { createShoal } from '../src/index.js'
import { nodePlatform } from '../src/node/platform.js'

describe('a node', () => {
  const nodes: Shoal[] = []
  const folders: string[] = []

  const node = async (options: ShoalOptions = {}): Promise<Shoal> => {
    const shoal = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'], ...options })
    nodes.push(shoal)
    return shoal
  }
  const folder = async (files: Record<string, Uint8Array> = {}): Promise<string> => {
    const path = await mkdtemp(join(tmpdir(), 'shoal-'))
    folders.push(path)
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(path, name), bytes)
    return path
  }

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async shoal => { await shoal.stop() }))
    await Promise.all(folders.splice(0).map(async path => { await rm(path, { recursive: true, force: true }) }))
  })

  it('tells of connections that it refuses', async () => {
    const surroundings = { ...nodePlatform.surroundings, connections: 1 }
    const full = await createNode({ listen: ['/ip4/127.0.0.1/tcp/0'] }, { ...nodePlatform, surroundings })
    nodes.push(full)
    const told = once(full, 'connection:refused') as Promise<[ShoalEvents['connection:refused']]>
    await node({ bootstrap: full.addrs })
    // of two that come at the same moment both may be let in, and one put out
    await until(() => full.status.connections === 1)
    await node({ bootstrap: full.addrs })
    expect((await told)[0].detail).to.deep.equal({ reason: 'full', count: 1, from: '127.0.0.0/24' })
  })

  describe('handles', () => {
    it('are each caller’s own; the last one that is closed leaves the swarm', async () => {
      const [publisher, viewer] = [await node(), await node()]
      const { link } = await publisher.publishBytes(new Map([['x', bytes(300_000, 1)]]), { name: 'c' })
      const [one, two] = [await viewer.open(link), await viewer.open(link)]
      expect(await size(one.read('x'))).to.equal(300_000)
      await one.close()
      await one.close()
      expect(viewer.contents).to.have.length(1)
      expect(await size(two.read('x'))).to.equal(300_000)
      expect(await failure(size(one.read('x')))).to.be.instanceOf(UnavailableError)
      await two.close()
      expect(viewer.contents).to.have.length(0)
      const three = await viewer.open(link)
      await one.close()
      await two.close()
      expect(viewer.contents).to.deep.equal([three])
      expect(viewer.status.total.fromPeers).to.equal(300_000)
    })

    it('are opened again right after they were closed, and get their bytes', async () => {
      const publisher = await node()
      const { link } = await publisher.publishBytes(new Map([['x', bytes(300_000, 1)]]), { name: 'c' })
      for (let times = 1; times <= 3; times++) {
        const viewer = await node()
        const lost: unknown[] = []
        viewer.addEventListener('peer:disconnect', ({ detail }) => { lost.push(detail) })
        for (let i = 0; i < times; i++) await (await viewer.open(link)).close()
        const content = await viewer.open(link)
        expect(await size(content.read('x'))).to.equal(300_000)
        // two that go on answering each other do so some thousand times a second
        await new Promise(resolve => { setTimeout(resolve, 100) })
        expect(lost).to.deep.equal([])
        expect(content.stats.connected).to.be.at.least(1)
      }
    })

    it('leave a seed alone', async () => {
      const publisher = await node()
      const { link, content } = await publisher.publishBytes(new Map([['x', bytes(10, 1)]]), { name: 'c' })
      await (await publisher.open(link)).close()
      expect(publisher.contents).to.deep.equal([content])
    })

    it('hear the events of their content', async () => {
      const publisher = await node()
      const { link, content } = await publisher.publishBytes(new Map([['x', bytes(10, 1)]]), { name: 'c' })
      const heard: string[] = []
      const other = await publisher.open(link)
      content.addEventListener('segment', () => { heard.push('content') })
      other.addEventListener('segment', () => { heard.push('other') })
      publisher.addEventListener('segment', () => { heard.push('publisher') })
      await size(other.read('x'))
      expect(heard).to.deep.equal(['content', 'other', 'publisher'])
    })

    it('are not given out by a node that is stopped', async () => {
      const shoal = await node()
      const { link } = await shoal.publishBytes(new Map([['x', bytes(10, 1)]]), { name: 'c' })
      await shoal.stop()
      for (const asked of [shoal.open(link), shoal.open('no link'), shoal.publish('/nowhere'), shoal.publishBytes(new Map(), { name: 'c' })]) {
        expect(await failure(asked)).to.be.instanceOf(UnavailableError)
      }
    })
  })

  it('publishes and opens what it holds though no bootstrap node answers', async () => {
    const shoal = await node({ listen: [], bootstrap: ['/ip4/127.0.0.1/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'] })
    await new Promise<void>(resolve => { shoal.addEventListener('error', () => { resolve() }, { once: true }) })
    const { link, content } = await shoal.publishBytes(new Map([['x', bytes(1000, 1)]]), { name: 'c' })
    await content.close()
    expect(await size((await shoal.open(link)).read('x'))).to.equal(1000)
  })

  it('refuses an origin that is no URL', async () => {
    const shoal = await node()
    const { link } = await shoal.publishBytes(new Map([['x', bytes(10, 1)]]), { name: 'c' })
    expect(await failure(shoal.open(link, { origins: ['nonsense'] }))).to.have.property('code', 'ERR_CONFIG')
  })

  describe('fetch', () => {
    it('goes to the network when the publisher is gone before the manifest’s pages came', async () => {
      const served = bytes(300_000, 1)
      const server = createServer((_request, response) => { response.end(served) }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      try {
        const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
        const [publisher, viewer] = [await node(), await node()]
        const { link } = await publisher.publishBytes(new Map([['x', served], ['y', bytes(1000, 2)]]), { name: 'c', origin })
        await viewer.open(link)
        const left = new Promise(resolve => { viewer.addEventListener('peer:disconnect', resolve, { once: true }) })
        await publisher.stop()
        await left
        const said: FallbackDetail[] = []
        viewer.addEventListener('fallback', event => { said.push(event.detail) })
        const given = await failure(viewer.fetch(`${origin}x`, { signal: AbortSignal.abort(new Error('enough')) }))
        expect(given?.message).to.equal('enough')
        expect(new Uint8Array(await (await viewer.fetch(`${origin}x`)).arrayBuffer())).to.deep.equal(served)
        expect(said).to.deep.equal([{ content: link, path: 'x', from: 'peer', to: 'origin', reason: 'no-peer' }])
      } finally {
        server.close()
        server.closeAllConnections()
      }
    })
  })

  describe('what is published from a path', () => {
    it('keeps its link as long as nothing changes', async () => {
      const shoal = await node()
      const path = await folder({ x: bytes(300_000, 1) })
      const one = await shoal.publish(path)
      const two = await shoal.publish(path)
      expect(two.link).to.equal(one.link)
      expect(shoal.contents).to.have.length(1)
      await writeFile(join(path, 'x'), bytes(300_001, 2))
      expect((await shoal.publish(path)).manifest).not.to.equal(one.manifest)
    })

    it('is seeded again in its newest version alone', async () => {
      const data = await folder()
      const path = await folder({ x: bytes(300_000, 1), same: bytes(300_000, 3) })
      let shoal = await node({ data })
      await shoal.publish(path)
      await writeFile(join(path, 'x'), bytes(310_000, 2))
      const { manifest } = await shoal.publish(path)
      await shoal.stop()
      shoal = await node({ data })
      await until(() => shoal.status.contents[0]?.held === 610_000)
      expect(shoal.contents.map(content => content.summary.cid)).to.deep.equal([manifest])
      expect(await size(shoal.contents[0]?.read('x') ?? [])).to.equal(310_000)
    })

    it('is withdrawn with a reason when it changed or vanished while the node was down', async () => {
      const data = await folder()
      const path = await folder({ gone: bytes(300_000, 1), longer: bytes(10, 2), same: bytes(20, 3) })
      const first = await node({ data })
      await first.publish(path)
      await first.stop()
      await unlink(join(path, 'gone'))
      await writeFile(join(path, 'longer'), bytes(11, 2))
      const shoal = await node({ data })
      const said: ShoalEvents['store:withdrawn']['detail'][] = []
      shoal.addEventListener('store:withdrawn', event => { said.push(event.detail) })
      await until(() => shoal.status.contents[0]?.held === 20)
      expect(said.map(({ path: file, blocks, reason }) => [file.slice(path.length + 1), blocks, reason.split(':')[0]])).to.deep.equal([
        ['gone', 2, 'it cannot be read'], ['longer', 1, 'its size changed from 10 to 11 bytes']
      ])
    })

    it('leaves nothing behind when publishing fails half-way', async () => {
      const shoal = await node({ store: { quota: '1MiB' } })
      const path = await folder({ x: bytes(300_000, 1), y: bytes(900_000, 2) })
      expect(await failure(shoal.publish(path, { copy: true }))).to.have.property('code', 'ERR_STORE_FULL')
      // what was copied may be pushed out again
      await shoal.publishBytes(new Map([['z', bytes(700_000, 3)]]), { name: 'c' })
    })
  })

  it('starts though the manifest of a seed is missing, and seeds the others', async () => {
    const data = await folder()
    const [broken, whole] = [await folder({ x: bytes(300_000, 1), y: bytes(10, 2) }), await folder({ z: bytes(300_000, 3) })]
    let shoal = await node({ data })
    const root = (await shoal.publish(broken)).manifest
    const { manifest } = await shoal.publish(whole)
    await shoal.stop()
    const store = fileStore({ path: join(data, 'store'), quota: 2 ** 31 })
    await store.open()
    await store.delete(CID.parse(root).multihash.digest)
    await store.close()
    shoal = await node({ data })
    await until(() => shoal.status.contents.some(({ held }) => held === 300_000))
    expect(shoal.contents.map(content => content.summary.cid)).to.deep.equal([manifest]).and.not.to.include(root)
  })
})

function bytes (length: number, seed: number): Uint8Array {
  const random = seededRandom(seed)
  return Uint8Array.from({ length }, () => random() * 256)
}

async function size (parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<number> {
  let sum = 0
  for await (const part of parts) sum += part.byteLength
  return sum
}

async function failure (asked: Promise<unknown>): Promise<Error | undefined> {
  return await asked.then(() => undefined, (error: unknown) => error as Error)
}

async function until (holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => { setTimeout(resolve, 10) })
}
