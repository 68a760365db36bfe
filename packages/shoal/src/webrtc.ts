import { webRTC } from '@libp2p/webrtc'
import type { MultiaddrConnection, Upgrader } from '@libp2p/interface'
import type { Clock } from '@shoal/base'
import { UnavailableError } from '@shoal/interface'
import { HANDSHAKE_MS } from './defaults.js'
import { overlay } from './overlay.js'
import type { IceWay, Turned } from './turned.js'

/** As much as is used of what libp2p hands to `upgradeInbound` for WebRTC. */
export interface Factory {
  readonly peerConnection?: EventTarget & IceWay & { readonly connectionState?: RTCPeerConnectionState }
  readonly earlyDataChannels?: readonly { readonly channel: RTCDataChannel }[]
}

/**
 * libp2p's WebRTC between peers that cannot dial each other, without its race. The dialler opens a channel named `init` for the handshake,
 * waits until it is open, and closes it. The library's answering side closes it too, as soon as it sees it: on a busy machine before the
 * dialler has noticed that it was open, which then waits for that in vain until the dial times out. So an answering side leaves the
 * channel to the dialler for a while.
 *
 * Nor does it look whether there is a connection: when the dialler gave up, the answering side was left with one on which nothing ever
 * comes. And it keeps each connection, with all its channels, until the node stops: what would let go of it is an event that no peer
 * connection has.
 *
 * @param turned is told of each connection
 */
export function patientWebRTC (init: Parameters<typeof webRTC>[0], clock: Clock, turned: Turned): ReturnType<typeof webRTC> {
  const create = webRTC(init)
  return components => {
    const upgrader = overlay(components.upgrader, {
      async upgradeInbound (connection, options) {
        const { muxerFactory } = options as unknown as { muxerFactory: Factory }
        await handshakeOver(muxerFactory, clock)
        const state = muxerFactory.peerConnection?.connectionState ?? 'connected'
        if (state !== 'connected') throw new UnavailableError(`the peers did not find each other by WebRTC: expected a connection, it is ${state}`)
        turned.noted(connection, muxerFactory.peerConnection)
        letGo(connection, muxerFactory)
        await components.upgrader.upgradeInbound(connection, options)
      }
    } satisfies Partial<Upgrader>)
    const transport = create(overlay(components, { upgrader }))
    return overlay(transport, {
      async dial (addr, options) {
        // whoever dials brings an upgrader along
        const upgrader = overlay(options.upgrader, {
          async upgradeOutbound (connection, init) {
            const { muxerFactory } = init as unknown as { muxerFactory: Factory }
            turned.noted(connection, muxerFactory.peerConnection)
            letGo(connection, muxerFactory)
            return await options.upgrader.upgradeOutbound(connection, init)
          }
        } satisfies Partial<Upgrader>)
        return await transport.dial(addr, { ...options, upgrader })
      }
    } satisfies Partial<typeof transport>)
  }
}

/** The library hears the event that it waits for, and forgets the connection. */
function letGo (connection: MultiaddrConnection, { peerConnection, earlyDataChannels = [] }: Factory): void {
  // that of the handshake may never learn that it is closed, and what is native then holds it, and with it all that it leads to
  const early = earlyDataChannels.map(({ channel }) => channel)
  connection.addEventListener('close', () => {
    peerConnection?.dispatchEvent(new Event('close'))
    for (const channel of early) channel.onmessage = null
  }, { once: true })
}

/**
 * Resolves when the dialler has closed the channel of the handshake, or goes on with other channels (a channel that is closed at once
 * may never say so), or has had the time to, or the connection is gone.
 */
export async function handshakeOver ({ peerConnection, earlyDataChannels = [] }: Factory, clock: Clock): Promise<void> {
  if (peerConnection === undefined) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const onclose = (): void => { resolve() }
  const watched: RTCDataChannel[] = []
  const look = (channel: RTCDataChannel): void => {
    if (channel.label !== 'init' || channel.readyState === 'closed') resolve()
    else {
      watched.push(channel)
      channel.addEventListener('close', onclose)
    }
  }
  const onchannel = (event: Event): void => { look((event as RTCDataChannelEvent).channel) }
  const onstate = (): void => {
    const { connectionState = 'connected' } = peerConnection
    if (connectionState === 'closed' || connectionState === 'failed') resolve()
  }
  for (const { channel } of earlyDataChannels) look(channel)
  onstate()
  peerConnection.addEventListener('datachannel', onchannel)
  peerConnection.addEventListener('connectionstatechange', onstate)
  const cancel = clock.after(HANDSHAKE_MS, resolve)
  await promise
  cancel()
  for (const channel of watched) channel.removeEventListener('close', onclose)
  peerConnection.removeEventListener('datachannel', onchannel)
  peerConnection.removeEventListener('connectionstatechange', onstate)
}
