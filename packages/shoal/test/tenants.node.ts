import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom, toHex } from '@shoal/base'
import { parseLink, swarmIdOf } from '@shoal/content'
import { PurgedError, UnauthorisedError, type PurgeDetail, type Shoal, type ShoalOptions } from '@shoal/interface'
import { createTenant, issueToken, type TenantKeys } from '@shoal/policy/issuing'
import { expect } from 'chai'
import { LevelDatastore } from 'datastore-level'
import type { Datastore } from 'interface-datastore'
import { base32 } from 'multiformats/bases/base32'
import { createNode } from '../src/create.js'
import { Library } from '../src/library.js'
import { nodePlatform } from '../src/node/platform.js'
import type { Network } from '../src/platform.js'
import { purgeOf } from '../src/purging/known.js'

const FILES = new Map([['x', bytes(300_000, 1)]])

describe('a tenant’s swarms', function () {
  this.timeout(60_000)
  const nodes: Shoal[] = []
  let tenant: TenantKeys
  before(async () => { tenant = await createTenant({ hidden: true }) })
  afterEach(async () => { await Promise.all(nodes.splice(0).map(async shoal => { await shoal.stop() })) })

  const node = async (options: ShoalOptions = {}, network = nodePlatform.network): Promise<Shoal> => {
    const shoal = await createNode({ listen: ['/ip4/127.0.0.1/tcp/0'], ...options }, { ...nodePlatform, network })
    nodes.push(shoal)
    return shoal
  }
  const operator = (keys = tenant): ShoalOptions => ({
    token: peer => issueToken(keys, { peer, seconds: 3600, role: 'edge' }),
    tenants: { [keys.tenant]: keys.secret ?? '' }
  })
  const policy = (): { policy: { token: string } } => ({ policy: { token: tenant.tenant } })

  it('are found by those whose token or secret says where, and by nobody who has the link alone', async () => {
    const publisher = await node(operator())
    const { link } = await publisher.publishBytes(FILES, { name: 'c', ...policy() })
    expect(parseLink(link).tenant).to.equal(tenant.tenant)
    let asked = 0
    const viewer = await node({ token: peer => {
      asked++
      return issueToken(tenant, { peer, seconds: 3600, contents: [link] })
    } })
    expect(await size((await viewer.open(link)).read('x'))).to.equal(300_000)
    expect(asked).to.equal(1)
    expect(await size((await (await node(operator())).open(link)).read('x'))).to.equal(300_000)
    const everything: ShoalOptions['token'] = peer => issueToken(tenant, { peer, seconds: 3600 })
    const outsiders = [undefined, '', everything]
    for (const token of outsiders) {
      const error = await (await node({ token })).open(link).catch((error: unknown) => error)
      expect(error).to.be.instanceOf(UnauthorisedError)
    }
    const stranger = await createTenant({ hidden: true })
    const wrong = link.replace(tenant.tenant, stranger.tenant)
    const lost = (await node(operator(stranger))).open(wrong, { signal: AbortSignal.timeout(1_000) })
    expect(await lost.catch((error: unknown) => error)).to.be.instanceOf(Error)
  })

  it('have the same link after a restart', async () => {
    const data = await mkdtemp(join(tmpdir(), 'shoal-'))
    try {
      const before = await node({ ...operator(), data })
      await before.publishBytes(FILES, { name: 'c', ...policy() })
      await before.stop()
      const after = await node({ ...operator(), data })
      await until(() => after.contents.length === 1, 'it is seeded again')
      const { link = '' } = after.contents[0] ?? {}
      const viewer = await node({ token: peer => issueToken(tenant, { peer, seconds: 3600, contents: [link] }) })
      expect(await size((await viewer.open(link)).read('x'))).to.equal(300_000)
      await after.stop()
    } finally {
      await rm(data, { recursive: true })
    }
  })

  it('are purged like others, and remember that over a restart', async () => {
    const data = await mkdtemp(join(tmpdir(), 'shoal-'))
    try {
      const publisher = await node({ ...operator(), data })
      const { link, manifest } = await publisher.publishBytes(new Map([...FILES, ['a/y', bytes(300_000, 2)]]), { name: 'c', ...policy() })
      const viewer = await node({ token: peer => issueToken(tenant, { peer, seconds: 3600, contents: [link] }) })
      const content = await viewer.open(link)
      expect(await size(content.read('a/y'))).to.equal(300_000)
      const gone = new Promise<PurgeDetail>(resolve => { viewer.addEventListener('purge', ({ detail }) => { resolve(detail) }, { once: true }) })
      await publisher.purge(link, { paths: ['a/'] })
      expect(await gone).to.deep.include({ paths: ['a/'], bytes: 300_000 })
      await publisher.stop()
      const records = new LevelDatastore(join(data, 'records'))
      await records.open()
      const library = new Library(records)
      const record = await library.get(manifest)
      expect(record === undefined ? undefined : await purgeOf(record, library)).to.deep.include({ all: false, paths: ['a/'] })
      await records.close()
      const after = await node({ ...operator(), data })
      const error = await size((await after.open(link)).read('a/y')).catch((error: unknown) => error)
      expect(error).to.be.instanceOf(PurgedError)
    } finally {
      await Promise.all(nodes.splice(0).map(async shoal => { await shoal.stop() }))
      await rm(data, { recursive: true })
    }
  })

  it('have ids on the network that nobody else can connect with a content', async () => {
    const watched: { network?: Network, datastore?: Datastore } = {}
    const watcher = await node({ server: true }, async (config, key, datastore, trust) => {
      watched.network = await nodePlatform.network(config, key, datastore, trust)
      watched.datastore = datastore
      return watched.network
    })
    const bootstrap = watcher.addrs
    const publisher = await node({ ...operator(), bootstrap })
    const { link, manifest } = await publisher.publishBytes(FILES, { name: 'c', ...policy() })
    const open = await publisher.publishBytes(FILES, { name: 'for everybody' })
    const viewer = await node({ bootstrap, token: peer => issueToken(tenant, { peer, seconds: 3600, contents: [link] }) })
    await size((await viewer.open(link)).read('x'))
    const [hiddenId, openId] = [await swarmIdOf(manifest), await swarmIdOf(open.manifest)]
    let seen = new Set<string>()
    // what everybody is told as well is the proof that the watcher sees what there is to see
    await until(async () => (seen = await ids(watched)).has(`topic ${openId}`) && seen.has(`record ${openId}`), 'the watcher sees the public swarm')
    await until(async () => (seen = await ids(watched)).size >= 4, 'and that there is another')
    expect([...seen].filter(id => id.includes(hiddenId) || id.includes(manifest))).to.deep.equal([])
    const others = new Set([...seen].map(id => id.split(' ')[1]).filter(id => id !== openId))
    expect(others.size).to.equal(1)
  })
})

