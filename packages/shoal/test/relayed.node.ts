import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { ManualClock } from '@shoal/base'
import { expect } from 'chai'
import { createLibp2p, type ServiceFactoryMap } from 'libp2p'
import { RELAY_BURST_MS } from '../src/defaults.js'
import { relay } from '../src/node/relay.js'
import { until } from './nodes.js'

const PROTOCOL = '/test/relayed/1'
const RATE = 1_000_000
const BYTES = 4_000_000
const CHUNK = 40_000
/** Under way to the relay before it can stop the sender, and in it. */
const WINDOW = 256 * 1024

describe('what a relay lets through', function () {
  this.timeout(60_000)
  const started: Libp2p[] = []
  afterEach(async () => { await Promise.all(started.splice(0).map(async node => { await node.stop() })) })

  const node = async (listen: string[], services: ServiceFactoryMap = {}): Promise<Libp2p> => {
    const created = await createLibp2p({
      addresses: { listen },
      transports: [tcp(), circuitRelayTransport()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux({ streamOptions: { maxStreamWindowSize: WINDOW } })],
      connectionGater: { denyDialMultiaddr: () => false },
      services: { identify: identify(), ...services }
    })
    started.push(created)
    return created
  }

  it('is as much in a second as its operator allows', async () => {
    const clock = new ManualClock()
    const limits = { content: true, rate: RATE, limit: 1 << 30, duration: 3_600, reservations: 10 }
    const middle = await node(['/ip4/127.0.0.1/tcp/0'], { relay: relay(limits, clock) })
    const [addr] = middle.getMultiaddrs()
    const receiver = await node([`${addr?.toString()}/p2p-circuit`])
    let got = 0
    await receiver.handle(PROTOCOL, stream => {
      stream.addEventListener('message', ({ data }) => { got += data.byteLength })
    }, { runOnLimitedConnection: true })
    await until(() => receiver.getMultiaddrs().length > 0, 'it has a relay')
    const sender = await node([])
    const through = multiaddr(`${addr?.toString()}/p2p-circuit/p2p/${receiver.peerId.toString()}`)
    const stream = await sender.dialProtocol(through, PROTOCOL, { runOnLimitedConnection: true })
    const began = clock.now()
    for (let sent = 0; sent < BYTES; sent += CHUNK) {
      if (!stream.send(new Uint8Array(CHUNK)) && stream.writableNeedsDrain) {
        let drained = false
        stream.addEventListener('drain', () => { drained = true }, { once: true })
        await moveOn(() => drained)
      }
    }
    await moveOn(() => got === BYTES)
    const seconds = (clock.now() - began) / 1000
    expect(seconds).to.be.within((BYTES - 2 * WINDOW) / RATE - RELAY_BURST_MS / 1000, BYTES / RATE)

    /** Lets what may happen at one moment happen, then time pass, until something is so. */
    async function moveOn (done: () => boolean): Promise<void> {
      for (let still = 0, before = got; !done();) {
        await new Promise(resolve => { setTimeout(resolve, 2) })
        still = got === before ? still + 1 : 0
        before = got
        if (still < 5) continue
        clock.advance(50)
        still = 0
      }
    }
  })
})
