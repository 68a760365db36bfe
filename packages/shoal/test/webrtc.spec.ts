import { ManualClock } from '@shoal/base'
import { UnavailableError } from '@shoal/interface'
import { expect } from 'chai'
import { HANDSHAKE_MS } from '../src/defaults.js'
import { Turned } from '../src/turned.js'
import { handshakeOver, patientWebRTC } from '../src/webrtc.js'

/** As much of a data channel as is looked at. */
class Channel extends EventTarget {
  readonly label: string
  readyState: RTCDataChannelState = 'open'
  onmessage: (() => void) | null = () => {}
  listeners = 0

  constructor (label: string) {
    super()
    this.label = label
  }

  override addEventListener (...args: Parameters<EventTarget['addEventListener']>): void {
    this.listeners++
    super.addEventListener(...args)
  }

  override removeEventListener (...args: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners--
    super.removeEventListener(...args)
  }

  close (): void {
    this.readyState = 'closed'
    this.dispatchEvent(new Event('close'))
  }
}

describe('webrtc', () => {
  const clock = new ManualClock()
  const early = (...channels: Channel[]): { channel: RTCDataChannel }[] =>
    channels.map(channel => ({ channel: channel as unknown as RTCDataChannel }))
  const settled = async (promise: Promise<void>): Promise<boolean> => {
    let done = false
    void promise.then(() => { done = true })
    await new Promise(resolve => { setTimeout(resolve) })
    return done
  }

  it('waits until the dialler has closed the channel of the handshake', async () => {
    const init = new Channel('init')
    const over = handshakeOver({ peerConnection: new EventTarget(), earlyDataChannels: early(init) }, clock)
    expect(await settled(over)).to.equal(false)
    init.close()
    expect(await settled(over)).to.equal(true)
  })

  it('goes on as soon as the dialler does: what is closed before it was open does not always say so', async () => {
    const peerConnection = new EventTarget()
    const over = handshakeOver({ peerConnection, earlyDataChannels: early(new Channel('init')) }, clock)
    peerConnection.dispatchEvent(Object.assign(new Event('datachannel'), { channel: new Channel('') }))
    expect(await settled(over)).to.equal(true)
  })

  it('listens to nothing any more when it is over: a channel that never closes is kept by what is native', async () => {
    const init = new Channel('init')
    const over = handshakeOver({ peerConnection: new EventTarget(), earlyDataChannels: early(init) }, clock)
    expect(init.listeners).to.equal(1)
    clock.advance(HANDSHAKE_MS)
    expect(await settled(over)).to.equal(true)
    expect(init.listeners).to.equal(0)
  })

  it('has the library forget a connection that is closed', async () => {
    const upgrader = { upgradeInbound: async (_connection: unknown, _options: unknown) => {} }
    const made = patientWebRTC({}, clock, new Turned(clock))({ upgrader, logger: { forComponent: () => () => {} } } as never)
    const { components } = made as unknown as { components: { upgrader: typeof upgrader } }
    const connection = Object.assign(new EventTarget(), { remoteAddr: {} })
    const peerConnection = new EventTarget()
    const init = new Channel('init')
    init.close()
    let forgotten = 0
    peerConnection.addEventListener('close', () => { forgotten++ })
    await components.upgrader.upgradeInbound(connection, { muxerFactory: { peerConnection, earlyDataChannels: early(init) } })
    expect([forgotten, init.onmessage === null]).to.deep.equal([0, false])
    connection.dispatchEvent(new Event('close'))
    expect([forgotten, init.onmessage === null]).to.deep.equal([1, true])
  })

  it('does not wait on a connection that is gone', async () => {
    const peerConnection = Object.assign(new EventTarget(), { connectionState: 'connected' as RTCPeerConnectionState })
    const over = handshakeOver({ peerConnection, earlyDataChannels: early(new Channel('init')) }, clock)
    peerConnection.connectionState = 'failed'
    peerConnection.dispatchEvent(new Event('connectionstatechange'))
    expect(await settled(over)).to.equal(true)
  })

  it('waits for a channel that is still to come, and not for one that is closed', async () => {
    const peerConnection = new EventTarget()
    const late = handshakeOver({ peerConnection }, clock)
    expect(await settled(late)).to.equal(false)
    const init = new Channel('init')
    peerConnection.dispatchEvent(Object.assign(new Event('datachannel'), { channel: init }))
    expect(await settled(late)).to.equal(false)
    init.close()
    expect(await settled(late)).to.equal(true)
    expect(await settled(handshakeOver({ peerConnection, earlyDataChannels: early(init) }, clock))).to.equal(true)
  })

  it('is no connection when the peers did not find each other', async () => {
    let upgraded = 0
    const turned = new Turned(clock)
    const connection = Object.assign(new EventTarget(), { remoteAddr: {} })
    const way = { sctp: { transport: { iceTransport: { getSelectedCandidatePair: () => ({ local: { type: 'relay' } }) } } } }
    const upgrader = { upgradeInbound: async () => { upgraded++ } }
    const components = { upgrader, logger: { forComponent: () => () => {} } }
    const transport = patientWebRTC({}, clock, turned)(components as never) as unknown as { components: { upgrader: typeof upgrader } }
    const upgrade = async (connectionState: RTCPeerConnectionState): Promise<void> => {
      const peerConnection = Object.assign(new EventTarget(), { connectionState, ...way })
      const init = new Channel('init')
      init.close()
      const upgradeInbound = transport.components.upgrader.upgradeInbound as (connection: unknown, options: unknown) => Promise<void>
      await upgradeInbound(connection, { muxerFactory: { peerConnection, earlyDataChannels: early(init) } })
    }
    await upgrade('connected')
    expect(upgraded).to.equal(1)
    // from now on it is known which way it goes
    expect(turned.has(connection as never)).to.equal(true)
    for (const state of ['closed', 'failed', 'connecting'] as const) {
      let error: unknown
      await upgrade(state).catch((caught: unknown) => { error = caught })
      expect(error).to.be.instanceOf(UnavailableError)
    }
    expect(upgraded).to.equal(1)
  })

  it('waits for nobody for ever', async () => {
    const over = handshakeOver({ peerConnection: new EventTarget() }, clock)
    clock.advance(HANDSHAKE_MS)
    expect(await settled(over)).to.equal(true)
  })

  it('goes on at once when the library keeps its channels elsewhere', async () => {
    expect(await settled(handshakeOver({}, clock))).to.equal(true)
  })
})
