import { Socket } from 'node:net'
import { connect, TLSSocket, type TLSSocketOptions } from 'node:tls'
import { InvalidCryptoExchangeError } from '@libp2p/interface'
import type {
  ConnectionEncrypter, MessageStream, SecureConnectionOptions, SecuredConnection, StreamMessageEvent, StreamMuxerFactory
} from '@libp2p/interface'
import { PROTOCOL, type TLSComponents } from '@libp2p/tls'
import { generateCertificate, toMessageStream, toNodeDuplex } from '@libp2p/tls/utils'
import { systemClock } from '@shoal/base'
import { peerOfCertificate } from './tls-certificate.js'

/** How libp2p's streams hand down what is sent on them. */
type SendData = (data: Iterable<Uint8Array> & { readonly byteLength: number }) => { sentBytes: number, canSendMore: boolean }

/** A connection has no early muxer when its ends agree on this protocol alone. */
const NO_MUXER = 'libp2p'

/**
 * libp2p's TLS 1.3 as `@libp2p/tls` speaks it, with its certificates and their verification, but for two things. A TCP socket is encrypted
 * where it is, in native code: the library carries each encrypted chunk through JavaScript streams and back. And the certificate is made
 * once a node, not once a connection.
 *
 * @see https://github.com/libp2p/specs/blob/master/tls/tls.md
 */
export function nativeTls (): (components: TLSComponents) => ConnectionEncrypter {
  return components => new NativeTls(components)
}

class NativeTls implements ConnectionEncrypter {
  readonly protocol = PROTOCOL
  readonly #components: TLSComponents
  #certificate: ReturnType<typeof generateCertificate> | undefined

  constructor (components: TLSComponents) {
    this.#components = components
  }

  async secureInbound (connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    return await this.#secure(connection, true, options)
  }

  async secureOutbound (connection: MessageStream, options?: SecureConnectionOptions): Promise<SecuredConnection> {
    return await this.#secure(connection, false, options)
  }

  /** Made once, and not with the signal of whoever comes first; made again when that failed. */
  #identity (): ReturnType<typeof generateCertificate> {
    this.#certificate ??= generateCertificate(this.#components.privateKey).catch((error: unknown) => {
      this.#certificate = undefined
      throw error
    })
    return this.#certificate
  }

  async #secure (connection: MessageStream, isServer: boolean, options: SecureConnectionOptions = {}): Promise<SecuredConnection> {
    const { signal, remotePeer: expected, skipStreamMuxerNegotiation = false } = options
    const muxers = skipStreamMuxerNegotiation ? new Map<string, StreamMuxerFactory>() : this.#components.upgrader.getStreamMuxers()
    const init: TLSSocketOptions = {
      ...await this.#identity(),
      isServer,
      minVersion: 'TLSv1.3',
      maxVersion: 'TLSv1.3',
      // certificates are self-signed: what is in them is verified below
      rejectUnauthorized: false,
      ...isServer
        ? { requestCert: true, ALPNCallback: ({ protocols }) => protocols.find(name => name === NO_MUXER || muxers.has(name)) }
        : { ALPNProtocols: [...muxers.keys(), NO_MUXER] }
    }
    signal?.throwIfAborted()
    const carrier = await takeSocket(connection) ?? toNodeDuplex(connection)
    const socket = isServer ? new TLSSocket(carrier, init) : connect({ ...init, socket: carrier as Socket })
    carrier.on('error', error => { socket.destroy(error) })
    try {
      await secured(socket, signal)
      const remotePeer = await peerOfCertificate(socket.getPeerCertificate().raw, expected, connection.log)
      const agreed = socket.alpnProtocol
      const streamMuxer = typeof agreed === 'string' ? muxers.get(agreed) : undefined
      if (streamMuxer === undefined && typeof agreed === 'string' && agreed !== NO_MUXER) {
        throw new InvalidCryptoExchangeError(`expected one of the muxers that were offered, got ${agreed}`)
      }
      const encrypted = gathering(toMessageStream(connection, socket), socket)
      return { remotePeer, connection: encrypted, ...streamMuxer === undefined ? {} : { streamMuxer } }
    } catch (error) {
      socket.destroy()
      connection.abort(error as Error)
      throw error
    }
  }
}

/**
 * The TCP socket under a connection, with what came on it and nobody read; `undefined` where there is none, or where encryption would
 * overtake what waits to be written. The library keeps the socket in a property that it calls private; without it all works, but slower.
 */
async function takeSocket (connection: MessageStream): Promise<Socket | undefined> {
  const { socket } = connection as { socket?: unknown }
  if (!(socket instanceof Socket) || socket.destroyed || socket.writableLength > 0) return undefined
  socket.pause()
  socket.removeAllListeners('data')
  const unread: Uint8Array[] = []
  const take = ({ data }: StreamMessageEvent): void => { unread.push(data.subarray()) }
  connection.addEventListener('message', take)
  // a connection gives what it holds in the microtask after somebody listens
  await Promise.resolve()
  connection.removeEventListener('message', take)
  for (const bytes of unread.toReversed()) socket.unshift(bytes)
  return socket
}

/**
 * What is sent at once becomes one write, copied together in native code. The library writes piece by piece and stops when the socket is
 * full, but a record and two system calls for each header of a frame cost more than the little that is queued beyond.
 */
function gathering (stream: MessageStream, socket: TLSSocket): MessageStream {
  const sender = stream as MessageStream & { sendData: SendData }
  sender.sendData = data => {
    let canSendMore = true
    socket.cork()
    for (const bytes of data) canSendMore = socket.write(bytes)
    socket.uncork()
    return { sentBytes: data.byteLength, canSendMore }
  }
  return sender
}

async function secured (socket: TLSSocket, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const abort = (): void => { reject(signal?.reason as Error) }
    const end = (error?: Error): void => {
      signal?.removeEventListener('abort', abort)
      if (error !== undefined) reject(error)
    }
    signal?.addEventListener('abort', abort)
    // not in this turn: the event comes out of the native handshake, and a socket that is destroyed under it takes the process with it
    socket.once('secure', () => {
      systemClock.after(0, () => {
        end(socket.destroyed ? new InvalidCryptoExchangeError('the connection closed during the handshake') : undefined)
        resolve()
      })
    })
    socket.on('error', end)
    socket.once('close', () => { end(new InvalidCryptoExchangeError('the connection closed during the handshake')) })
  })
}
