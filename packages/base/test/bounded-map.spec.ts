import { expect } from 'chai'
import fc from 'fast-check'
import { BoundedMap } from '../src/bounded-map.js'

describe('BoundedMap', () => {
  it('lets go of the entry that was not used for longest, and says so', () => {
    const gone: string[] = []
    const map = new BoundedMap<string, number>(2, (key, value) => gone.push(`${key}=${value}`))
    map.set('a', 1)
    map.set('b', 2)
    expect(map.get('a')).to.equal(1)
    map.set('c', 3)
    expect(gone).to.deep.equal(['b=2'])
    expect([...map.entries()]).to.deep.equal([['a', 1], ['c', 3]])
  })

  it('does not call a deletion or a new value of the same key an eviction', () => {
    const gone: string[] = []
    const map = new BoundedMap<string, number>(1, key => gone.push(key))
    map.set('a', 1)
    map.set('a', 2)
    expect(map.delete('a')).to.equal(true)
    expect(map.delete('a')).to.equal(false)
    expect(gone).to.deep.equal([])
  })

  it('tells a value of undefined from no entry', () => {
    const map = new BoundedMap<string, undefined>(2)
    map.set('a', undefined)
    map.set('b', undefined)
    expect(map.get('a')).to.equal(undefined)
    map.set('c', undefined)
    expect([map.has('a'), map.has('b')]).to.deep.equal([true, false])
  })

  it('behaves as a list that is kept in order of use', () => {
    const commands = fc.array(fc.tuple(fc.constantFrom('set', 'get', 'delete', 'has'), fc.nat(6)))
    fc.assert(fc.property(fc.integer({ min: 1, max: 5 }), commands, (limit, all) => {
      let order: number[] = []
      const evicted: number[] = []
      const expected: number[] = []
      const map = new BoundedMap<number, string>(limit, key => evicted.push(key))
      for (const [command, key] of all) {
        const known = order.includes(key)
        if (command === 'has') expect(map.has(key)).to.equal(known)
        else order = order.filter(other => other !== key)
        if (command === 'set') map.set(key, `v${key}`)
        if (command === 'get') expect(map.get(key)).to.equal(known ? `v${key}` : undefined)
        if (command === 'delete') expect(map.delete(key)).to.equal(known)
        if (command === 'set' || (command === 'get' && known)) order.push(key)
        if (order.length > limit) expected.push(order.shift() as number)
        expect([...map.entries()].map(([other]) => other)).to.deep.equal(order)
        expect(map.size).to.equal(order.length)
      }
      expect(evicted).to.deep.equal(expected)
    }))
  })
})
