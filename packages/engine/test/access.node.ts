import { ManualClock } from '@shoal/base'
import type { RefusedDetail } from '@shoal/interface'
import { createTenant, issueRevocations, issueToken, type TenantKeys } from '@shoal/policy/issuing'
import type { BuiltManifest } from '@shoal/content/publishing'
import { expect } from 'chai'
import type { OpenSwarm } from '../src/index.js'
import { randomBytes } from './bytes.js'
import { elapse, testContent, testNode, type TestNode } from './node.js'
import { Studio } from './studio.js'
import { VirtualNet } from './virtual-net.js'

const START = 1_800_000_000_000
const FILES = { a: randomBytes(1_000, 1), b: randomBytes(1_000, 2) }

await Promise.all([import('../src/tenants.js'), import('../src/completion.js'), import('../src/live.js')])

describe('access, in virtual time', () => {
  const nodes: TestNode[] = []
  let keys: TenantKeys
  let clock: ManualClock
  let net: VirtualNet
  let built: BuiltManifest
  before(async () => { keys = await createTenant() })
  beforeEach(() => {
    clock = new ManualClock(START)
    net = new VirtualNet(clock)
  })
  afterEach(async () => { await Promise.all(nodes.splice(0).map(async ({ engine }) => { await engine.stop() })) })

  const token = (peer: string, seconds: number): Promise<string> => issueToken(keys, { peer, seconds, from: clock.wall() })
  const node = async (name: string, source = (): Promise<string> => token(name, 86_400)): Promise<TestNode> => {
    const made = await testNode(net, name, { token: source })
    nodes.push(made)
    return made
  }
  const read = async (swarm: OpenSwarm, path: string): Promise<number> => {
    let size = -1
    const reading = swarm.manifest().then(async manifest => {
      let sum = 0
      for await (const chunk of swarm.read(await manifest.find(path), {})) sum += chunk.byteLength
      size = sum
    })
    reading.catch(() => {})
    await elapse(clock, 20_000, () => size >= 0)
    return size
  }
  const start = async (at: TestNode, viewer: TestNode): Promise<Record<'seed' | 'swarm', OpenSwarm>> => {
    built = await testContent(FILES, at.store, { policy: { token: keys.tenant } })
    const seed = await at.open(built, { publish: true })
    const scanned = seed.scan()
    await elapse(clock, 1_000, () => false)
    await scanned
    return { seed, swarm: await viewer.open(built, { hints: [at.name] }) }
  }

  it('ends with the token and a minute, and comes back with the next one over the same session', async () => {
    let next = false
    let first: string | undefined
    const at = await node('seed')
    const viewer = await node('viewer', async () => next ? await token('viewer', 86_400) : first ??= await token('viewer', 100))
    const { seed, swarm } = await start(at, viewer)
    expect(await read(swarm, 'a')).to.equal(1_000)
    await elapse(clock, 150_000)
    expect([seed.stats.connected, refusals(at)]).to.deep.equal([1, []])
    await elapse(clock, 15_000)
    expect(seed.stats.connected).to.equal(0)
    expect(refusals(at)).to.deep.equal(['us viewer expired'])
    expect(refusals(viewer)).to.deep.equal(['them seed unauthorised'])
    expect(viewer.events.filter(({ name }) => name === 'error')).to.have.length(1)
    next = true
    await elapse(clock, 40_000)
    expect(await read(swarm, 'b')).to.equal(1_000)
    for (const { events } of [at, viewer]) expect(events.filter(({ name }) => name === 'peer:connect')).to.have.length(1)
  })

  it('is asked for before the token ends, and shown without anybody noticing', async () => {
    let asked = 0
    const at = await node('seed')
    const viewer = await node('viewer', async () => {
      asked++
      return await token('viewer', 300)
    })
    const { seed, swarm } = await start(at, viewer)
    expect(await read(swarm, 'a')).to.equal(1_000)
    await elapse(clock, 3_600_000, () => false)
    expect(await read(swarm, 'b')).to.equal(1_000)
    expect(seed.stats.connected).to.equal(1)
    expect([...refusals(at), ...refusals(viewer)]).to.deep.equal([])
    // 300 s, of which the last minute is kept in hand
    expect(asked).to.be.within(15, 17)
  }).timeout(60_000)

  it('does not end when the application has no token for a while', async () => {
    let asked = 0
    const at = await node('seed')
    const viewer = await node('viewer', async () => {
      if (asked++ % 3 !== 0) throw new Error('the backend is down')
      return await token('viewer', 300)
    })
    const { seed, swarm } = await start(at, viewer)
    expect(await read(swarm, 'a')).to.equal(1_000)
    await elapse(clock, 1_800_000)
    expect(seed.stats.connected).to.equal(1)
    expect([...refusals(at), ...refusals(viewer)]).to.deep.equal([])
  }).timeout(60_000)

  it('is not judged more often than anybody needs', async () => {
    const [at, viewer] = [await node('seed'), await node('viewer')]
    const { swarm } = await start(at, viewer)
    await read(swarm, 'a')
    const [session] = net.exchanges.get('viewer')?.sessions ?? []
    for (let i = 0; i < 100; i++) session?.renew(swarm.swarm, `nonsense ${i}`)
    await elapse(clock, 100)
    const said = refusals(at)
    expect(said.filter(text => text === 'us viewer hasty')).to.have.length(1)
    expect(said.filter(text => text === 'us viewer malformed').length).to.be.at.most(16)
  })

  it('is taken back by a list, which those hear too who come later', async () => {
    const [at, bad] = [await node('seed'), await node('bad')]
    const { seed, swarm } = await start(at, bad)
    await read(swarm, 'a')
    await at.engine.revoke(await issueRevocations(keys, { sequence: 1, peers: ['bad'] }))
    await elapse(clock, 100)
    expect([seed.stats.connected, refusals(at)]).to.deep.equal([0, ['us bad revoked']])
    const late = await node('late')
    const atLate = await late.open(built, { hints: ['seed', 'bad'] })
    expect(await read(atLate, 'b')).to.equal(1_000)
    // signatures are checked in real time, which virtual time does not wait for
    await elapse(clock, 600_000, () => refusals(late).length > 0)
    expect(refusals(late).filter(text => text.startsWith('us'))).to.deep.equal(['us bad revoked'])
    expect(atLate.stats.peers).to.have.all.keys('seed')
  })

  it('is for live contents as well, whose heads nobody hears by gossip', async () => {
    const studio = await Studio.open(undefined, 2)
    const at = await node(studio.publisher)
    const live = await Studio.open(at.store, 2)
    live.policy = { token: keys.tenant }
    const [viewer, outsider] = [await node('viewer'), await node('outsider', () => Promise.resolve(''))]
    const seed = await at.openLive(live, { head: await live.next(1_000) })
    const [swarm, lost] = [await viewer.openLive(live, { hints: [at.name] }), await outsider.openLive(live, { hints: [at.name] })]
    let error: unknown
    lost.manifest().catch((cause: unknown) => { error = cause })
    for (let i = 0; i < 4; i++) {
      if (i > 0) await seed.update(await live.next(1_000))
      await elapse(clock, 1_000)
      expect(await read(swarm, `seg1-${i}.ts`)).to.equal(1_000)
    }
    await elapse(clock, 20_000, () => error !== undefined)
    expect(error).to.have.property('code', 'ERR_UNAUTHORISED')
    expect(viewer.events.filter(({ name }) => name === 'manifest:update')).to.have.length(3)
    expect(new Set([...refusals(at), ...refusals(viewer)])).to.deep.equal(new Set(['us outsider missing']))
    expect(lost.stats.fromPeers).to.equal(0)
    live.policy = {}
    await seed.update(await live.next(1_000))
    await elapse(clock, 1_000)
    const errors = at.events.flatMap(({ name, detail }) => name === 'error' ? (detail as { error: Error }).error.message : [])
    expect(errors).to.deep.equal(['the publisher changed who may have the content: open it again'])
  })

  it('holds nothing back from anybody once a content is known to be public', async () => {
    const at = await node('seed')
    built = await testContent(FILES, at.store)
    const seed = await at.open(built, { publish: true })
    const scanned = seed.scan()
    await elapse(clock, 1_000)
    await scanned
    const [first, second] = [await node('first'), await node('second')]
    const atFirst = await first.open(built, { hints: ['seed'] })
    expect(await read(atFirst, 'a')).to.equal(1_000)
    net.cut.add('seed')
    await net.cutOff('seed')
    const atSecond = await second.open(built, { hints: ['first'] })
    expect(await read(atSecond, 'a')).to.equal(1_000)
    expect(atSecond.stats.peers).to.have.all.keys('first')
  })

  it('tells nobody what is held who only listens', async () => {
    const at = await node('seed')
    const heard: { have: unknown, share: number }[] = []
    const listener = net.availability('listener')
    await listener.start(event => { if (event.type === 'announcement') heard.push(event.announcement) })
    built = await testContent(FILES, at.store, { policy: { token: keys.tenant } })
    const seed = await at.open(built, { publish: true })
    listener.join(seed.swarm, () => ({ have: { complete: [], partial: [] }, capacity: 0, share: 0, addrs: [] }))
    const scanned = seed.scan()
    await elapse(clock, 5_000)
    await scanned
    expect(heard.length).to.be.at.least(1)
    for (const { have, share } of heard) expect([have, share]).to.deep.equal([{ complete: [], partial: [] }, 0])
  })
})

/** What a node said of refusals, as `by peer reason`, each once in a row. */
function refusals ({ events }: TestNode): string[] {
  return events.filter(({ name }) => name === 'peer:refused').map(({ detail }) => {
    const { by, peer, reason } = detail as RefusedDetail
    return `${by} ${peer} ${reason}`
  })
}
