import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import type { Libp2p } from '@libp2p/interface'
import { MemoryDatastore } from 'datastore-core'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { systemClock } from '@shoal/base'
import { openLedger, type Ledger } from '@shoal/ledger'
import { resolveConfig } from '../src/config.js'
import { CONNECTIONS, PENDING_PER_PARTY } from '../src/defaults.js'
import { nodeNetwork } from '../src/node/network.js'
import { nodePlatform } from '../src/node/platform.js'
import type { Refused } from '../src/refusals.js'
import { trust } from '../src/trust.js'

describe('the network of a Node.js node', () => {
  const started: Libp2p[] = []

  const start = async <T extends Libp2p> (libp2p: T): Promise<T> => {
    started.push(libp2p)
    await libp2p.start()
    return libp2p
  }
  const node = async (listen = '/ip4/127.0.0.1/tcp/0', { connections = 300, refused = () => {}, ledger }: {
    connections?: number, refused?: Refused, ledger?: Ledger
  } = {}): Promise<Libp2p> => {
    const config = resolveConfig({ listen: [listen] }, { ...nodePlatform.surroundings, connections })
    const datastore = new MemoryDatastore()
    const trusted = trust(ledger ?? await openLedger({ clock: systemClock, datastore }), systemClock, refused)
    return await start(await nodeNetwork(config, await generateKeyPair('Ed25519'), datastore, trusted))
  }

  afterEach(async () => {
    await Promise.all(started.splice(0).map(async libp2p => { await libp2p.stop() }))
  })

  for (const listen of ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws']) {
    it(`prefers TLS to Noise when both ends have both, at ${listen}`, async () => {
      const [one, two] = [await node(), await node(listen)]
      expect((await one.dial(two.getMultiaddrs())).encryption).to.equal('/tls/1.0.0')
    })
  }

  it('keeps the address of WebRTC-Direct over restarts, and looks for no key where there is nothing to keep', async () => {
    const datastore = new MemoryDatastore()
    const privateKey = await generateKeyPair('Ed25519')
    const trusted = trust(await openLedger({ clock: systemClock, datastore }), systemClock, () => {})
    const begin = async (listen: string, data?: string): Promise<Libp2p> =>
      await start(await nodeNetwork(resolveConfig({ listen: [listen], data }, nodePlatform.surroundings), privateKey, datastore, trusted))
    const hash = ([addr]: readonly unknown[]): string | undefined => /certhash\/([^/]+)/.exec(String(addr))?.[1]
    const first = await begin('/ip4/127.0.0.1/udp/0/webrtc-direct', 'folder')
    const before = hash(first.getMultiaddrs())
    await first.stop()
    expect(before).to.be.a('string')
    expect(hash((await begin('/ip4/127.0.0.1/udp/0/webrtc-direct', 'folder')).getMultiaddrs())).to.equal(before)
    for (const [listen, data] of [['/ip4/127.0.0.1/tcp/0', 'folder'], ['/ip4/127.0.0.1/udp/0/webrtc-direct', undefined]] as const) {
      expect((await begin(listen, data)).services).not.to.have.property('keychain')
    }
  })

  it('speaks Noise with who has nothing else, whoever dials', async () => {
    const listener = await node()
    const other = await start(await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()]
    }))
    expect((await other.dial(listener.getMultiaddrs())).encryption).to.equal('/noise')
    expect((await (await node()).dial(other.getMultiaddrs())).encryption).to.equal('/noise')
  })

  describe('tells of connections that it refuses', () => {
    const sockets: Socket[] = []
    const reasons: string[] = []
    const refused: Refused = (reason, addr) => { reasons.push(`${reason} ${addr.toString().replace(/\/tcp.*/, '')}`) }

    afterEach(() => {
      for (const socket of sockets.splice(0)) socket.destroy()
      reasons.length = 0
    })

    /** Opens sockets and says nothing. */
    const silent = async (to: Libp2p, count: number): Promise<void> => {
      const port = Number(/\/tcp\/(\d+)/.exec(to.getMultiaddrs().join())?.[1])
      const opened = Array.from({ length: count }, () => connect(port, '127.0.0.1').on('error', () => {}))
      sockets.push(...opened)
      // one that is refused at once need not have seen itself connected
      await Promise.all(opened.map(async socket => { await once(socket, 'connect').catch(() => {}) }))
    }
    const until = async (reason: string, meanwhile: () => Promise<void> = async () => {}): Promise<void> => {
      while (!reasons.includes(reason)) {
        await meanwhile()
        await new Promise(resolve => setTimeout(resolve, 20))
      }
    }

    it('because they come faster than they may, or say nothing', async () => {
      const listener = await node(undefined, { refused })
      await silent(listener, CONNECTIONS.inboundConnectionThreshold + 1)
      await until('crowded /ip4/127.0.0.1')
      expect(reasons).to.deep.equal(['crowded /ip4/127.0.0.1'])
      expect(PENDING_PER_PARTY, 'all others are pending').to.equal(CONNECTIONS.inboundConnectionThreshold)
      // when a second is over
      await until('silent /ip4/127.0.0.1', async () => { await silent(listener, 1) })
    })

    it('because there are as many as may be', async () => {
      const listener = await node(undefined, { refused, connections: 1 })
      const [one, two] = [await node(), await node()]
      await one.dial(listener.getMultiaddrs())
      // the dialler is done first
      while (listener.getConnections().length === 0) await new Promise(resolve => setTimeout(resolve, 20))
      expect(await two.dial(listener.getMultiaddrs()).then(() => 'open', () => 'refused')).to.equal('refused')
      expect(reasons).to.deep.equal(['full /ip4/127.0.0.1'])
    })

    it('because the peer is banned, whoever dials', async () => {
      const ledger = await openLedger({ clock: systemClock })
      const [listener, banned] = [await node(undefined, { refused, ledger }), await node()]
      ledger.accounts.penalise(banned.peerId.toString(), 'corrupt-block')
      await banned.dial(listener.getMultiaddrs()).catch(() => {})
      await until('banned /ip4/127.0.0.1')
      // by an address that names nobody
      const [addr] = banned.getMultiaddrs().map(addr => addr.decapsulate('/p2p'))
      if (addr === undefined) throw new Error('it listens')
      expect(await listener.dial(addr).then(() => 'open', () => 'refused')).to.equal('refused')
      expect(reasons).to.deep.equal(['banned /ip4/127.0.0.1', 'banned /ip4/127.0.0.1'])
    })
  })
})
