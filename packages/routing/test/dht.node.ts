import { expect } from 'chai'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { peerStoreDefaults } from '../src/index.js'
import { dhtDefaults } from '../src/kad-dht.js'
import { find, join, startNode, stop, swarm, until, type Node, type NodeInit } from './support/node.js'

for (const client of ['kad', 'own'] as const) describe(`the DHT between servers and clients of kind ${client}`, () => {
  const running: Node[] = []

  async function node (init: NodeInit = {}): Promise<Node> {
    const node = await startNode({ client, ...init })
    running.push(node)
    return node
  }

  afterEach(async () => {
    await Promise.all(running.splice(0).map(stop))
  })

  it('finds living and dead providers of a swarm, and only those', async () => {
    const datastore = new MemoryDatastore()
    const bootstrap = await node({ server: true, datastore })
    const [alive, dead, other, reader] = [await node(), await node(), await node(), await node()]
    for (const client of [alive, dead, other, reader]) await join(client, bootstrap)
    alive.routes.provide(swarm(1))
    dead.routes.provide(swarm(1))
    other.routes.provide(swarm(2))
    await Promise.all([alive.provided, dead.provided, other.provided])
    await until(() => records(datastore).length === 3)
    await stop(dead)

    const hints = await find(reader, swarm(1))
    expect(hints.map(({ peer }) => peer)).to.have.members([alive, dead].map(({ libp2p }) => libp2p.peerId.toString()))
    for (const { peer, addrs } of hints) {
      expect(addrs).to.not.be.empty
      for (const addr of addrs) {
        expect(addr).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//)
        expect(addr.endsWith(`/p2p/${peer}`)).to.equal(true)
      }
    }
    expect(await find(alive, swarm(1)), 'a provider does not find itself').to.have.lengthOf(1)
    expect(await find(reader, swarm(3))).to.deep.equal([])
  })

  it('finds a server that knows no other one and provides the swarm itself', async () => {
    const datastore = new MemoryDatastore()
    const bootstrap = await node({ server: true, datastore })
    bootstrap.routes.provide(swarm(7))
    await until(() => records(datastore).length === 1)
    const reader = await node()
    await join(reader, bootstrap)
    expect((await find(reader, swarm(7))).map(({ peer }) => peer)).to.deep.equal([bootstrap.libp2p.peerId.toString()])
    bootstrap.routes.unprovide(swarm(7))
    await until(() => records(datastore).length === 0)
    expect(await find(reader, swarm(7))).to.deep.equal([])
  })

  it('is looked up by servers, too, which dial no providers for it and take none for a server', async () => {
    const datastore = new MemoryDatastore()
    const bootstrap = await node({ server: true, datastore })
    const other = await node({ server: true })
    const providers = [await node(), await node(), await node()]
    for (const each of providers) await join(each, bootstrap)
    for (const each of providers) each.routes.provide(swarm(6))
    await Promise.all(providers.map(({ provided }) => provided))
    await until(() => records(datastore).length === 3)
    await join(other, bootstrap)
    expect(await find(other, swarm(6))).to.have.lengthOf(3)
    // whoever it would dial it dials now
    await new Promise(resolve => { setTimeout(resolve, 500) })
    const dialled = other.libp2p.getConnections().filter(({ direction }) => direction === 'outbound').map(({ remotePeer }) => remotePeer.toString())
    expect(dialled).to.deep.equal([bootstrap.libp2p.peerId.toString()])
    expect(other.routes.known).to.equal(1)
  })

  it('leaves its record with servers that it did not know of', async () => {
    // random keys lead to the other server in all but one of 256 cases: these names and keys are among them
    const first = await node({ server: true, seed: 1 })
    const datastore = new MemoryDatastore()
    const second = await node({ server: true, datastore, seed: 2 })
    await join(second, first)
    await until(() => first.routes.known > 0)
    const [writer, reader] = [await node({ seed: 3 }), await node()]
    await join(writer, first)
    await join(reader, second)
    writer.routes.provide(swarm(4))
    await writer.provided
    // nobody confirms a record: it may be on its way still
    await until(() => records(datastore).length > 0)
    await stop(first)
    expect(await find(reader, swarm(4))).to.have.lengthOf(1)
  })

  it('finds nobody in another network, and nobody alone', async () => {
    const bootstrap = await node({ server: true })
    const writer = await node()
    await join(writer, bootstrap)
    writer.routes.provide(swarm(5))
    await writer.provided
    const stranger = await node({ network: 'elsewhere' })
    await stranger.libp2p.dial(bootstrap.libp2p.getMultiaddrs())
    expect(await find(stranger, swarm(5))).to.deep.equal([])
    expect(stranger.routes.known).to.equal(0)
    const alone = await node()
    expect(await find(alone, swarm(5))).to.deep.equal([])
    expect(await find(alone, swarm(5), AbortSignal.abort())).to.deep.equal([])
  })

  it('throws out records of an earlier run', async () => {
    const datastore = new MemoryDatastore()
    const bootstrap = await node({ server: true, datastore })
    const writer = await node()
    await join(writer, bootstrap)
    writer.routes.provide(swarm(6))
    await writer.provided
    await until(() => records(datastore).length > 0)
    await stop(bootstrap)
    expect(records(datastore)).to.have.lengthOf(1)
    await node({ server: true, datastore })
    expect(records(datastore)).to.deep.equal([])
  })

  // a fault of @libp2p/kad-dht 16.4.5: when this fails, the settings below are not needed any more
  it('loses all providers of a swarm on a server that forgot the address of one', async () => {
    const datastore = new MemoryDatastore()
    const server = await node({ server: true, datastore })
    const [writer, reader] = [await node(), await node()]
    for (const client of [writer, reader]) await join(client, server)
    writer.routes.provide(swarm(7))
    await writer.provided
    await until(() => records(datastore).length > 0)
    expect(await find(reader, swarm(7))).to.have.lengthOf(1)
    const key = records(datastore)[0] as Key
    const forgotten = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
    await datastore.put(new Key(`${key.parent().toString()}/${forgotten}`), await datastore.get(key))
    expect(await find(reader, swarm(7))).to.deep.equal([])
  })

  it('remembers addresses for longer than provider records, cleaning included', () => {
    const { reprovide } = dhtDefaults({ network: 'test', server: true })
    const longest = (reprovide?.validity ?? Infinity) + (reprovide?.interval ?? Infinity)
    const { maxPeerAge, maxAddressAge } = peerStoreDefaults()
    expect(maxPeerAge).to.be.above(longest)
    expect(maxAddressAge).to.be.above(longest)
  })
})

function records (datastore: MemoryDatastore): Key[] {
  return [...datastore.queryKeys({ prefix: '/shoal/dht/provider' }) as Iterable<Key>]
}
