import { lookup } from 'node:dns/promises'
import type { quic as Quic } from '@chainsafe/libp2p-quic'
import { transportSymbol, type Connection, type DialTransportOptions, type Listener, type MultiaddrConnection, type Transport, type Upgrader } from '@libp2p/interface'
import { raceSignal } from '@shoal/base'
import { ListenError, UnavailableError } from '@shoal/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { QUIC, QUIC_HANDSHAKES } from '../defaults.js'
import { overlay } from '../overlay.js'
import { isQuic } from '../quic.js'
import { QuicMuxer, type NativeConnection } from './quic-muxer.js'

/** As much as is used of what the library hands over with a new connection. */
interface Upgrading {
  readonly muxerFactory?: { readonly protocol: string, readonly init?: { readonly connection: NativeConnection } }
}

type Components = Parameters<ReturnType<typeof Quic>>[0]

export interface QuicTransport {
  readonly transport: (components: Components) => Transport
  /** A service that closes the sockets for dialling, which libp2p does not know of. */
  readonly sockets: () => { start (): Promise<void>, stop (): Promise<void> }
}

/**
 * QUIC, whose native code is an optional dependency: loaded when it is needed, and not before. Where it is missing and nobody listens by
 * it, each dial says so, and other addresses lead to the same node.
 *
 * @param load brings `@chainsafe/libp2p-quic`
 * @throws ListenError where that is not installed, or has no binary for this machine, and it is listened on
 * @see https://github.com/libp2p/specs/blob/master/quic/README.md
 */
export async function loadQuic (
  listens: boolean, load: () => Promise<{ quic: typeof Quic }> = async () => await import('@chainsafe/libp2p-quic')
): Promise<QuicTransport> {
  let quic: typeof Quic
  try {
    ({ quic } = await load())
  } catch (cause) {
    const missing =
      `an address with /quic-v1 needs the optional package @chainsafe/libp2p-quic with its binary for ${process.platform} on ${process.arch}, ` +
      `which could not be loaded (${(cause as Error).message.split('\n', 1)[0]}): install it, or leave the address out`
    if (listens) throw new ListenError(missing, { cause })
    const nothing = { start: async () => {}, stop: async () => {} }
    return { transport: () => absent(new UnavailableError(missing, { cause })), sockets: () => nothing }
  }
  let made: ReturnType<ReturnType<typeof Quic>> & { start? (): Promise<void>, stop? (): Promise<void> }
  return {
    transport: components => {
      made = quic(QUIC)(components)
      return overlay(made, { dial: dialler(made), createListener: listening(made) })
    },
    sockets: () => ({
      async start () { await made.start?.() },
      async stop () { await made.stop?.() }
    })
  }
}

/** So that whoever is dialled by QUIC alone is told why that cannot be. */
function absent (missing: UnavailableError): Transport {
  return {
    [transportSymbol]: true,
    [Symbol.toStringTag]: 'quic',
    async dial () { throw missing },
    createListener () { throw missing },
    dialFilter: addrs => addrs.filter(addr => isQuic(addr.toString())),
    listenFilter: () => []
  }
}

/** The library resolves no names, and goes on with a dial that was given up. */
function dialler (transport: Transport): Transport['dial'] {
  return async (addr, options) => {
    const ready = { ...options, upgrader: withOwnStreams(options.upgrader) } as DialTransportOptions
    return await raceSignal<Connection>(resolved(addr).then(async to => await transport.dial(to, ready as never)), options.signal)
  }
}

async function resolved (addr: Multiaddr): Promise<Multiaddr> {
  const [host, ...rest] = addr.getComponents()
  const family = { dns: 0, dns4: 4, dns6: 6 }[host?.name ?? '']
  if (family === undefined || host?.value === undefined) return addr
  const found = await lookup(host.value, { family })
  return multiaddr(`/ip${found.family}/${found.address}`).encapsulate(multiaddr(rest))
}

/**
 * The library waits for the end of one handshake before it begins another: somebody who sends a single packet and is silent would keep all
 * others out for as long as a connection may be idle. So many are accepted at a time.
 */
function listening (transport: Transport): Transport['createListener'] {
  return options => {
    const listener: Listener & { awaitInboundConnections? (): Promise<void> } =
      transport.createListener({ ...options, upgrader: withOwnStreams(options.upgrader) })
    const listen = listener.listen.bind(listener)
    listener.listen = async addr => {
      await listen(addr)
      for (let more = 1; more < QUIC_HANDSHAKES; more++) void listener.awaitInboundConnections?.()
    }
    return listener
  }
}

function withOwnStreams (upgrader: Upgrader): Upgrader {
  const adapted = <T extends object> (options: T): T => {
    const { muxerFactory } = options as Upgrading
    const native = muxerFactory?.init?.connection
    if (native === undefined) throw new UnavailableError('@chainsafe/libp2p-quic is not of the expected version: it hides its connections')
    return {
      ...options,
      muxerFactory: { protocol: 'quic', createStreamMuxer: (connection: MultiaddrConnection) => new QuicMuxer(native, connection) }
    }
  }
  return overlay(upgrader, {
    async upgradeOutbound (connection: MultiaddrConnection, options: Parameters<Upgrader['upgradeOutbound']>[1]) {
      // whoever dialled may have left meanwhile
      options.signal?.throwIfAborted()
      return await upgrader.upgradeOutbound(connection, adapted(options))
    },
    async upgradeInbound (connection: MultiaddrConnection, options: Parameters<Upgrader['upgradeInbound']>[1]) {
      await upgrader.upgradeInbound(connection, adapted(options))
    }
  } as Partial<Upgrader>)
}
