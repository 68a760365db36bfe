import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { PeerConnection } from 'node-datachannel'
import { nativeRtc, urlsOf, withheld } from '../src/node/peer-connection.js'

describe('a native peer connection', () => {
  const open: PeerConnection[] = []
  const connection = (): PeerConnection => {
    const native = new PeerConnection('test', { iceServers: [] })
    open.push(native)
    return native
  }

  afterEach(() => {
    for (const native of open.splice(0)) native.close()
  })

  it('tells the addresses of the offering side when the answer is taken in, and those of the other at once', async () => {
    const [one, two] = [withheld(connection()), withheld(connection())]
    const told: string[] = []
    const offer = Promise.withResolvers<string>()
    const answer = Promise.withResolvers<string>()
    const complete = Promise.withResolvers<void>()
    one.onLocalDescription(sdp => { offer.resolve(sdp) })
    two.onLocalDescription(sdp => { answer.resolve(sdp) })
    one.onLocalCandidate(candidate => { told.push(candidate) })
    one.onGatheringStateChange(state => { if (state === 'complete') complete.resolve() })
    const others: string[] = []
    two.onLocalCandidate(candidate => { others.push(candidate) })
    one.createDataChannel('init')
    await complete.promise
    expect(told).to.deep.equal([])
    two.setRemoteDescription(await offer.promise, 'offer')
    one.setRemoteDescription(await answer.promise, 'answer')
    expect(told).not.to.deep.equal([])
    while (others.length === 0) await sleep(5)
    for (const candidate of told) two.addRemoteCandidate(candidate, '0')
    while (one.state() !== 'connected' || two.state() !== 'connected') await sleep(5)
  })

  it('reads servers with a name and a password', () => {
    expect(urlsOf({ urls: ['stun:a.example:3478', 'turn:b.example'], username: 'me@home', credential: 'a:b' }))
      .to.deep.equal(['stun:me%40home:a%3Ab@a.example:3478', 'turn:me%40home:a%3Ab@b.example'])
    expect(urlsOf({ urls: 'stun:a.example' })).to.deep.equal(['stun:a.example'])
    const make = nativeRtc([{ urls: ['stun:stun.example:3478', 'turn:turn.example'], username: 'me@home', credential: 'a:b' }, { urls: 'stun:other.example' }])
    const { iceServers, peerConnection } = make()
    open.push(peerConnection)
    expect(iceServers).to.have.length(2)
    expect(peerConnection.state()).to.equal('new')
  })

  it('is made when it is needed: a dial that fails before would leave it open', () => {
    expect(Object.getOwnPropertyDescriptor(nativeRtc([])(), 'peerConnection')).to.have.property('get').that.is.a('function')
  })
})
