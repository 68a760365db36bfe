import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Libp2p, Stream } from '@libp2p/interface'
import { ConfigError, ListenError } from '@shoal/interface'
import { systemClock } from '@shoal/base'
import { openLedger } from '@shoal/ledger'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { expect } from 'chai'
import { MemoryDatastore } from 'datastore-core'
import { createShoal } from '../src/index.js'
import { resolveConfig } from '../src/config.js'
import { nodeNetwork } from '../src/node/network.js'
import { nodePlatform } from '../src/node/platform.js'
import { loadQuic } from '../src/node/quic.js'
import { trust } from '../src/trust.js'
import { surroundings, until } from './nodes.js'

const QUIC = '/ip4/127.0.0.1/udp/0/quic-v1'
const TCP = '/ip4/127.0.0.1/tcp/0'
const MIB = 2 ** 20

describe('QUIC', function () {
  this.timeout(30_000)
  const { node } = surroundings()
  const started: Libp2p[] = []
  const sockets: Socket[] = []

  /** Without the rest of a node. */
  const network = async (listen: string[], denied: string[] = []): Promise<Libp2p> => {
    const datastore = new MemoryDatastore()
    const trusted = trust(await openLedger({ clock: systemClock, datastore }), systemClock, () => {})
    const gater = { ...trusted.gater, denyInboundEncryptedConnection: (peer: unknown) => denied.includes(String(peer)) }
    // one that only dials knows somebody there
    const config = resolveConfig({ listen, bootstrap: ['/ip4/127.0.0.1/udp/9/quic-v1'] }, nodePlatform.surroundings)
    const libp2p = await nodeNetwork(config, await generateKeyPair('Ed25519'), datastore, { ...trusted, gater })
    started.push(libp2p)
    await libp2p.start()
    return libp2p
  }
  const portOf = (libp2p: Libp2p): number => Number(/\/udp\/(\d+)/.exec(String(libp2p.getMultiaddrs()[0]))?.[1])

  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.close()
    await Promise.all(started.splice(0).map(async libp2p => { await libp2p.stop() }))
  })

  it('carries a content between nodes that have nothing else', async () => {
    const publisher = await node({ listen: [QUIC] })
    expect(publisher.addrs).to.have.length(1)
    const bytes = new Uint8Array(3_000_000).map((_, i) => i * 7)
    const { link } = await publisher.publishBytes(new Map([['x', bytes]]), { name: 'c' })
    const reader = await node({ listen: [QUIC] })
    const content = await reader.open(link)
    const parts: Uint8Array[] = []
    for await (const part of content.read('x')) parts.push(part)
    expect(Buffer.concat(parts).equals(bytes)).to.equal(true)
    expect(reader.status.peers.map(({ transport }) => transport)).to.deep.equal(['quic'])
  })

  it('is spoken by who was told of a bootstrap node there, and by nobody else', async () => {
    const server = await node({ listen: [QUIC], server: true })
    const knowing = await node({ listen: [], bootstrap: server.addrs })
    await until(() => knowing.status.connections === 1, 'a connection')
    const { link } = await server.publishBytes(new Map([['x', new Uint8Array(9)]]), { name: 'c' })
    const other = await node({ listen: [] })
    const content = other.open(link, { signal: AbortSignal.timeout(500) })
    expect(await content.catch((error: unknown) => error)).to.have.property('name', 'TimeoutError')
    expect(other.status.connections).to.equal(0)
  })

  it('finds an address by its name', async () => {
    const [listener, dialler] = [await network([QUIC]), await network([])]
    const connection = await dialler.dial(multiaddr(`/dns4/localhost/udp/${portOf(listener)}/quic-v1/p2p/${listener.peerId.toString()}`))
    expect(connection.remotePeer.equals(listener.peerId)).to.equal(true)
  })

  it('gives way to TCP where UDP leads nowhere', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1')
    sockets.push(silent)
    await once(silent, 'listening')
    const [listener, dialler] = [await network([TCP]), await network([])]
    const blocked = multiaddr(`/ip4/127.0.0.1/udp/${silent.address().port}/quic-v1/p2p/${listener.peerId.toString()}`)
    const connection = await dialler.dial([blocked, ...listener.getMultiaddrs()])
    expect(connection.remoteAddr.toString()).to.include('/tcp/')
  })

  it('ends a dial that nobody answers when whoever dials gives up', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1')
    sockets.push(silent)
    await once(silent, 'listening')
    const dialler = await network([])
    const signal = AbortSignal.timeout(200)
    const failed = await dialler.dial(multiaddr(`/ip4/127.0.0.1/udp/${silent.address().port}/quic-v1`), { signal }).catch((error: unknown) => error)
    expect(failed).to.have.property('name')
    expect(dialler.getConnections()).to.deep.equal([])
  })

  it('connects others while somebody begins a handshake and is silent', async () => {
    const listener = await network([QUIC])
    const hole = createSocket('udp4').bind(0, '127.0.0.1')
    sockets.push(hole)
    await once(hole, 'listening')
    const first = once(hole, 'message') as Promise<[Uint8Array]>
    const { port } = hole.address() as AddressInfo
    const silent = await network([])
    silent.dial(multiaddr(`/ip4/127.0.0.1/udp/${port}/quic-v1/p2p/${listener.peerId.toString()}`), { signal: AbortSignal.timeout(200) }).catch(() => {})
    const [initial] = await first
    hole.send(initial, portOf(listener), '127.0.0.1')
    await once(hole, 'message')
    // the answer to it has come: the listener waits for more
    const dialler = await network([])
    await dialler.dial(listener.getMultiaddrs(), { signal: AbortSignal.timeout(4_000) })
  })

  it('refuses whom the ledger has shut out', async () => {
    const dialler = await network([])
    const listener = await network([QUIC], [dialler.peerId.toString()])
    const connection = await dialler.dial(listener.getMultiaddrs()).catch(() => undefined)
    await until(() => connection === undefined || connection.status === 'closed', 'the connection to be closed')
    expect(listener.getConnections()).to.deep.equal([])
  })

  it('leaves its port when it stops', async () => {
    const listener = await network([QUIC])
    const port = portOf(listener)
    await (await network([])).dial(listener.getMultiaddrs())
    await listener.stop()
    const again = createSocket('udp4').bind(port, '127.0.0.1')
    sockets.push(again)
    await once(again, 'listening')
  })

  describe('a stream', () => {
    /** Both ends of one. */
    const pair = async (): Promise<[Stream, Stream]> => {
      const [listener, dialler] = [await network([QUIC]), await network([])]
      const came = Promise.withResolvers<Stream>()
      await listener.handle('/test', stream => { came.resolve(stream) })
      const stream = await dialler.dialProtocol(listener.getMultiaddrs(), '/test')
      return [stream, await came.promise]
    }

    it('holds its sender back while it is paused, and loses nothing', async () => {
      const [sender, receiver] = await pair()
      receiver.pause()
      let [sent, got] = [0, 0]
      const chunk = new Uint8Array(60_000)
      const send = (): void => {
        while (sent < 12 * MIB) {
          sent += chunk.byteLength
          if (!sender.send(chunk)) return
        }
      }
      sender.addEventListener('drain', () => { queueMicrotask(send) })
      send()
      let before = -1
      await until(async () => {
        const still = sent === before
        before = sent
        await new Promise(resolve => setTimeout(resolve, 200))
        return still
      }, 'the sender to be held back')
      expect(sent).to.be.below(12 * MIB)
      expect(receiver.readBufferLength).to.be.at.most(65_536)
      receiver.addEventListener('message', ({ data }) => {
        got += data.byteLength
        // what is paused again in a handler stays paused
        receiver.pause()
        setTimeout(() => { receiver.resume() }, 0)
      })
      receiver.resume()
      await until(() => got === sent && sent >= 12 * MIB, 'all of it')
    })

    it('that is reset does not look like one that has ended', async () => {
      const [sender, receiver] = await pair()
      const closed = once(receiver as unknown as EventTarget, 'close') as Promise<[Event & { error?: Error }]>
      sender.abort(new Error('enough'))
      expect((await closed)[0].error?.name).to.equal('StreamResetError')
    })

    it('ends well at both ends', async () => {
      const [sender, receiver] = await pair()
      const [closed, others] = [once(receiver as unknown as EventTarget, 'close'), once(sender as unknown as EventTarget, 'close')]
      const ended = once(receiver as unknown as EventTarget, 'remoteCloseWrite')
      receiver.addEventListener('message', () => {})
      sender.send(new Uint8Array([1]))
      await sender.close()
      await ended
      await receiver.close()
      expect([await closed, await others].map(([event]) => (event as { error?: Error }).error)).to.deep.equal([undefined, undefined])
    })
  })

  it('says what is missing where its native part is', async () => {
    const load = (): Promise<never> => Promise.reject(new Error('Cannot find native binding'))
    const failed = await loadQuic(true, load).catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(ListenError)
    expect((failed as Error).message).to.include('@chainsafe/libp2p-quic').and.include('Cannot find native binding')
    // who only knows somebody there goes on, and hears of it when it dials
    const transport = (await loadQuic(false, load)).transport({} as never)
    const addrs = [multiaddr('/ip4/127.0.0.1/tcp/1'), multiaddr('/ip4/127.0.0.1/udp/1/quic-v1')]
    expect(transport.dialFilter(addrs).map(String)).to.deep.equal(['/ip4/127.0.0.1/udp/1/quic-v1'])
    const refused = await transport.dial(addrs[1] as Multiaddr, {} as never).catch((error: unknown) => error)
    expect((refused as Error).message).to.equal((failed as Error).message)
  })

  it('is nothing for a network with a key', async () => {
    const failed = await createShoal({ networkKey: 'ab'.repeat(32), listen: [QUIC] }).catch((error: unknown) => error)
    expect(failed).to.be.instanceOf(ConfigError)
    expect((failed as Error).message).to.include('quic-v1')
    const publisher = await node({ listen: [QUIC] })
    const inside = await node({ networkKey: 'ab'.repeat(32), listen: [], bootstrap: publisher.addrs })
    await once(inside, 'error')
    expect(publisher.status.connections).to.equal(0)
  })
})
