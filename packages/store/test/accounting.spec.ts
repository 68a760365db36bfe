import { toHex } from '@shoal/base'
import { StoreFullError } from '@shoal/interface'
import { expect } from 'chai'
import fc from 'fast-check'
import { BlockIndex, NEVER } from '../src/block-index.js'
import { ExpiryQueue } from '../src/expiry-queue.js'

const QUOTA = 20
const GRAIN = 2
const UNIVERSE = 12

/** Their first bytes are the same for some, so that they meet in the table. */
function digest (n: number): Uint8Array {
  const bytes = new Uint8Array(32)
  bytes[0] = n % 3
  bytes[31] = n
  return bytes
}

function cost (size: number): number {
  return Math.ceil(size / GRAIN) * GRAIN
}

interface Held { readonly n: number, readonly size: number, expiry: number, rare: boolean }

/** What is held, from the first to the last to go but for expiry; and what is reserved for blocks that are being written. */
class Model {
  now = 0
  held: Held[] = []
  writing: { readonly n: number, readonly size: number, readonly expiry: number }[] = []
  readonly pins = new Array<number>(UNIVERSE).fill(0)

  get used (): number {
    return [...this.held, ...this.writing].reduce((sum, { size }) => sum + cost(size), 0)
  }

  find (n: number): Held | undefined {
    return this.held.find(each => each.n === n)
  }

  /** Never the same for two blocks, for those that expire together go in no particular order. */
  expiry (n: number, ttl: number): number {
    return ttl === 0 ? NEVER : (Math.floor(this.now / UNIVERSE) + ttl) * UNIVERSE + n
  }

  toEnd (each: Held): void {
    this.held = [...this.held.filter(other => other !== each), each]
  }

  free (each: Held): boolean {
    return this.pins[each.n] === 0
  }

  /** Takes out what goes next; `undefined` when nothing may. */
  evict (): Held | undefined {
    const free = this.held.filter(each => this.free(each))
    const [expired] = free.filter(each => each.expiry !== NEVER && each.expiry <= this.now).sort((a, b) => a.expiry - b.expiry)
    let victim = expired
    while (victim === undefined) {
      const first = this.held.find(each => this.free(each))
      if (first?.rare !== true) {
        victim = first
        break
      }
      first.rare = false
      this.toEnd(first)
    }
    this.held = this.held.filter(each => each !== victim)
    return victim
  }
}

type Command = fc.Command<Model, BlockIndex>

/** After each: the sum is right and under the quota, and both hold the same. */
function command (name: string, run: (model: Model, index: BlockIndex) => void, may: (model: Model) => boolean = () => true): Command {
  return {
    check: may,
    run (model, index) {
      run(model, index)
      expect(index.used).to.equal(model.used)
      expect(index.used).to.be.at.most(QUOTA)
      for (let n = 0; n < UNIVERSE; n++) expect(index.has(digest(n))).to.equal(model.find(n) !== undefined)
    },
    toString: () => name
  }
}

const block = fc.nat(UNIVERSE - 1)

