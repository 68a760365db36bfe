import type { PeerId, PeerStore, Stream } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import { lpStream, type LengthPrefixedStream } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock } from '@shoal/base'
import { WireError } from '@shoal/interface'
import { parse, withPeer } from '../addrs.js'
import { MAX_CONCURRENT_REQUESTS, MAX_MESSAGE_BYTES, MAX_READ_BYTES, REQUEST_TIMEOUT_MS } from '../defaults.js'
import { Turns } from '../turns.js'
import { decodeMessage, encodeMessage, type DhtMessage } from './codec.js'
import type { DhtNode } from './node.js'

export interface RequestsComponents {
  readonly connectionManager: Pick<ConnectionManager, 'getConnections' | 'openStream'>
  readonly peerStore: Pick<PeerStore, 'get'>
  readonly clock: Clock
}

/** What `lpStream` throws at lengths that are wrong or too large, and at too much beyond them. */
const VIOLATIONS = new Set(['InvalidDataLengthError', 'InvalidDataLengthLengthError', 'InvalidMessageLengthError', 'StreamBufferError'])

/** One stream a request, at most `MAX_CONCURRENT_REQUESTS` at the same time. Dials who is not connected. */
export class Requests {
  readonly #protocol: string
  readonly #components: RequestsComponents
  readonly #turns = new Turns(MAX_CONCURRENT_REQUESTS)

  constructor (protocol: string, components: RequestsComponents) {
    this.#protocol = protocol
    this.#components = components
  }

  /**
   * @throws WireError when what comes is no answer
   * @throws the signal's reason, and whatever libp2p throws, when none comes
   */
  async ask (node: DhtNode, message: DhtMessage, signal: AbortSignal): Promise<DhtMessage> {
    return await this.#talk(node, signal, async (stream, signal) => {
      await stream.write(encodeMessage(message), { signal })
      const answer = decodeMessage(await readWhole(stream, signal))
      if (answer.type !== message.type) throw new WireError(`expected an answer of type ${message.type} from a DHT server, got ${answer.type}`)
      return answer
    })
  }

  /** Sends what is not answered. @throws the signal's reason, and whatever libp2p throws, when it could not be sent */
  async tell (node: DhtNode, message: DhtMessage, signal: AbortSignal): Promise<void> {
    await this.#talk(node, signal, async (stream, signal) => {
      await stream.write(encodeMessage(message), { signal })
      await stream.unwrap().close({ signal })
    })
  }

  /** Whether there is a connection that streams may use. */
  connected (peer: PeerId): boolean {
    return this.#components.connectionManager.getConnections(peer).some(({ limits }) => limits === undefined)
  }

  /** What was said of a node, and what the peer store has. */
  async addrs ({ peer, name, addrs }: DhtNode): Promise<Multiaddr[]> {
    const stored = await this.#components.peerStore.get(peer).then(({ addresses }) => addresses, () => [])
    const texts = [...addrs, ...stored.map(({ multiaddr }) => multiaddr)].flatMap(addr => withPeer(addr, name) ?? [])
    return [...new Set(texts)].flatMap(text => parse(text) ?? [])
  }

  async #talk<T> (
    node: DhtNode, signal: AbortSignal, talk: (stream: LengthPrefixedStream<Stream>, signal: AbortSignal) => Promise<T>
  ): Promise<T> {
    return await this.#turns.run(signal, async () => {
      const timeout = new AbortController()
      const cancel = this.#components.clock.after(REQUEST_TIMEOUT_MS, () => {
        timeout.abort(new Error(`no end within ${REQUEST_TIMEOUT_MS / 1000} s`))
      })
      const either = AbortSignal.any([signal, timeout.signal])
      let stream: Stream | undefined
      try {
        stream = await this.#open(node, either)
        const result = await talk(lpStream(stream, { maxDataLength: MAX_MESSAGE_BYTES, maxBufferSize: MAX_READ_BYTES }), either)
        // over WebRTC the other side has to confirm it, which is no reason to wait for what is here already
        void close(stream, timeout.signal).finally(cancel)
        return result
      } catch (error) {
        cancel()
        stream?.abort(error as Error)
        throw error
      }
    })
  }

  async #open (node: DhtNode, signal: AbortSignal): Promise<Stream> {
    const { connectionManager } = this.#components
    if (this.connected(node.peer)) return await connectionManager.openStream(node.peer, this.#protocol, { signal })
    const addrs = await this.addrs(node)
    // with a name alone libp2p would ask the DHT for addresses, which may be what this is about
    if (addrs.length === 0) throw new Error(`no address of ${node.name} is known`)
    return await connectionManager.openStream(addrs, this.#protocol, { signal })
  }
}

/** Both ways: what a server says after its answer is thrown away. */
async function close (stream: Stream, signal: AbortSignal): Promise<void> {
  try {
    await Promise.all([stream.close({ signal }), stream.closeRead({ signal })])
  } catch (error) {
    stream.abort(error as Error)
  }
}

async function readWhole (stream: LengthPrefixedStream<Stream>, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return (await stream.read({ signal })).subarray()
  } catch (cause) {
    if (!(cause instanceof Error) || !VIOLATIONS.has(cause.name)) throw cause
    throw new WireError(`expected a DHT message of at most ${MAX_MESSAGE_BYTES} bytes: ${cause.message}`, { cause })
  }
}
