import { expect } from 'chai'
import { RELAYED_CONTENT_BYTES } from '../src/index.js'
import { isSignalling, transportOf } from '../src/transport.js'

const relay = '/ip4/192.0.2.1/tcp/4001/ws/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN/p2p-circuit'

describe('transport', () => {
  it('is that of the last hop, whatever leads to the relay', () => {
    expect(transportOf(relay)).to.equal('relay')
    expect(transportOf(`${relay}/webrtc`)).to.equal('webrtc')
    expect(transportOf('/ip4/192.0.2.1/tcp/4001/ws')).to.equal('ws')
    expect(transportOf('/ip4/192.0.2.1/tcp/4001')).to.equal('tcp')
  })

  it('is for signalling alone where a relay lets little through', () => {
    expect(isSignalling(undefined)).to.equal(false)
    expect(isSignalling({ seconds: 120 })).to.equal(false)
    // the library's own limit
    expect(isSignalling({ bytes: 131_072n, seconds: 120 })).to.equal(true)
    expect(isSignalling({ bytes: BigInt(RELAYED_CONTENT_BYTES) })).to.equal(false)
    // some of it is gone by the time that anybody looks
    expect(isSignalling({ bytes: BigInt(RELAYED_CONTENT_BYTES - 20_000) })).to.equal(false)
  })
})
