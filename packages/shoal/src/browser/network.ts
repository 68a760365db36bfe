import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { gossipsub } from '@libp2p/gossipsub'
import { identify, identifyPush } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import type { PrivateKey } from '@libp2p/interface'
import { gossipsubDefaults } from '@shoal/availability'
import { systemClock } from '@shoal/base'
import { ConfigError } from '@shoal/interface'
import { dhtClient, peerStoreDefaults, usableAddrs } from '@shoal/routing'
import type { Datastore } from 'interface-datastore'
import { createLibp2p } from 'libp2p'
import type { Config } from '../config.js'
import { CONNECTIONS, DATA_CHANNEL, IDENTIFY, MONITOR, YAMUX } from '../defaults.js'
import { inboundLimits } from '../inbound-limits.js'
import type { Network } from '../platform.js'
import type { Trust } from '../trust.js'
import { Turned } from '../turned.js'
import { oneOfTwins } from '../twins.js'
import { walkPace } from '../walk-pace.js'
import { patientWebRTC } from '../webrtc.js'
import { addressRules } from './surroundings.js'

/** The libp2p node of a page. */
export async function browserNetwork (
  config: Config, privateKey: PrivateKey, datastore: Datastore, { gater, appSpecificScore, refused }: Trust
): Promise<Network> {
  if (config.networkKey !== undefined) throw new ConfigError('networkKey: a page connects by WebRTC, which knows no private networks: use Node.js')
  const turned = new Turned(systemClock)
  const rtcConfiguration = { iceServers: config.iceServers.map(server => ({ ...server })) }
  try {
    return await createLibp2p({
      privateKey,
      datastore,
      peerStore: peerStoreDefaults(),
      start: false,
      addresses: { listen: [...config.listen] },
      transports: [
        webSockets(),
        webRTCDirect({ rtcConfiguration, dataChannel: DATA_CHANNEL }),
        patientWebRTC({ rtcConfiguration, dataChannel: DATA_CHANNEL }, systemClock, turned),
        circuitRelayTransport()
      ],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux(YAMUX)],
      peerRouters: [() => walkPace(systemClock)],
      connectionMonitor: MONITOR,
      connectionManager: { ...CONNECTIONS, maxConnections: config.connections },
      // the library refuses ws:// and private addresses everywhere; a page that came from such an address may use them
      connectionGater: { ...gater, denyDialMultiaddr: addr => usableAddrs([addr.toString()], { from: addressRules() }).length === 0 },
      services: {
        identify: identify(IDENTIFY),
        identifyPush: identifyPush(),
        ping: ping(),
        inboundLimits: inboundLimits(refused),
        oneOfTwins: oneOfTwins(systemClock),
        turned: () => turned,
        dht: dhtClient({ network: config.network, clock: systemClock }),
        pubsub: gossipsub(gossipsubDefaults({ appSpecificScore }))
      }
    })
  } catch (error) {
    throw new ConfigError(`the network could not be set up: ${(error as Error).message}`, { cause: error })
  }
}
