import { expect } from 'chai'
import fc from 'fast-check'
import { BLOCK_BYTES, Model, ModelOrigin } from './model.js'

describe('a swarm of nodes in a model network', () => {
  it('spreads a file from one seeder to eight peers with next to no waste', () => {
    const model = new Model({ segments: 1, blocks: 400 })
    model.add({ seed: true })
    for (let i = 0; i < 8; i++) model.add()
    model.mesh()
    for (const node of model.nodes.slice(1)) node.wantAll()
    const bound = 400 * BLOCK_BYTES / 2_500_000 * 1000
    const ms = model.run(2 * bound, () => model.nodes.every(node => node.complete))
    expect(model.nodes.every(node => node.complete)).to.equal(true)
    expect(ms / bound).to.be.below(1.3)
    expect(model.nodes.reduce((sum, node) => sum + node.wasted, 0) / (8 * 400 * BLOCK_BYTES)).to.be.below(0.03)
    expect(model.nodes.every(node => node.doubles.outside === 0 && node.overshoot === 0)).to.equal(true)
  })

  it('six viewers of the same moment cost one copy, and none is late', () => {
    const model = new Model({ segments: 20, blocks: 8 })
    const origin = new ModelOrigin()
    for (let i = 0; i < 6; i++) model.add({ uses: origin })
    model.mesh()
    for (const node of model.nodes) node.wantAll(segment => 6000 + 4000 * segment)
    model.run(100_000, () => model.nodes.every(node => node.complete))
    expect(model.nodes.map(node => node.late)).to.deep.equal([0, 0, 0, 0, 0, 0])
    expect(origin.served / 160).to.be.at.most(1.2)
  })

  it('goes on when elected viewers leave without a word', () => {
    const model = new Model({ segments: 10, blocks: 8 })
    const origin = new ModelOrigin()
    for (let i = 0; i < 6; i++) model.add({ uses: origin })
    model.mesh()
    for (const node of model.nodes) node.wantAll(segment => 6000 + 3000 * segment)
    for (let i = 0; i < 3; i++) {
      model.run(3000)
      model.leave(model.nodes[0] as never)
    }
    model.run(60_000, () => model.nodes.every(node => node.complete))
    expect(model.nodes.map(node => node.late)).to.deep.equal([0, 0, 0])
    expect(model.nodes.every(node => node.complete)).to.equal(true)
  })

  it('six viewers of the same moment cost little more than one copy beside a seeder that is too slow, and none is late', () => {
    for (const up of [20_000, 200_000]) {
      const model = new Model({ segments: 20, blocks: 8 })
      const origin = new ModelOrigin()
      const viewers = Array.from({ length: 6 }, () => model.add({ uses: origin }))
      model.add({ seed: true, up })
      model.mesh()
      for (const node of viewers) node.wantAll(segment => 6000 + 4000 * segment)
      model.run(100_000, () => viewers.every(node => node.complete))
      expect(viewers.map(node => node.late)).to.deep.equal([0, 0, 0, 0, 0, 0])
      expect(origin.served / 160).to.be.at.most(1.4)
    }
  })

  it('without peers, starts at once', () => {
    const model = new Model({ segments: 2, blocks: 8 })
    const node = model.add({ uses: new ModelOrigin() })
    node.wantAll(segment => segment * 4000)
    node.tick()
    expect(node.log[0]).to.deep.equal({ type: 'origin', segment: 0, first: 0, end: 8, reason: 'no-peer' })
  })

  it('is not later than the origin alone when every peer is useless', () => {
    const finish = (peers: number): number => {
      const model = new Model({ segments: 6, blocks: 8 })
      const viewer = model.add({ uses: new ModelOrigin() })
      for (let i = 0; i < peers; i++) model.add({ seed: true, up: 20_000 })
      model.mesh()
      viewer.wantAll(segment => 2000 + 2000 * segment)
      model.run(60_000, () => viewer.complete)
      expect(viewer.complete).to.equal(true)
      return viewer.late
    }
    expect(finish(0)).to.equal(0)
    expect(finish(4)).to.equal(0)
  })

  it('bulk comes from the origin when nobody else is there', () => {
    const model = new Model({ segments: 1, blocks: 64 })
    const node = model.add({ uses: new ModelOrigin() })
    node.wantAll()
    model.run(1500)
    expect(node.log).to.deep.equal([])
    model.run(20_000, () => node.complete)
    expect(node.complete).to.equal(true)
  })

  it('bulk of several costs little more than one copy', () => {
    const model = new Model({ segments: 1, blocks: 128 })
    const origin = new ModelOrigin()
    for (let i = 0; i < 5; i++) model.add({ uses: origin })
    model.mesh()
    for (const node of model.nodes) node.wantAll()
    model.run(120_000, () => model.nodes.every(node => node.complete))
    expect(model.nodes.every(node => node.complete)).to.equal(true)
    expect(origin.served / 128).to.be.at.most(2)
  })

  it('a failing origin is left alone while peers take over', () => {
    const model = new Model({ segments: 4, blocks: 8 })
    const origin = new ModelOrigin()
    origin.fails = () => true
    const viewer = model.add({ uses: origin })
    model.add({ seed: true })
    viewer.wantAll(() => 0)
    model.run(1000)
    model.mesh()
    model.run(20_000, () => viewer.complete)
    expect(viewer.complete).to.equal(true)
    expect(viewer.log.filter(action => action.type === 'origin').length).to.be.below(20)
    const fallbacks = viewer.log.filter(action => action.type === 'fallback')
    expect(fallbacks.some(({ from, reason }) => from === 'origin' && reason === 'origin-failed')).to.equal(true)
  })

  it('same inputs, same actions', () => {
    const run = (): unknown => {
      const model = new Model({ segments: 6, blocks: 10 }, 5)
      model.add({ seed: true, refuse: 0.2, silent: 0.02 })
      for (let i = 0; i < 3; i++) model.add({ uses: new ModelOrigin() })
      model.mesh()
      for (const node of model.nodes.slice(1)) node.wantAll(segment => segment % 2 === 0 ? 3000 * segment : undefined)
      model.run(30_000)
      return model.nodes.map(node => node.log)
    }
    expect(run()).to.deep.equal(run())
  })

  it('property: whatever some source has arrives, though peers refuse, choke, fall silent and leave', function () {
    this.timeout(20_000)
    fc.assert(fc.property(fc.record({
      seed: fc.integer(), segments: fc.integer({ min: 1, max: 4 }), blocks: fc.integer({ min: 1, max: 20 }),
      leechers: fc.integer({ min: 1, max: 4 }),
      flaky: fc.integer({ min: 0, max: 2 }), refuse: fc.double({ min: 0, max: 0.4, noNaN: true }),
      silent: fc.double({ min: 0, max: 0.1, noNaN: true }),
      leave: fc.boolean(), choke: fc.boolean(), origin: fc.constantFrom('none', 'well', 'down-first' as const), dated: fc.boolean()
    }), setup => {
      const model = new Model(setup, setup.seed)
      model.add({ seed: true })
      const origin = setup.origin === 'none' ? undefined : new ModelOrigin()
      if (origin !== undefined && setup.origin === 'down-first') origin.fails = now => now < 5000
      for (let i = 0; i < setup.flaky; i++) model.add({ seed: true, refuse: setup.refuse, silent: setup.silent, up: 300_000 })
      const leechers = Array.from({ length: setup.leechers }, () => model.add(origin === undefined ? {} : { uses: origin }))
      model.mesh()
      for (const node of leechers) node.wantAll(setup.dated ? segment => 1000 + 2000 * segment : undefined)
      model.run(500)
      if (setup.leave && setup.flaky > 0) model.leave(model.nodes[1] as never)
      if (setup.choke) {
        for (const node of leechers) node.choke('peer-0', true)
        model.run(2000)
        for (const node of leechers) node.choke('peer-0', false)
      }
      model.run(180_000, () => leechers.every(node => node.complete))
      expect(leechers.every(node => node.complete)).to.equal(true)
      expect(leechers.every(node => node.overshoot === 0)).to.equal(true)
      if (!setup.dated) expect(leechers.every(node => node.doubles.outside === 0)).to.equal(true)
    }), { numRuns: 60 })
  })

  it('property: when nothing is wanted any more nothing stays outstanding', () => {
    fc.assert(fc.property(fc.integer(), fc.integer({ min: 0, max: 3000 }), fc.boolean(), (seed, ms, dated) => {
      const model = new Model({ segments: 3, blocks: 30 }, seed)
      model.add({ seed: true })
      model.add({ seed: true, silent: 0.05 })
      const node = model.add({ uses: new ModelOrigin() })
      model.mesh()
      const ids = [0, 1, 2].map(segment => node.want({ segment, first: 0, end: 30, deadline: dated ? 500 * segment : undefined }))
      model.run(ms)
      for (const id of ids) node.unwant(id)
      model.run(20)
      expect([...node.links.values()].every(link => link.outstanding.size === 0)).to.equal(true)
      const count = node.log.length
      model.run(3000)
      expect(node.log.length).to.equal(count)
    }), { numRuns: 40 })
  })
})
