import type { Connection, Stream } from '@libp2p/interface'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { lpStream } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { MemoryDatastore } from 'datastore-core'
import type { Libp2p } from 'libp2p'
import { ManualClock, systemClock } from '@shoal/base'
import { ADD_PROVIDER, decodeMessage, encodeMessage, type DhtMessage, type NamedPeer } from '../src/client/codec.js'
import { MAX_MESSAGE_BYTES, MAX_NAMED_PROVIDERS, REQUEST_TIMEOUT_MS, SLOW_MS } from '../src/defaults.js'
import { dhtProtocol } from '../src/protocol.js'
import { find, join, startNode, startPlain, stop, swarm, until, type Node, type NodeInit } from './support/node.js'

describe('the client of the DHT', () => {
  const running: (() => Promise<void>)[] = []

  async function node (init: NodeInit = {}): Promise<Node> {
    const node = await startNode({ client: 'own', ...init })
    running.push(() => stop(node))
    return node
  }

  /** Speaks the protocol, and does with a stream whatever the test wants. */
  async function impostor (handle: (stream: Stream, connection: Connection) => Promise<void> | void): Promise<Libp2p> {
    const libp2p = await startPlain()
    running.push(async () => { await libp2p.stop() })
    await libp2p.handle(dhtProtocol('test'), async (stream, connection) => {
      try {
        await handle(stream, connection)
      } catch {
        // the client has gone
      }
    })
    return libp2p
  }

  /** Answers every question so. */
  function answering (answer: (question: DhtMessage) => DhtMessage): (stream: Stream) => Promise<void> {
    return async stream => {
      const messages = lpStream(stream)
      const question = decodeMessage((await messages.read()).subarray())
      if (question.type !== ADD_PROVIDER) await messages.write(encodeMessage(answer(question)))
    }
  }

  /** Connects a client to servers, and waits until it knows them all. */
  async function meet (client: Node, others: readonly Libp2p[]): Promise<void> {
    for (const other of others) await client.libp2p.dial(other.getMultiaddrs())
    await until(() => client.routes.known === others.length)
  }

  async function strangers (count: number): Promise<NamedPeer[]> {
    return await Promise.all(Array.from({ length: count }, async (_, i) => {
      const seed = new Uint8Array(32)
      new DataView(seed.buffer).setUint32(0, i)
      const id = peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', seed)).toMultihash().bytes
      return { id, addrs: [multiaddr('/ip4/127.0.0.1/tcp/1').bytes] }
    }))
  }

  afterEach(async () => {
    await Promise.all(running.splice(0).map(stop => stop()))
  })

  it('leaves its record with every server of a small network, those that are gone left out', async () => {
    const first = await node({ server: true })
    const others = [await node({ server: true }), await node({ server: true }), await node({ server: true }), await node({ server: true })]
    for (const other of others) await join(other, first)
    await until(() => first.routes.known === others.length)
    const writer = await node()
    await join(writer, others[0] as Node)
    writer.routes.provide(swarm(1))
    expect(await writer.provided).to.equal(5)
    expect(writer.routes.known).to.equal(5)

    await stop(others[1] as Node)
    await stop(others[2] as Node)
    writer.routes.provide(swarm(2))
    await until(() => writer.routes.known === 3)
    const reader = await node({ client: 'kad' })
    await join(reader, others[3] as Node)
    const name = writer.libp2p.peerId.toString()
    let found: string[] = []
    while (found.length === 0) found = (await find(reader, swarm(2))).map(({ peer }) => peer)
    expect(found).to.deep.equal([name])
    expect((await find(reader, swarm(1))).map(({ peer }) => peer)).to.deep.equal([name])
  })

  it('finds and dials peers by name, and names servers near a key', async () => {
    const server = await node({ server: true })
    const [one, two] = [await node(), await node()]
    await join(one, server)
    await join(two, server)
    const found = await one.libp2p.peerRouting.findPeer(two.libp2p.peerId)
    expect(found.multiaddrs.map(String)).to.include.members(two.libp2p.getMultiaddrs().map(String))
    expect((await one.libp2p.dial(two.libp2p.peerId)).remotePeer.equals(two.libp2p.peerId)).to.equal(true)
    const near: string[] = []
    for await (const { id, multiaddrs } of one.libp2p.peerRouting.getClosestPeers(new Uint8Array(32))) {
      expect(multiaddrs).to.not.be.empty
      near.push(id.toString())
    }
    expect(near).to.deep.equal([server.libp2p.peerId.toString()])
    const nobody = peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(9)))
    await one.libp2p.peerRouting.findPeer(nobody).then(() => expect.fail('expected it to reject'), () => {})
  })

  it('knows who serves, and no more who ceases to', async () => {
    const server = await impostor(() => {})
    const client = await node()
    await meet(client, [server])
    await server.unhandle(dhtProtocol('test'))
    await client.libp2p.hangUp(server.peerId)
    await client.libp2p.dial(server.getMultiaddrs())
    await until(() => client.routes.known === 0)
  })

  it('gets past servers that hang, and asks them again later', async () => {
    const streams: Stream[] = []
    const silent = await Promise.all(Array.from({ length: 4 }, () => impostor(stream => { streams.push(stream) })))
    const datastore = new MemoryDatastore()
    const server = await node({ server: true, datastore })
    const writer = await node()
    await join(writer, server)
    writer.routes.provide(swarm(3))
    await writer.provided
    await until(() => [...datastore.queryKeys({ prefix: '/shoal/dht/provider' }) as Iterable<unknown>].length > 0)
    const clock = new ManualClock()
    const reader = await node({ clock })
    await meet(reader, [...silent, server.libp2p])
    const hints = reader.routes.find(swarm(3), {})[Symbol.asyncIterator]()
    const first = hints.next()
    await until(() => streams.length >= 2)
    clock.advance(SLOW_MS)
    expect((await first).value).to.include({ peer: writer.libp2p.peerId.toString() })
    const end = hints.next()
    await until(() => streams.length === 4)
    clock.advance(REQUEST_TIMEOUT_MS)
    expect((await end).done).to.equal(true)
    expect(reader.routes.known, 'they may have been busy').to.equal(5)
    await until(() => streams.every(({ status }) => status !== 'open'))
  })

  it('ends at once when it is told to', async () => {
    const asked = Promise.withResolvers<void>()
    const silent = await impostor(() => { asked.resolve() })
    const reader = await node({ clock: { ...systemClock, after: () => () => {} } })
    await meet(reader, [silent])
    const abort = new AbortController()
    const found = find(reader, swarm(4), abort.signal)
    await asked.promise
    abort.abort()
    expect(await found).to.deep.equal([])
  })

  for (const [what, send] of Object.entries<(stream: Stream) => Promise<void> | void>({
    'garbage of the right length': async stream => { await lpStream(stream).write(new Uint8Array(1000).fill(0xff)) },
    'a length that is too large': stream => { stream.send(Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x08)) },
    'bytes without end': async stream => {
      stream.send(Uint8Array.of(0x80, 0x80, MAX_MESSAGE_BYTES >> 14))
      while (stream.status === 'open') {
        stream.send(new Uint8Array(100_000))
        await new Promise(resolve => { setImmediate(resolve) })
      }
    },
    'an answer to something else': answering(question => ({ ...question, type: 5 }))
  })) {
    it(`forgets a server that sends ${what}`, async () => {
      const wrong = await impostor(send)
      const server = await node({ server: true })
      const client = await node()
      await meet(client, [wrong, server.libp2p])
      client.routes.provide(swarm(5))
      expect(await client.provided).to.equal(1)
      expect(client.routes.known).to.equal(1)
    })
  }

  it('takes a few of a thousand peers that a server names, and gets past them', async () => {
    const named = await strangers(1000)
    let questions = 0
    const wrong = await impostor(answering(({ type, key }) => {
      questions++
      return { type, key, closer: named, providers: named }
    }))
    const server = await node({ server: true })
    const writer = await node()
    await join(writer, server)
    const client = await node()
    await meet(client, [wrong, server.libp2p])
    client.routes.provide(swarm(6))
    expect(await client.provided).to.equal(2)
    expect(questions).to.equal(1)
    expect(client.routes.known).to.equal(2)
    await meet(writer, [wrong, server.libp2p])
    const hints = await find(writer, swarm(6))
    expect(hints.map(({ peer }) => peer)).to.include(client.libp2p.peerId.toString())
    expect(hints.length).to.be.at.most(MAX_NAMED_PROVIDERS + 1)
  })

  it('reads nothing of what a server says after its answer', async () => {
    const answer = answering(({ type, key }) => ({ type, key, closer: [], providers: [] }))
    const wordy = await impostor(async stream => {
      await answer(stream)
      stream.send(new Uint8Array(1000))
    })
    const client = await node()
    await meet(client, [wordy])
    expect(await find(client, swarm(8))).to.deep.equal([])
    const streams = client.libp2p.getConnections().flatMap(({ streams }) => streams).filter(({ protocol }) => protocol === dhtProtocol('test'))
    expect(streams).to.have.lengthOf(1)
    await until(() => streams.every(({ readStatus }) => readStatus === 'closed'))
    expect(client.routes.known).to.equal(1)
  })

  it('drops peers that were named as servers and are none', async () => {
    const plain = await startPlain()
    running.push(async () => { await plain.stop() })
    const closer = [{ id: plain.peerId.toMultihash().bytes, addrs: plain.getMultiaddrs().map(({ bytes }) => bytes) }]
    const wrong = await impostor(answering(({ type, key }) => ({ type, key, closer, providers: [] })))
    const client = await node()
    await meet(client, [wrong])
    client.routes.provide(swarm(7))
    expect(await client.provided).to.equal(1)
    expect(client.routes.known).to.equal(1)
  })
})
