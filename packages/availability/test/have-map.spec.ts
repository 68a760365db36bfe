import { expect } from 'chai'
import fc from 'fast-check'
import type { HaveDelta, HaveMap } from '@shoal/interface'
import { createHaveMap } from '../src/have-map.js'

/** The plainest have-map there is: every block in a set, segment sizes known. */
class Model {
  readonly held = new Set<string>()
  readonly sizes: readonly number[]
  constructor (sizes: readonly number[]) { this.sizes = sizes }
  blocks (segment: number): number[] { return Array.from({ length: this.sizes[segment] as number }, (_, block) => block) }
  complete (segment: number): boolean { return this.blocks(segment).every(block => this.held.has(`${segment}/${block}`)) }
  some (segment: number): boolean { return this.blocks(segment).some(block => this.held.has(`${segment}/${block}`)) }
}

const SIZES = [1, 3, 8, 9, 40, 2, 1, 17]
const BOUNDS = { segments: SIZES.length, blocks: SIZES.reduce((a, b) => a + b) }

type Step = { do: 'add' | 'remove', segment: number, block: number } | { do: 'addSegment' | 'drop', segment: number } | { do: 'sync' }

const place = fc.nat(SIZES.length - 1).chain(segment => fc.nat((SIZES[segment] as number) - 1).map(block => ({ segment, block })))
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: place.map(at => ({ do: 'add' as const, ...at })) },
  { weight: 3, arbitrary: place.map(at => ({ do: 'remove' as const, ...at })) },
  { weight: 1, arbitrary: place.map(({ segment }) => ({ do: 'addSegment' as const, segment })) },
  { weight: 1, arbitrary: place.map(({ segment }) => ({ do: 'drop' as const, segment })) },
  { weight: 2, arbitrary: fc.constant({ do: 'sync' as const }) }
)

function expectEqual (map: HaveMap, model: Model, completeToo = true): void {
  SIZES.forEach((of, segment) => {
    for (let block = 0; block < of; block++) {
      if (map.has(segment, block) !== model.held.has(`${segment}/${block}`)) expect.fail(`differs at ${segment}/${block}`)
    }
    expect(map.some(segment), `some ${segment}`).to.equal(model.some(segment))
    if (completeToo) expect(map.complete(segment), `complete ${segment}`).to.equal(model.complete(segment))
  })
  if (completeToo) expect(map.completeSegments).to.equal(SIZES.filter((_, segment) => model.complete(segment)).length)
}

