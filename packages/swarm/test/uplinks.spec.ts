import { expect } from 'chai'
import { BLOCK_BYTES, Model } from './model.js'

const MBIT = 125_000

/** A lone seeder behind 20 Mbit/s, and fetchers behind the given uplinks: times over the fluid lower bound. */
function distribute (uplinks: readonly number[], seed: number): { median: number, last: number, copies: number, waste: number } {
  const blocks = 128
  const model = new Model({ segments: 1, blocks }, seed)
  const seeder = model.add({ seed: true, up: 20 * MBIT })
  const nodes = uplinks.map(mbit => model.add({ up: mbit * MBIT }))
  model.mesh()
  const done = new Map<string, number>()
  for (const node of nodes) node.wantAll()
  const bytes = blocks * BLOCK_BYTES
  const sum = uplinks.reduce((total, mbit) => total + mbit, 20)
  const bound = bytes * 1000 / MBIT * Math.max(1 / 20, uplinks.length / sum)
  model.run(10 * bound, () => {
    for (const node of nodes) if (node.complete && !done.has(node.name)) done.set(node.name, model.clock.now())
    return done.size === nodes.length
  })
  const times = nodes.map(node => done.get(node.name) ?? Infinity).sort((a, b) => a - b)
  return {
    median: (times[times.length >> 1] as number) / bound,
    last: (times.at(-1) as number) / bound,
    copies: nodes.reduce((total, node) => total + (node.tally.get(seeder.name) ?? 0), 0) / blocks,
    waste: nodes.reduce((total, node) => total + node.wasted, 0) / (nodes.length * bytes)
  }
}

describe('a swarm behind uplinks', function () {
  // a model of minutes: what it takes depends on the machine
  this.timeout(120_000)

  it('of one rate takes little longer than the seeder needs for one copy', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { last, copies, waste } = distribute(Array.from({ length: 8 }, () => 20), seed)
      expect(last).to.be.below(1.15)
      expect(copies).to.be.below(1.1)
      expect(waste).to.be.below(0.03)
    }
  })

  it('of several rates does not wait for what a seeder gave to the slow', () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { median, last, copies, waste } = distribute([5, 10, 20, 40, 5, 10, 20, 40], seed)
      expect(median).to.be.below(1.36)
      expect(last).to.be.below(1.38)
      expect(copies).to.be.below(1.33)
      expect(waste).to.be.below(0.03)
    }
  })
})
