import { PeerConnection } from 'node-datachannel'
import { overlay } from '../overlay.js'

/** A standard configuration, with the native connection that is to be used. */
export type NativeRtcConfiguration = RTCConfiguration & { readonly peerConnection: PeerConnection }

/**
 * Has a native connection made for each dial and each answer of libp2p's WebRTC, when one begins: a dial that fails before would never
 * close it, and an open one keeps the process alive.
 */
export function nativeRtc (iceServers: readonly RTCIceServer[]): () => NativeRtcConfiguration {
  const servers = iceServers.flatMap(urlsOf)
  return () => ({
    iceServers: iceServers.map(server => ({ ...server })),
    get peerConnection () { return withheld(new PeerConnection('shoal', { iceServers: servers })) }
  })
}

/**
 * The same connection, without a race of libdatachannel: it hands the other side's answer to ICE first, and keeps it for DTLS afterwards.
 * An answering side that knows where to send has begun by then, and when DTLS is quicker than the second step the certificate is checked
 * against nothing, and refused. So whoever offers says nothing of its own addresses before it has taken in the answer.
 */
export function withheld (native: PeerConnection): PeerConnection {
  const waiting: (() => void)[] = []
  return overlay(native, {
    onLocalCandidate (tell) {
      native.onLocalCandidate((candidate, mid) => {
        if (native.signalingState() === 'have-local-offer') waiting.push(() => { tell(candidate, mid) })
        else tell(candidate, mid)
      })
    },
    setRemoteDescription (sdp, type) {
      native.setRemoteDescription(sdp, type)
      for (const tell of waiting.splice(0)) tell()
    }
  })
}

/** Of the form that the native side reads: a name and its password stand in the URL. */
export function urlsOf ({ urls, username, credential }: RTCIceServer): string[] {
  return [urls].flat().map(url => {
    if (username === undefined || credential === undefined) return url
    const [scheme, ...rest] = url.split(':')
    return `${scheme}:${encodeURIComponent(username)}:${encodeURIComponent(credential)}@${rest.join(':')}`
  })
}
