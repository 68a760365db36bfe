import { expect } from 'chai'
import { ManualClock, seededRandom } from '@shoal/base'
import type { HaveMap, PeerName } from '@shoal/interface'
import { Bits, nextCommon } from '../src/bits.js'
import { Board } from '../src/board.js'
import { createSwarm } from '../src/index.js'
import { Peer } from '../src/peer.js'
import { testHaves } from './haves.js'
import { BLOCK_BYTES } from './model.js'

const BLOCKS = 12

interface Size { segments: number, peers: number }

/** Calls while `fn` runs of what a decision looks at: blocks of runs, peers' masks, have-maps, links, sizes. */
class Looks {
  count = 0

  wrap<A extends unknown[], R> (fn: (...args: A) => R): (...args: A) => R {
    return (...args) => {
      this.count++
      return fn(...args)
    }
  }

  during (fn: () => void): number {
    const [{ open }, { mask }] = [Board.prototype, Peer.prototype]
    const add = (): void => { this.count++ }
    Board.prototype.open = function (slot) { add(); return open.call(this, slot) }
    Peer.prototype.mask = function (slot) { add(); return mask.call(this, slot) }
    const before = this.count
    try {
      fn()
    } finally {
      Object.assign(Board.prototype, { open })
      Object.assign(Peer.prototype, { mask })
    }
    return this.count - before
  }
}

/** Everything is wanted, half of the peers hold any segment, and all windows are full. */
function field ({ segments, peers }: Size, deadline: (segment: number) => number | undefined) {
  const looks = new Looks()
  const clock = new ManualClock()
  const have = testHaves(() => BLOCKS)
  const asked = new Map<PeerName, Set<number>>()
  const swarm = createSwarm({ self: 'self', mode: 'hybrid', swarm: 's' }, {
    clock, have, random: seededRandom(1), blocks: () => BLOCKS, swarmSize: () => peers + 1, known: () => [], expecting: () => 0,
    size: looks.wrap(() => BLOCK_BYTES),
    link: looks.wrap(peer => {
      return { window: 4 * BLOCK_BYTES, outstanding: (asked.get(peer)?.size ?? 0) * BLOCK_BYTES, rate: 1_000_000, rtt: 50 }
    }),
    origin: () => ({ rate: 1_000_000, ttfb: 100, downUntil: 0 })
  })
  const watched = (map: HaveMap): HaveMap =>
    ({ ...map, has: looks.wrap(map.has), some: looks.wrap(map.some), complete: looks.wrap(map.complete) })
  const maps = [testHaves(() => BLOCKS), testHaves(() => BLOCKS)] as const
  for (let segment = 0; segment < segments; segment++) maps[segment % 2]?.addSegment(segment)
  for (let i = 0; i < peers; i++) {
    asked.set(`peer-${i}`, new Set())
    swarm.peerJoined(`peer-${i}`, watched(maps[i % 2] as HaveMap))
  }
  for (let segment = 0; segment < segments; segment++) swarm.want({ segment, first: 0, end: BLOCKS, deadline: deadline(segment) })
  const decide = (): void => {
    for (const action of swarm.decide().actions) {
      if (action.type !== 'request' && action.type !== 'cancel') continue
      for (const block of action.blocks) asked.get(action.peer)?.[action.type === 'request' ? 'add' : 'delete'](action.segment * BLOCKS + block)
    }
  }
  const deliver = (step: number): void => {
    const peer = `peer-${step % peers}`
    const [key] = asked.get(peer) ?? []
    if (key === undefined) return
    asked.get(peer)?.delete(key)
    have.add(Math.floor(key / BLOCKS), key % BLOCKS, BLOCKS)
    swarm.delivered(Math.floor(key / BLOCKS), key % BLOCKS, peer)
  }
  decide()
  return { clock, swarm, decide, deliver, looks }
}

/** Looks per step. */
function cost (
  size: Size, step: (of: ReturnType<typeof field>, i: number) => void, deadline = (_: number): number | undefined => undefined, steps = 200
): number {
  const made = field(size, deadline)
  return made.looks.during(() => {
    for (let i = 0; i < steps; i++) {
      made.clock.advance(2)
      step(made, i)
      made.decide()
    }
  }) / steps
}

const scenes: Record<string, Parameters<typeof cost>[1]> = {
  'a delivery': ({ deliver }, i) => { deliver(i) },
  'a have-delta': ({ swarm }, i) => {
    swarm.peerHave('peer-0', [i], { complete: [], partial: [{ segment: i, first: 0, bits: Uint8Array.of(1) }] })
  },
  'a choke': ({ swarm }, i) => { swarm.peerChoked('peer-1', i % 2 === 0) },
  'a stall': ({ swarm, deliver }, i) => {
    if (i % 10 === 0) swarm.stalled(`peer-${i / 10}`)
    else deliver(i)
  },
  'a seek': ({ swarm }, i) => { swarm.unwant(swarm.want({ segment: i, first: 0, end: BLOCKS, deadline: 10_000 })) }
}

describe('what a decision looks at', function () {
  this.timeout(20_000)
  const deadlines = { bulk: () => undefined, 'with deadlines': (segment: number) => 2000 * (segment + 1) }
  for (const [kind, deadline] of Object.entries(deadlines)) {
    for (const [name, step] of Object.entries(scenes)) {
      it(`${name}, ${kind}: is the same in a content of 10 times as many segments`, () => {
        expect(cost({ segments: 2000, peers: 20 }, step, deadline) / cost({ segments: 200, peers: 20 }, step, deadline)).to.be.below(1.2)
      })
    }
  }

  it('a delivery: grows far less than the number of peers', () => {
    const of = (peers: number): number => cost({ segments: 400, peers }, ({ deliver }, i) => { deliver(i) }, undefined, 10 * peers)
    expect(of(200) / of(20)).to.be.below(4)
  })

  it('a redate is no reason to look at anything', () => {
    const made = field({ segments: 400, peers: 20 }, () => undefined)
    const id = made.swarm.want({ segment: 0, first: 0, end: BLOCKS, deadline: 15_000 })
    made.decide()
    const looks = made.looks.during(() => {
      made.swarm.redate(id, 16_000)
      made.decide()
    })
    expect(looks).to.be.below(50)
  })

  it('two sets that have little in common are intersected 1024 members at a time', () => {
    const [a, b] = [new Bits(), new Bits()]
    a.add(3)
    b.add(4)
    for (const set of [a, b]) set.add(100_000)
    let reads = 0
    const counting = (words: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> => new Proxy(words, {
      get: (of, key) => {
        if (key !== 'length') reads++
        return Reflect.get(of, key, of) as unknown
      }
    })
    for (const set of [a, b]) [set.words, set.summary] = [counting(set.words), counting(set.summary)]
    expect(nextCommon(a, b, 0, 200_000)).to.equal(100_000)
    expect(reads).to.be.below(2 * 100_000 / 1024 + 20)
  })
})
