import { randomBytes } from 'node:crypto'
import { expect } from 'chai'
import { createShoal, type Shoal } from '../src/index.js'

const LOOPBACK = ['/ip4/127.0.0.1/tcp/0']

describe('relay', function () {
  this.timeout(60_000)
  const nodes: Shoal[] = []

  async function node (options: Parameters<typeof createShoal>[0]): Promise<Shoal> {
    const created = await createShoal(options)
    nodes.push(created)
    return created
  }

  /** Two that find each other through the relay alone: neither can be dialled, nor speaks WebRTC. */
  async function pair (server: Shoal): Promise<[Shoal, Shoal]> {
    const bootstrap = server.addrs
    const giver = await node({ listen: ['/p2p-circuit'], bootstrap })
    while (!giver.addrs.some(addr => addr.includes('/p2p-circuit'))) await new Promise(resolve => { setTimeout(resolve, 20) })
    return [giver, await node({ listen: [], bootstrap })]
  }

  afterEach(async () => { for (const running of nodes.splice(0)) await running.stop() })

  it('carries content where the operator allows it', async () => {
    const [giver, taker] = await pair(await node({ server: true, listen: LOOPBACK, relay: { content: true, rate: 10_000_000 } }))
    const { link } = await giver.publishBytes(new Map([['a.bin', randomBytes(1_000_000)]]), { name: 'relayed' })
    await (await taker.open(link, { mode: 'p2p' })).fetchAll()
    expect(taker.status.peers.find(({ contents }) => contents.length > 0)).to.include({ route: 'relay', limited: false })
  })

  it('carries none unless told to', async () => {
    const [giver, taker] = await pair(await node({ server: true, listen: LOOPBACK }))
    const { link } = await giver.publishBytes(new Map([['a.bin', randomBytes(300_000)]]), { name: 'signalling' })
    const connected = new Promise<{ route: string, limited: boolean }>(resolve => {
      taker.addEventListener('peer:connect', ({ detail }) => { if (detail.peer === giver.peerId) resolve(detail) })
    })
    const opening = taker.open(link, { mode: 'p2p' })
    expect(await connected).to.include({ route: 'relay', limited: true })
    const outcome = await Promise.race([opening.then(() => 'opened', () => 'failed'), new Promise(resolve => { setTimeout(resolve, 4_000, 'waits') })])
    expect(outcome).to.equal('waits')
    opening.catch(() => {})
  })
})
