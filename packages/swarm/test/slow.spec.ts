import { expect } from 'chai'
import { BLOCKS, Driver } from './driver.js'
import type { Peer } from '../src/peer.js'
import { underWay } from '../src/estimate.js'
import { BLOCK_BYTES, Model, type ModelNode } from './model.js'

const UP = 500_000
const PEERS = 5

interface Fetch { node: ModelNode, peers: ModelNode[], ms: number, best: number, wasted: number }

/** One fetcher, five peers with everything, one of which falls to 1/50 after half of the time that all would take. */
function fetch (blocks: number, seed: number, left?: number): Fetch {
  const model = new Model({ segments: 1, blocks }, seed)
  const peers = Array.from({ length: PEERS }, () => model.add({ seed: true, up: UP }))
  const node = model.add()
  for (const peer of peers) model.connect(peer, node)
  const half = blocks * BLOCK_BYTES * 1000 / (PEERS * UP) / 2
  // the second half comes from four
  const best = half + half * PEERS / (PEERS - 1)
  node.wantAll(left === undefined ? undefined : () => best + left)
  model.run(half)
  ;(peers[2] as ModelNode).options.up = UP / 50
  const ms = model.run(20 * half, () => node.complete)
  expect(node.complete).to.equal(true)
  return { node, peers, ms, best, wasted: node.wasted / (blocks * BLOCK_BYTES) }
}

describe('a peer that becomes slow', function () {
  // a model of minutes: what it takes depends on the machine
  this.timeout(120_000)

  it('costs a fetch little more than its share, and next to no waste', () => {
    for (let seed = 1; seed <= 5; seed++) {
      for (const [blocks, most] of [[100, 1.06], [400, 1.012]] as const) {
        const { ms, best, wasted } = fetch(blocks, seed)
        expect(ms / best).to.be.below(most)
        expect(wasted).to.be.below(0.03)
      }
    }
  })

  it('makes nothing with a deadline late', () => {
    for (let seed = 1; seed <= 5; seed++) {
      for (const blocks of [100, 400]) {
        const { node, wasted } = fetch(blocks, seed, 2000)
        expect(node.late).to.equal(0)
        expect(wasted).to.be.below(0.03)
      }
    }
  })

  it('loses what waits in its queue to a faster one that has nothing else to do, though others have work left', () => {
    const driver = new Driver(1, 'p2p')
    driver.join('slow', 50_000, false)
    driver.join('choking', 1_000_000, false)
    driver.choke('choking', true)
    for (let block = 0; block < 3; block++) driver.gains('slow', block)
    driver.gains('choking', BLOCKS)
    driver.want(0, 0, 3, 15_000)
    driver.want(1, 0, 1, undefined)
    driver.decide()
    driver.join('fast', 1_000_000, false)
    for (let block = 0; block < 3; block++) driver.gains('fast', block)
    driver.clock.advance(100)
    driver.decide()
    expect([...driver.peers.get('slow')?.asked ?? []]).to.have.length(1)
    expect([...driver.peers.get('fast')?.asked ?? []]).to.have.length(2)
    expect(driver.doubled).to.equal(0)
  })

  it('keeps what is likely under way from it once enough such bytes were wasted', () => {
    for (const recalled of [0, BLOCK_BYTES]) {
      const driver = new Driver(1, 'p2p')
      driver.join('slow', 300_000, true)
      driver.want(0, 0, 2, undefined)
      driver.decide()
      const slow = driver.state.peers.get('slow') as Peer
      // all of the block that it sends, and of the next what follows within a round trip of 50 ms
      expect([...slow.flights.keys()].map(key => underWay(driver.state, slow, key))).to.deep.equal([BLOCK_BYTES, 15_000])
      driver.state.recalled = recalled
      driver.join('fast', 3_000_000, true)
      driver.clock.advance(100)
      driver.decide()
      expect([...driver.peers.get('slow')?.asked ?? []]).to.have.length(recalled === 0 ? 1 : 2)
    }
  })

  it('is asked for bulk a block at a time', () => {
    const driver = new Driver(1, 'p2p')
    driver.join('slow', 50_000, true)
    driver.want(0, 0, 3, undefined)
    driver.decide()
    expect([...driver.peers.get('slow')?.asked ?? []]).to.have.length(1)
  })

  it('loses what waits in its queue before any stall, and gets nothing until it delivers', () => {
    const { node, peers } = fetch(400, 1)
    const name = (peers[2] as ModelNode).name
    const about = node.log.filter(action => 'peer' in action && action.peer === name)
    const [last] = about.filter(action => action.type === 'cancel')
    expect(last).to.not.equal(undefined)
    expect(node.log.some(action => action.type === 'fallback' && action.reason === 'stalled')).to.equal(true)
    expect(about.slice(about.indexOf(last as typeof about[0])).filter(action => action.type === 'request')).to.have.length.below(4)
  })
})
