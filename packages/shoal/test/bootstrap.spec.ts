import { expect } from 'chai'
import { ManualClock } from '@shoal/base'
import { Bootstrap } from '../src/bootstrap.js'
import { BOOTSTRAP_FIRST_MS, BOOTSTRAP_TIMEOUT_MS } from '../src/defaults.js'

const PEERS = ['12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5', '12D3KooWJbJFaZ1fwpD5jHKyzqSD7Vx6Pzt9z8dUZ6XrRpyNjn8E'] as const
const ENTRIES = PEERS.map((peer, i) => `/ip4/127.0.0.1/tcp/${i + 1}/p2p/${peer}`)
const EXCHANGE = '/shoal/exchange/1.0.0'

/** A network on which those answer who are `alive`, and then say what they speak. */
function setup (alive: string[], protocols: (peer: string) => readonly string[], lacksRelay = () => false) {
  const clock = new ManualClock()
  const network = Object.assign(new EventTarget(), {
    connections: [] as { limits: undefined }[],
    dials: 0,
    getConnections () { return network.connections },
    async dial (addrs: readonly { toString (): string }[]) {
      network.dials++
      const peer = PEERS.find(name => addrs.some(addr => addr.toString().endsWith(name))) ?? ''
      if (!alive.includes(peer)) throw new Error('connection refused')
      network.connections.push({ limits: undefined })
      setTimeout(() => { network.dispatchEvent(new CustomEvent('peer:identify', { detail: { peerId: peer, protocols: protocols(peer) } })) })
      return await Promise.resolve({ remotePeer: peer })
    }
  })
  const errors: string[] = []
  const first = new Bootstrap({ bootstrap: ENTRIES, network: 'ours' }, network as never, lacksRelay, clock, error => { errors.push(error.message) })
  first.start()
  const settle = async (): Promise<void> => {
    clock.advance(BOOTSTRAP_FIRST_MS)
    // what the answers set off comes in turns of their own
    for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setTimeout(resolve, 2))
  }
  return { bootstrap: first, network, errors, settle, clock }
}

describe('bootstrap', () => {
  it('says nothing of nodes of our network, whether they serve its DHT or not', async () => {
    const { bootstrap, errors, settle } = setup([...PEERS], peer => peer === PEERS[0] ? [EXCHANGE, '/shoal/ours/kad/1.0.0'] : [EXCHANGE])
    await settle()
    await bootstrap.reach()
    expect(errors).to.deep.equal([])
  })

  it('names a node of another network, and one that is no Shoal node, and uses the others', async () => {
    const { bootstrap, errors, settle, network } = setup([...PEERS], peer => peer === PEERS[0] ? [EXCHANGE, '/shoal/theirs/kad/1.0.0'] : ['/ipfs/id/1.0.0'])
    await settle()
    await bootstrap.reach()
    expect(errors).to.have.length(2)
    expect(errors[0]).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/1.*expected a node of the network "ours", got one of "theirs"$/)
    expect(errors[1]).to.match(/tcp\/2.*expected a Shoal node/)
    network.dispatchEvent(new CustomEvent('peer:identify', { detail: { peerId: PEERS[0], protocols: [] } }))
    expect(errors, 'once').to.have.length(2)
  })

  it('names what is dead, goes on with what is not, and tries again while there is nothing else', async () => {
    const one = setup([PEERS[1]], () => [EXCHANGE])
    await one.settle()
    await one.bootstrap.reach()
    expect(one.errors).to.have.length(1)
    expect(one.errors[0]).to.contain(ENTRIES[0]).and.contain('connection refused')
    const none = setup([], () => [])
    await none.settle()
    expect(await none.bootstrap.reach().then(() => 'reached', (error: Error) => error.name)).to.equal('BootstrapError')
    const { dials } = none.network
    for (let i = 0; i < 5; i++) await none.settle()
    expect(none.network.dials).to.be.above(dials)
    for (const { bootstrap } of [one, none]) bootstrap.stop()
  })

  it('looks anew for whoever asks later: nodes that were dead when it began may have come', async () => {
    const alive: string[] = []
    const { bootstrap, settle } = setup(alive, () => [EXCHANGE])
    await settle()
    expect(await bootstrap.reach().then(() => 'reached', (error: Error) => error.message)).to.contain('none of the 2 bootstrap nodes')
    alive.push(PEERS[0])
    await bootstrap.reach()
    bootstrap.stop()
  })

  it('waits for answers while it is awake: a sleep ends no dial', async () => {
    const { bootstrap, clock, network } = setup([], () => [])
    const errors: string[] = []
    network.dial = async (_addrs: unknown, { signal } = { signal: AbortSignal.abort() }) => await new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => { reject(signal.reason as Error) })
    })
    const reaching = bootstrap.reach().catch((error: Error) => { errors.push(error.message) })
    const turn = async (): Promise<void> => { await new Promise(resolve => setTimeout(resolve, 1)) }
    // one timer of whatever length fires late, as after a sleep
    clock.sleep(60 * BOOTSTRAP_TIMEOUT_MS)
    await turn()
    expect(errors).to.deep.equal([])
    for (let i = 0; i < BOOTSTRAP_TIMEOUT_MS / 1000; i++) {
      clock.advance(1000)
      await turn()
    }
    await reaching
    expect(errors[0]).to.contain(`no answer within ${BOOTSTRAP_TIMEOUT_MS / 1000} s`)
    bootstrap.stop()
  })

  it('dials again although others are connected, while nobody relays for a node that has to be relayed', async () => {
    let lacking = true
    const { bootstrap, network, settle } = setup([PEERS[1]], () => [EXCHANGE], () => lacking)
    await settle()
    await bootstrap.reach()
    const before = network.dials
    for (let i = 0; i < 4; i++) await settle()
    expect(network.dials).to.be.above(before)
    lacking = false
    const { dials } = network
    for (let i = 0; i < 100; i++) await settle()
    expect(network.dials).to.equal(dials)
    // the relay is gone
    lacking = true
    network.dispatchEvent(new Event('connection:close'))
    await settle()
    expect(network.dials).to.be.above(dials)
    bootstrap.stop()
  })
})
