import { generateKeyPair } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import type { Libp2p } from '@libp2p/interface'
import { MemoryDatastore } from 'datastore-core'
import { expect } from 'chai'
import { createLibp2p } from 'libp2p'
import { systemClock } from '@shoal/base'
import { openLedger } from '@shoal/ledger'
import { resolveConfig } from '../src/config.js'
import { nodeNetwork } from '../src/node/network.js'
import { nodePlatform } from '../src/node/platform.js'
import { trust } from '../src/trust.js'

describe('the network of a Node.js node', () => {
  const started: Libp2p[] = []

  const start = async <T extends Libp2p> (libp2p: T): Promise<T> => {
    started.push(libp2p)
    await libp2p.start()
    return libp2p
  }
  const node = async (listen = '/ip4/127.0.0.1/tcp/0'): Promise<Libp2p> => {
    const config = resolveConfig({ listen: [listen] }, nodePlatform.surroundings)
    const datastore = new MemoryDatastore()
    const trusted = trust(await openLedger({ clock: systemClock, datastore }))
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

  it('speaks Noise with who has nothing else, whoever dials', async () => {
    const listener = await node()
    const other = await start(await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()]
    }))
    expect((await other.dial(listener.getMultiaddrs())).encryption).to.equal('/noise')
    expect((await (await node()).dial(other.getMultiaddrs())).encryption).to.equal('/noise')
  })
})
