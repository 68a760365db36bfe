import { expect } from 'chai'
import { BLOCK_BYTES, Model } from './model.js'

const MBIT = 125_000

/** Blocks of the whole content. */
const BLOCKS = 128

/** A lone seeder behind 20 Mbit/s, and fetchers behind the given uplinks: times over the fluid lower bound. */
function distribute (
  uplinks: readonly number[], seed: number, segments = 1
): { last: number, copies: number, waste: number } {
  const model = new Model({ segments, blocks: BLOCKS / segments }, seed)
  const seeder = model.add({ seed: true, up: 20 * MBIT })
  const nodes = uplinks.map(mbit => model.add({ up: mbit * MBIT }))
  model.mesh()
  const done = new Map<string, number>()
  for (const node of nodes) node.wantAll()
  const bytes = BLOCKS * BLOCK_BYTES
  const sum = uplinks.reduce((total, mbit) => total + mbit, 20)
  const bound = bytes * 1000 / MBIT * Math.max(1 / 20, uplinks.length / sum)
  model.run(10 * bound, () => {
    for (const node of nodes) if (node.complete && !done.has(node.name)) done.set(node.name, model.clock.now())
    return done.size === nodes.length
  })
  const times = nodes.map(node => done.get(node.name) ?? Infinity).sort((a, b) => a - b)
  return {
    last: (times.at(-1) as number) / bound,
    copies: nodes.reduce((total, node) => total + (node.tally.get(seeder.name) ?? 0), 0) / BLOCKS,
    waste: nodes.reduce((total, node) => total + node.wasted, 0) / (nodes.length * bytes)
  }
}

const EQUAL = Array.from({ length: 8 }, () => 20)
const MIXED = [5, 10, 20, 40, 5, 10, 20, 40]

/** As one file, as a few large files, and as the segments of a film, which somebody soon has whole: last over the bound. */
const SETTINGS = [
  { segments: 1, equal: 1.1, mixed: 1.45 },
  { segments: 32, equal: 1.3, mixed: 1.55 },
  { segments: 128, equal: 1.45, mixed: 1.6 }
] as const

describe('a swarm behind uplinks', function () {
  // a model of minutes: what it takes depends on the machine
  this.timeout(120_000)

  for (const { segments, equal, mixed } of SETTINGS) {
    it(`gets ${segments} segments of ${BLOCKS} blocks about as soon as its uplinks allow`, () => {
      for (let seed = 1; seed <= 5; seed++) {
        for (const [uplinks, most] of [[EQUAL, equal], [MIXED, mixed]] as const) {
          const { last, copies, waste } = distribute(uplinks, seed, segments)
          expect(last).to.be.below(most)
          expect(copies).to.be.below(1.45)
          expect(waste).to.be.below(0.03)
        }
      }
    })
  }
})
