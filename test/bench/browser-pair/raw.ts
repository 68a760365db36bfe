/**
 * A libp2p stream between two nodes that do nothing else, with the transports and data-channel settings that Shoal has. The sender's bytes
 * come from memory and are held back by the `drain` event; the receiver counts them.
 */

import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Libp2p, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { webRTC, webRTCDirect } from '@libp2p/webrtc'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

export const PROTOCOL = '/shoal-bench/raw/1.0.0'
/** One `send`: as much as fits one data-channel message beside what frames it. */
const WRITE_BYTES = 16_000
const WEBRTC = { rtcConfiguration: { iceServers: [] }, dataChannel: { maxBufferedAmount: 256 * 1024 } }

export async function rawNode (listen: readonly string[]): Promise<Libp2p> {
  return await createLibp2p({
    addresses: { listen: [...listen] },
    transports: [webSockets(), webRTCDirect(WEBRTC), webRTC(WEBRTC), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false },
    connectionGater: { denyDialMultiaddr: () => false },
    services: { identify: identify() }
  })
}

/** Sends as much to whoever opens a stream. */
export async function rawSeed (node: Libp2p, sample: Uint8Array): Promise<void> {
  await node.handle(PROTOCOL, async stream => {
    for (let at = 0; at < sample.byteLength; at += WRITE_BYTES) {
      if (!stream.send(sample.subarray(at, at + WRITE_BYTES))) await drained(stream)
    }
    await stream.close()
  })
}

/** By the event: `onDrain()` waits only the first time. */
async function drained (stream: Stream): Promise<void> {
  while (stream.writableNeedsDrain) {
    await new Promise<void>((resolve, reject) => {
      const done = (event: Event): void => {
        stream.removeEventListener('drain', done)
        stream.removeEventListener('close', done)
        if (event.type === 'drain') resolve()
        else reject(new Error('the stream closed early'))
      }
      stream.addEventListener('drain', done)
      stream.addEventListener('close', done)
    })
  }
}
