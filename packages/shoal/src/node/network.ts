import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { keychain } from '@libp2p/keychain'
import { mdns } from '@libp2p/mdns'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { uPnPNAT } from '@libp2p/upnp-nat'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import type { PrivateKey } from '@libp2p/interface'
import { gossipsubDefaults } from '@shoal/availability'
import { systemClock, systemRandom } from '@shoal/base'
import { ListenError } from '@shoal/interface'
import { dhtClient, peerStoreDefaults } from '@shoal/routing'
import { kadServer, overKad } from '@shoal/routing/kad-dht'
import type { Datastore } from 'interface-datastore'
import { createLibp2p, type ServiceFactoryMap } from 'libp2p'
import type { Config } from '../config.js'
import { CONNECTIONS, DATA_CHANNEL, IDENTIFY, MONITOR, PENDING_PER_PARTY, YAMUX } from '../defaults.js'
import { inboundLimits } from '../inbound-limits.js'
import type { Network } from '../platform.js'
import { isQuic, speaksQuic } from '../quic.js'
import type { Trust } from '../trust.js'
import { Turned } from '../turned.js'
import { oneOfTwins } from '../twins.js'
import { walkPace } from '../walk-pace.js'
import { patientWebRTC } from '../webrtc.js'
import { dialBack } from './dial-back.js'
import { holePunching } from './hole-punching.js'
import { nativeRtc } from './peer-connection.js'
import { pendingGate } from './pending-gate.js'
import { canBePrivate, privateNetwork } from './private-network.js'
import { loadQuic } from './quic.js'
import { reachable } from './reachable.js'
import { relay } from './relay.js'
import { nativeTls } from './tls.js'
import { gatewayClient } from './upnp/client.js'

/** The libp2p node of a Node.js process. */
export async function nodeNetwork (
  config: Config, privateKey: PrivateKey, datastore: Datastore, { gater, appSpecificScore, refused }: Trust
): Promise<Network> {
  const turned = new Turned(systemClock)
  const rtcConfiguration = { iceServers: config.iceServers.map(server => ({ ...server })) }
  const { networkKey } = config
  const webRtc = [
    webRTCDirect({ rtcConfiguration, dataChannel: DATA_CHANNEL }),
    patientWebRTC({ rtcConfiguration: nativeRtc(config.iceServers), dataChannel: DATA_CHANNEL }, systemClock, turned)
  ]
  const quic = speaksQuic(config) ? await loadQuic(config.listen.some(isQuic)) : undefined
  try {
    return await createLibp2p({
      privateKey,
      datastore,
      peerStore: peerStoreDefaults(),
      start: false,
      addresses: { listen: config.listen.filter(addr => networkKey === undefined || canBePrivate(addr)), announce: [...config.announce] },
      transports: [
        tcp(),
        webSockets(),
        circuitRelayTransport(),
        ...(networkKey === undefined ? webRtc : []),
        ...(quic === undefined ? [] : [quic.transport])
      ],
      // the dialler's order decides, and TLS is the faster between Node.js peers
      connectionEncrypters: [nativeTls(), noise()],
      ...(networkKey === undefined ? {} : privateNetwork(networkKey)),
      streamMuxers: [yamux(YAMUX)],
      peerRouters: [() => walkPace(systemClock)],
      connectionMonitor: MONITOR,
      connectionManager: { ...CONNECTIONS, maxConnections: config.connections },
      connectionGater: pendingGate(PENDING_PER_PARTY, refused, gater),
      peerDiscovery: config.mdns ? [mdns({ serviceTag: `${config.network}.local` })] : [],
      services: {
        identify: identify(IDENTIFY),
        identifyPush: identifyPush(),
        ping: ping(),
        inboundLimits: inboundLimits(refused),
        oneOfTwins: oneOfTwins(systemClock),
        turned: () => turned,
        ...dht(config),
        pubsub: gossipsub(gossipsubDefaults({ appSpecificScore })),
        autoNAT: dialBack(),
        ...(quic === undefined ? {} : { quicSockets: quic.sockets }),
        ...optionalServices(config)
      }
    })
  } catch (error) {
    throw new ListenError(`the network could not be set up with the addresses ${config.listen.join(', ')}: ${(error as Error).message}`, { cause: error })
  }
}

/** A server serves the DHT; the rest ask there. */
function dht ({ network, server }: Config): { readonly dht: ReturnType<typeof dhtClient> } {
  // the order counts: the second is made of the first
  const services: object = server
    ? { kad: kadServer({ network }), dht: overKad({ clock: systemClock, random: systemRandom }) }
    : { dht: dhtClient({ network, clock: systemClock }) }
  return services as { readonly dht: ReturnType<typeof dhtClient> }
}

/** A server relays; the rest punch holes. UPnP sends multicast, so it waits to be asked. */
function optionalServices (config: Config): ServiceFactoryMap {
  const services: ServiceFactoryMap = config.server
    ? { reachable: reachable(), relay: relay(config.relay, systemClock) }
    : { dcutr: holePunching() }
  if (config.upnp) services['upnp'] = uPnPNAT({ portMappingClient: gatewayClient(systemClock, systemRandom) })
  // keeps WebRTC-Direct's certificate, and with it the address, over restarts; it takes up to a second to say that it has none yet
  if (config.data !== undefined && config.listen.some(addr => addr.includes('/webrtc-direct'))) services['keychain'] = keychain()
  return services
}