describe('have-map', () => {
  it('holds what it was given, and its deltas bring another map to the same', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), steps => {
      const model = new Model(SIZES)
      const map = createHaveMap(BOUNDS)
      const remote = createHaveMap()
      const sync = (): void => {
        const delta = map.takeDelta()
        if (delta !== undefined) remote.apply(delta)
        expect(map.takeDelta()).to.equal(undefined)
        expectEqual(remote, model)
      }
      for (const now of steps) {
        if (now.do === 'sync') sync()
        else if (now.do === 'add') {
          const key = `${now.segment}/${now.block}`
          expect(map.add(now.segment, now.block, SIZES[now.segment] as number)).to.equal(!model.held.has(key))
          model.held.add(key)
        } else if (now.do === 'remove') {
          const key = `${now.segment}/${now.block}`
          expect(map.remove(now.segment, now.block, SIZES[now.segment] as number)).to.equal(model.held.delete(key))
        } else if (now.do === 'addSegment') {
          expect(map.addSegment(now.segment)).to.equal(!model.complete(now.segment))
          for (const block of model.blocks(now.segment)) model.held.add(`${now.segment}/${block}`)
        } else {
          expect(map.drop(now.segment)).to.equal(model.some(now.segment))
          for (const block of model.blocks(now.segment)) model.held.delete(`${now.segment}/${block}`)
        }
        expectEqual(map, model)
      }
      sync()
      const fresh = createHaveMap(BOUNDS)
      fresh.apply(map.snapshot())
      expectEqual(fresh, model)
    }), { numRuns: 100 })
  })

  it('collects runs and says nothing twice', () => {
    const map = createHaveMap({ segments: 1000, blocks: 5000 })
    for (let segment = 10; segment < 20; segment++) for (let block = 0; block < 5; block++) map.add(segment, block, 5)
    map.addSegment(30)
    map.add(31, 2, 5)
    expect(map.takeDelta()).to.deep.equal({
      complete: [{ start: 10, count: 10 }, { start: 30, count: 1 }],
      partial: [{ segment: 31, first: 0, bits: Uint8Array.of(0b100) }]
    })
    expect(map.takeDelta()).to.equal(undefined)
    map.remove(10, 4, 5)
    map.drop(30)
    expect(map.takeDelta()).to.deep.equal({
      complete: [],
      partial: [{ segment: 10, first: 0, bits: Uint8Array.of(0b1111) }],
      dropped: [{ start: 10, count: 1 }, { start: 30, count: 1 }]
    })
  })

  it('names the segments that a delta changed, once each', () => {
    const map = createHaveMap({ segments: 10, blocks: 100 })
    const delta: HaveDelta = { complete: [{ start: 2, count: 2 }], partial: [{ segment: 5, first: 8, bits: Uint8Array.of(1) }] }
    expect(map.apply(delta)).to.have.members([2, 3, 5])
    expect(map.apply(delta)).to.deep.equal([])
    expect(map.has(5, 8)).to.equal(true)
    expect(map.takeDelta(), 'what a peer said is not ours to tell').to.equal(undefined)
  })

  it('leaves out what lies outside the bounds', () => {
    const map = createHaveMap({ segments: 4, blocks: 16 })
    const touched = map.apply({
      complete: [{ start: 3, count: 0xffffffff }, { start: -1, count: 2 }, { start: 0.5, count: 1 }, { start: NaN, count: 1 }],
      partial: [
        { segment: 4, first: 0, bits: Uint8Array.of(1) },
        { segment: 0, first: 16, bits: Uint8Array.of(1) },
        { segment: 0, first: 3, bits: Uint8Array.of(1) },
        { segment: 1, first: 8, bits: Uint8Array.of(0, 0xff) }
      ],
      dropped: [{ start: 0xffffffff, count: 0xffffffff }]
    })
    expect(touched).to.deep.equal([3])
    expect(map.completeSegments).to.equal(1)
    expect(map.snapshot().partial).to.deep.equal([])
    expect(map.add(4, 0, 1)).to.equal(false)
    expect(map.addSegment(4)).to.equal(false)
  })

  it('bounds what a hostile peer makes it remember', () => {
    const map = createHaveMap()
    const far = { first: (1 << 22) - 8, bits: Uint8Array.of(0x80) }
    const touched = map.apply({ complete: [], partial: Array.from({ length: 1000 }, (_, segment) => ({ segment, ...far })) })
    expect(touched).to.have.length.below(4)
    expect(map.apply({
      complete: [], partial: Array.from({ length: 20_000 }, (_, i) => ({ segment: 1000 + i, first: 0, bits: Uint8Array.of(1) }))
    })).to.have.length.at.most(16_384)
  })

  it('reads overlapping runs once', () => {
    const map = createHaveMap()
    const everything = Array.from({ length: 10_000 }, () => ({ start: 0, count: 1 << 20 }))
    expect(map.apply({ complete: everything, partial: [] })).to.have.lengthOf(1 << 20)
    expect(map.apply({ complete: everything, partial: [], dropped: everything })).to.have.lengthOf(1 << 20)
  })

  it('cuts what was claimed before the manifest was known', () => {
    const map = createHaveMap()
    map.apply({
      complete: [{ start: 2, count: 4 }],
      partial: [{ segment: 0, first: 0, bits: Uint8Array.of(0xff, 0xff) }, { segment: 1, first: 16, bits: Uint8Array.of(1) }]
    })
    expect(map.bound({ segments: 4, blocks: 10 })).to.have.members([4, 5, 0, 1])
    expect(map.snapshot()).to.deep.equal({
      complete: [{ start: 2, count: 2 }], partial: [{ segment: 0, first: 0, bits: Uint8Array.of(0xff, 0x03) }]
    })
    expect(map.completeSegments).to.equal(2)
  })

  it('keeps a large single segment and many segments small', () => {
    const one = createHaveMap({ segments: 1, blocks: 80_000 })
    for (let block = 0; block < 80_000; block += 2) one.add(0, block, 80_000)
    const snapshot = one.snapshot()
    expect(snapshot.partial).to.have.lengthOf(10)
    for (const part of snapshot.partial) expect(part.bits.byteLength).to.be.at.most(1024)
    for (let block = 1; block < 80_000; block += 2) one.add(0, block, 80_000)
    expect(one.snapshot()).to.deep.equal({ complete: [{ start: 0, count: 1 }], partial: [] })

    const many = createHaveMap({ segments: 10_000, blocks: 100_000 })
    for (let segment = 0; segment < 10_000; segment++) many.addSegment(segment)
    expect(many.takeDelta()).to.deep.equal({ complete: [{ start: 0, count: 10_000 }], partial: [] })
  })
})

describe('have-map of a live content', () => {
  const first = 2 ** 31

  it('holds segments of any number, and tells and forgets them as others do', () => {
    const [mine, theirs] = [createHaveMap({ live: true }), createHaveMap({ live: true })]
    mine.addSegment(first)
    mine.addSegment(first + 1)
    mine.add(0xffff_fffe, 1, 3)
    theirs.apply(mine.takeDelta() as HaveDelta)
    expect(theirs.complete(first + 1) && theirs.has(0xffff_fffe, 1) && !theirs.has(0xffff_fffe, 0)).to.equal(true)
    mine.drop(first)
    expect(theirs.apply(mine.takeDelta() as HaveDelta)).to.deep.equal([first])
    expect(theirs.snapshot()).to.deep.equal(mine.snapshot())
    expect(theirs.snapshot().complete).to.deep.equal([{ start: first + 1, count: 1 }])
  })

  it('bounds what a peer may claim, and what reading it costs', () => {
    const map = createHaveMap({ live: true })
    const all = [{ start: 0, count: 0xffff_ffff }]
    expect(map.apply({ complete: all, partial: [] })).to.have.length(16_384)
    expect(map.apply({ complete: [{ start: 1_000_000, count: 5 }], partial: [] })).to.deep.equal([])
    expect(map.completeSegments).to.equal(16_384)
    map.apply({ complete: [], partial: [], dropped: all })
    expect(map.completeSegments).to.equal(0)
  })
})