/** Ids of swarms that a node of the DHT and of gossipsub hears of. */
async function ids ({ network, datastore }: { network?: Network, datastore?: Datastore }): Promise<Set<string>> {
  const { topics } = network?.services.pubsub as unknown as { topics: ReadonlyMap<string, unknown> }
  const seen = new Set([...topics.keys()].map(topic => `topic ${topic.split('/').at(-1) ?? ''}`))
  for await (const key of datastore?.queryKeys({ prefix: '/shoal/dht/provider' }) ?? []) {
    const record = key.namespaces().at(-2) ?? ''
    seen.add(`record ${digestOf(record)}`)
  }
  return seen
}

/** Of the multihash that a provider record is kept under: two bytes, and the digest. */
function digestOf (key: string): string {
  return toHex(base32.decode(`b${key}`).subarray(2))
}

async function size (source: AsyncIterable<Uint8Array>): Promise<number> {
  let sum = 0
  for await (const chunk of source) sum += chunk.byteLength
  return sum
}

async function until (condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (let tries = 0; !await condition(); tries++) {
    if (tries > 3_000) throw new Error(`never happened: ${what}`)
    await new Promise(resolve => { setTimeout(resolve, 10) })
  }
}

function bytes (length: number, seed: number): Uint8Array {
  const random = seededRandom(seed)
  return Uint8Array.from({ length }, () => Math.floor(256 * random()))
}