const commands = [
  fc.tuple(block, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 0, max: 8 })).map(([n, size, ttl]) => command(`reserve ${n} of ${size}, ${ttl}`, (model, index) => {
    const room = model.held.filter(each => model.free(each)).reduce((sum, each) => sum + cost(each.size), QUOTA - model.used)
    if (cost(size) > room) {
      expect(() => index.reserve(size, model.now)).to.throw(StoreFullError)
      return
    }
    const expected: Held[] = []
    while (model.used + cost(size) > QUOTA) expected.push(model.evict() as Held)
    expect(index.reserve(size, model.now).map(victim => toHex(victim.digest))).to.deep.equal(expected.map(each => toHex(digest(each.n))))
    model.writing.push({ n, size, expiry: model.expiry(n, ttl) })
  }, model => model.find(n) === undefined && model.writing.every(each => each.n !== n))),

  fc.tuple(fc.nat(20), fc.boolean()).map(([which, works]) => command(`${works ? 'commit' : 'cancel'} ${which}`, (model, index) => {
    const [{ n, size, expiry }] = model.writing.splice(which % model.writing.length, 1) as [Model['writing'][number]]
    if (works) {
      index.commit(digest(n), size, expiry)
      model.held.push({ n, size, expiry, rare: false })
    } else index.cancel(size)
  }, model => model.writing.length > 0)),

  block.map(n => command(`touch ${n}`, (model, index) => {
    const each = model.find(n) as Held
    index.touch(index.find(digest(n)))
    if (model.free(each)) model.toEnd(each)
  }, model => model.find(n) !== undefined)),

  block.map(n => command(`remove ${n}`, (model, index) => {
    index.remove(index.find(digest(n)))
    model.held = model.held.filter(each => each.n !== n)
  }, model => model.find(n) !== undefined)),

  block.map(n => command(`demote ${n}`, (model, index) => {
    index.demote(digest(n))
    const each = model.find(n)
    if (each === undefined) return
    each.rare = false
    if (model.free(each)) model.held = [each, ...model.held.filter(other => other !== each)]
  })),

  block.map(n => command(`promote ${n}`, (model, index) => {
    index.promote(digest(n))
    const each = model.find(n)
    if (each !== undefined) each.rare = true
  })),

  block.map(n => command(`pin ${n}`, (model, index) => {
    index.pin(digest(n))
    model.pins[n] = (model.pins[n] as number) + 1
  })),

  block.map(n => command(`unpin ${n}`, (model, index) => {
    index.unpin(digest(n))
    if (model.pins[n] === 0) return
    model.pins[n] = (model.pins[n] as number) - 1
    const each = model.find(n)
    if (model.pins[n] === 0 && each !== undefined) model.toEnd(each)
  })),

  fc.tuple(block, fc.integer({ min: 0, max: 20 })).map(([n, ttl]) => command(`extend ${n} by ${ttl}`, (model, index) => {
    const each = model.find(n) as Held
    const expiry = model.expiry(n, ttl)
    const later = each.expiry !== NEVER && (expiry === NEVER || expiry > each.expiry)
    expect(index.extend(index.find(digest(n)), expiry)).to.equal(later)
    if (later) each.expiry = expiry
  }, model => model.find(n) !== undefined)),

  fc.integer({ min: 1, max: 5 * UNIVERSE }).map(time => command(`wait ${time}`, model => { model.now += time })),

  fc.nat(4).map(most => command(`collect ${most} of what expired`, (model, index) => {
    const due = model.held.filter(each => model.free(each) && each.expiry !== NEVER && each.expiry <= model.now)
      .sort((a, b) => a.expiry - b.expiry).slice(0, most)
    expect(index.expired(model.now, most).map(victim => toHex(victim.digest))).to.deep.equal(due.map(each => toHex(digest(each.n))))
    model.held = model.held.filter(each => !due.includes(each))
  }))
]

describe('accounting', () => {
  it('is a sum that never passes the quota, over blocks that go in their order and stay while they are pinned', () => {
    fc.assert(fc.property(fc.commands(commands, { maxCommands: 200 }), run => {
      fc.modelRun(() => ({ model: new Model(), real: new BlockIndex(QUOTA, GRAIN) }), run)
    }), { numRuns: 500 })
  })
})

describe('expiry queue', () => {
  it('gives in order of time what still stands, and keeps little more', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(100)), { maxLength: 500 }), steps => {
      const times = new Map<number, number>()
      const queue = new ExpiryQueue((slot, at) => times.get(slot) === at)
      for (const [slot, at] of steps) {
        times.set(slot, at)
        queue.add(slot, at)
      }
      // blocks that are read again and again come back each time
      for (let i = 0; i < 300; i++) for (const [slot, at] of times) queue.add(slot, at)
      expect(queue.length).to.be.at.most(64)
      const expected = [...times.values()].filter(at => at <= 50).sort((a, b) => a - b)
      for (const at of expected) {
        const slot = queue.take(50)
        expect(times.get(slot)).to.equal(at)
        times.delete(slot)
      }
      expect(queue.take(50)).to.equal(-1)
    }))
  })
})
