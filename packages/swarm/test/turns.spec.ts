import { expect } from 'chai'
import { BLOCK_BYTES, Model, type ModelNode } from './model.js'

const UP = 2_500_000

/** A seeder and fetchers with the same uplinks, and whoever else is there. */
function swarm (blocks: number, fetchers: number, others = 0): { model: Model, nodes: ModelNode[], seeder: ModelNode, bound: number } {
  const model = new Model({ segments: 1, blocks })
  const seeder = model.add({ seed: true, up: UP })
  const nodes = Array.from({ length: fetchers }, () => model.add({ up: UP }))
  for (let i = 0; i < others; i++) model.add({ up: UP })
  model.mesh()
  for (const node of nodes) node.wantAll()
  return { model, nodes, seeder, bound: blocks * BLOCK_BYTES * 1000 / UP }
}

const complete = (nodes: readonly ModelNode[]) => (): boolean => nodes.every(node => node.complete)
const copies = (nodes: readonly ModelNode[], seeder: ModelNode, blocks: number): number =>
  nodes.reduce((sum, node) => sum + (node.tally.get(seeder.name) ?? 0), 0) / blocks

describe('turns at seeders', () => {
  it('have a lone seeder send little more than one copy, and everybody done soon after', () => {
    for (const [blocks, fetchers] of [[128, 8], [200, 3]] as const) {
      const { model, nodes, seeder, bound } = swarm(blocks, fetchers)
      const ms = model.run(4 * bound, complete(nodes))
      expect(complete(nodes)()).to.equal(true)
      expect(copies(nodes, seeder, blocks)).to.be.below(1.1)
      expect(ms / bound).to.be.below(1.15)
    }
  })

  it('are lost by neighbours that take nothing', () => {
    const { model, nodes, bound } = swarm(64, 1, 3)
    const ms = model.run(4 * bound, complete(nodes))
    expect(complete(nodes)()).to.equal(true)
    expect(ms).to.be.below(bound + 4_000)
  })

  it('pass to others when half of the peers vanish at once', () => {
    const { model, nodes, bound } = swarm(128, 8)
    model.run(bound / 2)
    const [staying, leaving] = [nodes.slice(0, 4), nodes.slice(4)]
    for (const node of leaving) model.leave(node)
    const ms = model.run(4 * bound, complete(staying))
    expect(complete(staying)()).to.equal(true)
    expect(ms / bound).to.be.below(1.5)
  })
})
