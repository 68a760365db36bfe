import { tcp } from '@libp2p/tcp'
import { tls } from '@libp2p/tls'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { systemClock } from '@shoal/base'
import { encodeMessage, EXCHANGE_PROTOCOL, MAX_BLOCK_BYTES, MAX_FRAME_BYTES, MIN_CREDIT_BYTES } from '@shoal/wire'
import type { BlockRef, Session } from '@shoal/interface'
import { expect } from 'chai'
import { exchange } from '../src/index.js'
import { joinBoth, startEnd, SWARM, type End } from './harness.js'

async function node (): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [tls()],
    streamMuxers: [yamux()],
    connectionMonitor: { enabled: false }
  })
}

/** Asks for all blocks of a segment as the window allows; resolves when the last has come. */
async function fetchAll (end: End, session: Session, segment: number, refs: readonly BlockRef[]): Promise<void> {
  for (let next = 0; next < refs.length;) {
    if (session.stats.outstanding < session.stats.window) {
      session.request(SWARM, segment, [next], refs.slice(next, ++next))
    } else {
      const come = end.recorder.of('block').length
      await end.recorder.next('block', () => end.recorder.of('block').length > come)
    }
  }
  for (const block of refs.keys()) await end.recorder.first('block', event => event.place.segment === segment && event.place.block === block)
}

describe('exchange between two nodes over TCP', () => {
  let nodes: [Libp2p, Libp2p]
  let a: End
  let b: End

  beforeEach(async () => {
    nodes = await Promise.all([node(), node()])
    ;[a, b] = await Promise.all(nodes.map(async libp2p => startEnd(exchange()({ node: libp2p, clock: systemClock })))) as [End, End]
  })

  afterEach(async () => {
    await Promise.all(nodes.map(async libp2p => libp2p.stop()))
  })

  function addrs (): string[] {
    return nodes[1].getMultiaddrs().map(addr => addr.toString())
  }

  it('moves 64 MiB whole', async () => {
    const refs = await b.serve.fill(0, 256, MAX_BLOCK_BYTES)
    const session = await a.exchange.connect(nodes[1].peerId.toString(), [...addrs(), '/not/an/address'])
    expect(session.transport).to.equal('tcp')
    const [, theirs] = await joinBoth(a, b)
    await fetchAll(a, session, 0, refs)
    for (const event of a.recorder.of('block')) expect(event.block.digest).to.deep.equal(refs[event.place.block]?.digest)
    expect(session.stats).to.include({ received: 64 * 2 ** 20, outstanding: 0, wasted: 0 })
    expect(theirs.stats.sent).to.equal(64 * 2 ** 20)
    expect(a.recorder.of('penalty')).to.deep.equal([])
    expect(nodes[0].getConnections()[0]?.streams.filter(stream => stream.protocol === EXCHANGE_PROTOCOL)).to.have.length(3)
  }).timeout(20_000)

  it('lets what is said pass what is being sent', async () => {
    const refs = await b.serve.fill(0, 64, MAX_BLOCK_BYTES)
    await a.exchange.connect(undefined, addrs())
    const [mine, theirs] = await joinBoth(a, b)
    mine.request(SWARM, 0, refs.map((_, i) => i), refs)
    await a.recorder.first('block')
    theirs.fetching(SWARM, 7)
    await a.recorder.first('block', event => event.place.block === 63)
    const blocksBefore = a.recorder.events.slice(0, a.recorder.events.findIndex(event => event.type === 'fetching'))
      .filter(event => event.type === 'block').length
    expect(blocksBefore).to.be.within(1, 48)
  }).timeout(20_000)

  it('moves 32 MiB both ways at once', async () => {
    const ofB = await b.serve.fill(0, 128, MAX_BLOCK_BYTES)
    const ofA = await a.serve.fill(1, 128, MAX_BLOCK_BYTES)
    await a.exchange.connect(undefined, addrs())
    const [mine, theirs] = await joinBoth(a, b)
    await Promise.all([fetchAll(a, mine, 0, ofB), fetchAll(b, theirs, 1, ofA)])
    expect(mine.stats.received + theirs.stats.received).to.equal(64 * 2 ** 20)
  }).timeout(20_000)

  it('names what is lost when the other node goes', async () => {
    const refs = await b.serve.fill(0, 4, 1000)
    b.serve.gate = new Promise(() => {})
    const session = await a.exchange.connect(undefined, addrs())
    await joinBoth(a, b)
    session.request(SWARM, 0, [0, 1, 2, 3], refs)
    await b.recorder.first('demand', event => event.queued === 4)
    await nodes[1].stop()
    expect((await a.recorder.first('closed')).lost).to.have.length(4)
  })

  it('lives on after a peer that does not speak the protocol', async () => {
    for (const attack of [Uint8Array.of(0x13, 0, 0, 1, 0xff, 0xff, 0xff, 0xff), encodeMessage({ type: 'ping', nonce: 1 })]) {
      const hostile = await node()
      const stream = await hostile.dialProtocol(addrs().map(addr => multiaddr(addr)), EXCHANGE_PROTOCOL)
      const closed = new Promise(resolve => { stream.addEventListener('close', resolve) })
      stream.send(attack)
      await closed
      await hostile.stop()
    }
    const silent = await node()
    const stream = await silent.dialProtocol(addrs().map(addr => multiaddr(addr)), EXCHANGE_PROTOCOL)
    const hello = encodeMessage({ type: 'hello', version: 1, minVersion: 1, frameCap: MAX_FRAME_BYTES, credit: MIN_CREDIT_BYTES, features: 0 })
    stream.send(hello.subarray(0, 11))
    await stream.close()
    await silent.stop()
    expect(b.recorder.of('penalty').map(event => event.reason)).to.include('protocol-violation')
    const refs = await b.serve.fill(0, 1, 1000)
    const session = await a.exchange.connect(undefined, addrs())
    await joinBoth(a, b)
    session.request(SWARM, 0, [0], refs)
    await a.recorder.first('block')
  })

  it('says why a peer cannot be reached', async () => {
    let failed = ''
    await a.exchange.connect(nodes[1].peerId.toString(), ['/ip4/127.0.0.1/tcp/1']).catch((error: unknown) => { failed = String(error) })
    expect(failed).to.not.equal('')
    await a.exchange.connect(undefined, ['nonsense']).catch((error: unknown) => { failed = (error as Error).name })
    expect(failed).to.equal('UnavailableError')
    const plain = await node()
    const itsAddrs = plain.getMultiaddrs().map(addr => addr.toString())
    await a.exchange.connect(undefined, itsAddrs).catch((error: unknown) => { failed = String(error) })
    expect(failed).to.contain('no control stream')
    await plain.stop()
  })
})
