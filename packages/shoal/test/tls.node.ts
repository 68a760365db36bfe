import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Connection, ConnectionEncrypter, ConnectionGater, Libp2p, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { tls, type TLSComponents } from '@libp2p/tls'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { seededRandom } from '@shoal/base'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { nativeTls } from '../src/node/tls.js'

type Encrypter = (components: TLSComponents) => ConnectionEncrypter

const PROTOCOL = '/echo/1.0.0'

describe('TLS', () => {
  const nodes: Libp2p[] = []

  async function node (encrypter: Encrypter, listen = '/ip4/127.0.0.1/tcp/0', gater: ConnectionGater = {}): Promise<Libp2p> {
    const libp2p = await createLibp2p({
      addresses: { listen: [listen] },
      transports: [tcp(), webSockets()],
      connectionEncrypters: [encrypter, noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      connectionGater: { denyDialMultiaddr: () => false, ...gater }
    })
    nodes.push(libp2p)
    await libp2p.handle(PROTOCOL, stream => { echo(stream) })
    return libp2p
  }

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async libp2p => { await libp2p.stop() }))
  })

  const ends: readonly [string, Encrypter, Encrypter][] = [
    ['ours to ours', nativeTls(), nativeTls()],
    ['ours to the library’s', nativeTls(), tls()],
    ['the library’s to ours', tls(), nativeTls()]
  ]
  for (const [name, dialler, listener] of ends) {
    for (const address of ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']) {
      it(`carries every byte both ways, ${name}, over ${address.endsWith('ws') ? 'WebSockets' : 'TCP'}`, async () => {
        const [one, two] = [await node(dialler), await node(listener, address)]
        const connection = await one.dial(two.getMultiaddrs())
        expect(connection.encryption).to.equal('/tls/1.0.0')
        expect(connection.remotePeer.equals(two.peerId)).to.equal(true)
        expect(connection.multiplexer).to.equal('/yamux/1.0.0')
        const sent = bytes(3_000_000)
        expect(await echoed(connection, sent)).to.deep.equal(sent)
      })
    }
  }

  it('encrypts a TCP socket where it is', async () => {
    const port = async (address: string): Promise<number | undefined> => {
      const connection = await (await node(nativeTls())).dial((await node(nativeTls(), address)).getMultiaddrs())
      return socketOf(connection).remotePort
    }
    // what lies on a TCP handle knows its port, what lies on a stream in JavaScript does not
    expect(await port('/ip4/127.0.0.1/tcp/0')).to.be.a('number')
    expect(await port('/ip4/127.0.0.1/tcp/0/ws')).to.equal(undefined)
  })

  it('has one certificate for all connections of a node, and its peers have others', async () => {
    const [one, two, three] = [await node(nativeTls()), await node(nativeTls()), await node(nativeTls())]
    const seen = async (from: Libp2p, to: Libp2p): Promise<string> =>
      socketOf(await from.dial(to.getMultiaddrs())).getPeerCertificate().fingerprint256
    expect(await seen(two, one)).to.equal(await seen(three, one))
    expect(await seen(one, two)).not.to.equal(await seen(two, one))
  })

  it('refuses another peer than the one that was dialled', async () => {
    const [one, two] = [await node(nativeTls()), await node(nativeTls())]
    const other = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
    const address = two.getMultiaddrs()[0]?.decapsulate('/p2p').encapsulate(`/p2p/${other.toString()}`)
    const error = await one.dial(multiaddr(address?.toString())).then(() => undefined, (reason: unknown) => String(reason))
    expect(error).to.match(/UnexpectedPeer|unexpected peer/i)
    expect(one.getConnections()).to.have.length(0)
  })

  it('ends at both ends when one closes, or aborts', async () => {
    for (const end of ['close', 'abort'] as const) {
      const [one, two] = [await node(nativeTls()), await node(nativeTls())]
      const connection = await one.dial(two.getMultiaddrs())
      await echoed(connection, bytes(100))
      const gone = once(two, 'connection:close')
      if (end === 'close') await connection.close()
      else connection.abort(new Error('enough'))
      await gone
      expect(one.getConnections()).to.have.length(0)
      expect(two.getConnections()).to.have.length(0)
    }
  })

  it('survives that a peer is refused as soon as it is known', async () => {
    const [one, two] = [await node(tls()), await node(nativeTls(), undefined, { denyInboundEncryptedConnection: () => true })]
    for (let i = 0; i < 5; i++) {
      const connection = await one.dial(two.getMultiaddrs()).catch(() => undefined)
      if (connection?.status === 'open') await once(connection, 'close')
    }
    expect(two.getConnections()).to.have.length(0)
  })

  it('gives up a handshake that its caller gives up', async () => {
    const [one, two] = [await node(nativeTls()), await node(nativeTls())]
    const error = await one.dial(two.getMultiaddrs(), { signal: AbortSignal.abort() }).then(() => undefined, (reason: unknown) => reason)
    expect(error).to.be.instanceOf(Error)
    await one.dial(two.getMultiaddrs())
  })
})

function bytes (length: number): Uint8Array {
  const random = seededRandom(7)
  return Uint8Array.from({ length }, () => random() * 256)
}

/** Sends back what comes; ends when the other end does. */
function echo (stream: Stream): void {
  stream.addEventListener('message', ({ data }) => { stream.send(data) })
  stream.addEventListener('remoteCloseWrite', () => { void stream.close() })
}

async function echoed (connection: Connection, sent: Uint8Array): Promise<Uint8Array> {
  const stream = await connection.newStream(PROTOCOL)
  const parts: Uint8Array[] = []
  let length = 0
  const whole = new Promise<void>((resolve, reject) => {
    stream.addEventListener('message', ({ data }) => {
      parts.push(data.subarray())
      length += data.byteLength
      if (length >= sent.byteLength) resolve()
    })
    stream.addEventListener('close', ({ error }) => { reject(error ?? new Error(`closed after ${length} bytes`)) })
  })
  stream.send(sent)
  await whole
  await stream.close()
  return new Uint8Array(Buffer.concat(parts))
}

/** The library keeps it private. */
function socketOf (connection: Connection): TLSSocket {
  return (connection as unknown as { muxer: { maConn: { socket: TLSSocket } } }).muxer.maConn.socket
}
