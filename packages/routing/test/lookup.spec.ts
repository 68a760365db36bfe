import { expect } from 'chai'
import fc from 'fast-check'
import { seededRandom } from '@shoal/base'
import { Lookup, type Candidate } from '../src/client/lookup.js'
import { ALPHA, K, MAX_CANDIDATES, MAX_REQUESTS } from '../src/defaults.js'

const TARGET = new Uint8Array(32)

/** A node at a distance of `n` from the target. */
function at (n: number): Candidate {
  const key = new Uint8Array(32)
  new DataView(key.buffer).setUint32(28, n)
  return { name: `n${n}`, key }
}

function names (nodes: readonly Candidate[]): string[] {
  return nodes.map(({ name }) => name)
}

function all (lookup: Lookup<Candidate>): Candidate[] {
  const asked: Candidate[] = []
  for (let node = lookup.next(); node !== undefined; node = lookup.next()) asked.push(node)
  return asked
}

describe('lookup', () => {
  it('asks the closest first, a few at a time', () => {
    const lookup = new Lookup<Candidate>(TARGET)
    expect(lookup.done, 'nobody is known').to.equal(true)
    lookup.add([9, 4, 7, 2, 5].map(at))
    const first = all(lookup)
    expect(names(first)).to.deep.equal(['n2', 'n4', 'n5'])
    expect(lookup.done).to.equal(false)
    lookup.answered(first[0] as Candidate, [at(1), at(4), at(100)])
    expect(names(all(lookup))).to.deep.equal(['n1'])
    lookup.failed(first[1] as Candidate)
    expect(names(all(lookup))).to.deep.equal(['n7'])
    expect(names(lookup.closest)).to.deep.equal(['n2'])
  })

  it('asks those that are farther than who named them, too', () => {
    const lookup = new Lookup<Candidate>(TARGET)
    lookup.add([at(1)])
    lookup.answered(lookup.next() as Candidate, [at(1000), at(2000)])
    const next = all(lookup)
    expect(names(next)).to.deep.equal(['n1000', 'n2000'])
    for (const node of next) lookup.answered(node, [])
    expect(lookup.done).to.equal(true)
    expect(names(lookup.closest)).to.deep.equal(['n1', 'n1000', 'n2000'])
  })

  it('asks somebody else beside those that are slow, and takes their answers all the same', () => {
    const lookup = new Lookup<Candidate>(TARGET)
    lookup.add([1, 2, 3, 4].map(at))
    const [slow] = all(lookup)
    lookup.slow(slow as Candidate)
    expect(names(all(lookup))).to.deep.equal(['n4'])
    lookup.answered(slow as Candidate, [at(0)])
    expect(names(lookup.closest)).to.deep.equal(['n1'])
    lookup.failed(slow as Candidate)
    expect(names(lookup.closest), 'what has answered has answered').to.deep.equal(['n1'])
  })

  it('ends, whoever names whom without end', () => {
    const lookup = new Lookup<Candidate>(TARGET)
    lookup.add([at(1_000_000)])
    let asked = 0
    for (let next = all(lookup); next.length > 0; next = all(lookup)) {
      asked += next.length
      // each closer than all before, and none of them there
      for (const [i, node] of next.entries()) {
        if (i === 0) lookup.answered(node, Array.from({ length: K }, (_, j) => at(1_000_000 - asked * K - j)))
        else lookup.failed(node)
      }
    }
    expect(asked).to.equal(MAX_REQUESTS)
    expect(lookup.done).to.equal(true)
  })

  it('finds the closest of a whole network, when everybody knows some others', () => {
    const dead = fc.double({ min: 0, max: 0.3, noNaN: true })
    fc.assert(fc.property(fc.integer({ min: 1, max: 150 }), fc.integer(), dead, (size, seed, dead) => {
      const random = seededRandom(seed)
      const network = Array.from({ length: size }, (_, i) => at(i))
      const gone = new Set(names(network.filter(() => random() < dead)))
      const living = network.filter(({ name }) => !gone.has(name))
      const lookup = new Lookup<Candidate>(TARGET)
      // bridges to the closest, as a table of buckets has them
      const knows = ({ name }: Candidate): Candidate[] => [...network.slice(0, Number(name.slice(1))).slice(-2), ...network.slice(0, K / 2)]
      const first = living[Math.floor(random() * living.length)]
      if (first === undefined) return
      lookup.add([first])
      let waiting = all(lookup)
      const everAsked = new Set(names(waiting))
      const answered = new Set<string>()
      while (!lookup.done) {
        expect(waiting.length, 'somebody is being asked until it is done').to.be.within(1, ALPHA)
        const [node] = waiting.splice(Math.floor(random() * waiting.length), 1) as [Candidate]
        if (gone.has(node.name)) lookup.failed(node)
        else {
          answered.add(node.name)
          lookup.answered(node, knows(node))
        }
        const next = all(lookup)
        for (const { name } of next) {
          expect(everAsked.has(name), 'nobody is asked twice').to.equal(false)
          everAsked.add(name)
        }
        waiting = [...waiting, ...next]
      }
      const expected = network.filter(({ name }) => answered.has(name)).slice(0, K)
      expect(names(lookup.closest)).to.deep.equal(names(expected))
      expect(names(lookup.closest)).to.include.members(names(network.slice(0, K / 2).filter(node => living.includes(node))))
    }), { numRuns: 200 })
  })

  it('remembers the closest of a flood of names', () => {
    const lookup = new Lookup<Candidate>(TARGET)
    lookup.add(Array.from({ length: 10 * MAX_CANDIDATES }, (_, i) => at(10_000 - i)))
    const asked: Candidate[] = []
    for (let next = all(lookup); next.length > 0; next = all(lookup)) {
      asked.push(...next)
      for (const node of next) lookup.failed(node)
    }
    expect(names(asked)).to.deep.equal(names(Array.from({ length: MAX_REQUESTS }, (_, i) => at(10_000 - 10 * MAX_CANDIDATES + 1 + i))))
  })
})
