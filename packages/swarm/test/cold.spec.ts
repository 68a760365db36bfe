import { seededRandom } from '@shoal/base'
import { expect } from 'chai'
import { BLOCK_BYTES, Model, ModelOrigin, type ModelNode } from './model.js'

const VIEWERS = 30
const NEIGHBOURS = 12
const SEGMENTS = 60
const BLOCKS = 8
const DURATION_MS = 2_000
const BUFFER_MS = 30_000
const ORIGIN_BPS = 12_500_000
/** All get the first segment whole, from the origin, at the same time. */
const ALONE_MS = VIEWERS * BLOCKS * BLOCK_BYTES / ORIGIN_BPS * 1000

/** Loads one segment after the other, as a player does, and starts with the first. */
class Player {
  readonly node: ModelNode
  startedAt = -1
  late = 0
  #next = 0
  #due = 0

  constructor (node: ModelNode) {
    this.node = node
    node.want({ segment: 0, first: 0, end: BLOCKS, deadline: 0 })
  }

  get done (): boolean {
    return this.#next === SEGMENTS
  }

  step (now: number): void {
    if (this.done || !this.node.have.complete(this.#next)) {
      const start = this.startedAt + this.#next * DURATION_MS
      if (this.#due > 0 || this.startedAt < 0 || this.done || now < start - BUFFER_MS) return
      this.#due = start
      this.node.want({ segment: this.#next, first: 0, end: BLOCKS, deadline: start })
      return
    }
    if (this.#next === 0) this.startedAt = now
    else if (now > this.#due) this.late++
    this.#due = 0
    this.#next++
  }
}

describe('a cold start', function () {
  // a model of minutes: what it takes depends on the machine
  this.timeout(120_000)

  it('of thirty viewers costs little more than one copy, and nobody starts later than with the origin alone', () => {
    const model = new Model({ segments: SEGMENTS, blocks: BLOCKS })
    const origin = new ModelOrigin(ORIGIN_BPS, 20)
    origin.shared = { now: 0, before: VIEWERS }
    const players = Array.from({ length: VIEWERS }, () => new Player(model.add({ uses: origin, up: 12_500_000 })))
    const random = seededRandom(7)
    for (const [i, node] of model.nodes.entries()) {
      while (node.links.size < NEIGHBOURS) {
        const other = model.nodes[Math.floor(random() * VIEWERS)] as ModelNode
        if (other !== model.nodes[i] && !node.links.has(other.name)) model.connect(node, other)
      }
    }
    model.run(SEGMENTS * DURATION_MS + 60_000, () => {
      for (const player of players) player.step(model.clock.now())
      return players.every(player => player.done)
    })
    const starts = players.map(player => player.startedAt)
    const wasted = model.nodes.reduce((sum, node) => sum + node.wasted, 0) / (VIEWERS * SEGMENTS * BLOCKS * BLOCK_BYTES)
    expect(players.map(player => player.late)).to.deep.equal(players.map(() => 0))
    expect(Math.max(...starts)).to.be.below(ALONE_MS / 3)
    expect(origin.served / SEGMENTS / BLOCKS).to.be.at.most(1.26)
    expect(wasted).to.be.below(0.03)
  })
})
