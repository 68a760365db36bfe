import { expect } from 'chai'
import fc from 'fast-check'
import { Shelf } from '../src/live/shelf.js'

const file = (path: string, playlist = false, says = 0): Parameters<Shelf['add']>[0] => ({
  path,
  playlist,
  size: 10,
  digest: undefined,
  offsets: undefined,
  leaves: new Uint8Array(32).fill(says),
  duration: playlist ? undefined : 2_000,
  rendition: undefined
})
const paths = (shelf: Shelf): string[] => shelf.entries.map(({ index, path }) => `${index} ${path}`)

describe('shelf', () => {
  it('keeps what is no longer listed for its own duration and that of the playlist', () => {
    const shelf = new Shelf(100)
    const keep = { keepMs: 6_000, targetMs: 2_000 }
    for (const path of ['a.ts', 'b.ts']) shelf.add(file(path), 0)
    shelf.add(file('live.m3u8', true), 0)
    shelf.sweep(new Set(['a.ts', 'b.ts', 'live.m3u8']), 0, keep)
    shelf.add(file('c.ts'), 1_000)
    shelf.add(file('live.m3u8', true, 1), 1_000)
    const listed = new Set(['b.ts', 'c.ts', 'live.m3u8'])
    expect(shelf.sweep(listed, 1_000, keep)).to.deep.equal([])
    expect(shelf.sweep(listed, 3_000, keep).map(({ index }) => index), 'the version before').to.deep.equal([102])
    expect(shelf.sweep(listed, 8_999, keep)).to.deep.equal([])
    expect(shelf.sweep(listed, 9_000, keep).map(({ path }) => path)).to.deep.equal(['a.ts'])
    expect(paths(shelf)).to.deep.equal(['101 b.ts', '103 c.ts', '104 live.m3u8'])
  })

  it('gives a version that says the same no new number', () => {
    const shelf = new Shelf(0)
    expect(shelf.add(file('live.m3u8', true), 0)).to.equal(true)
    expect(shelf.add(file('live.m3u8', true), 5)).to.equal(false)
    expect(shelf.add(file('live.m3u8', true, 1), 5)).to.equal(true)
    expect(paths(shelf)).to.deep.equal(['0 live.m3u8', '1 live.m3u8'])
  })

  it('never gives a number twice, and always holds what is listed', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd')
    const step = fc.record({ add: fc.array(fc.record({ name, says: fc.nat(2) })), listed: fc.uniqueArray(name), ms: fc.nat(5_000) })
    fc.assert(fc.property(fc.array(step), steps => {
      const shelf = new Shelf(7)
      const given = new Map<number, string>()
      let now = 0
      for (const { add, listed, ms } of steps) {
        now += ms
        for (const { name, says } of add) shelf.add(file(name, says > 0, says), now)
        const before = new Set(listed.filter(path => shelf.find(path) !== undefined))
        shelf.sweep(new Set(listed), now, { keepMs: 4_000, targetMs: 1_000 })
        for (const path of before) expect(shelf.find(path) !== undefined).to.equal(true)
        let last = -1
        for (const { index, path, leaves } of shelf.entries) {
          const said = `${path} ${leaves[0]}`
          expect(given.get(index) ?? said).to.equal(said)
          given.set(index, said)
          expect(index).to.be.above(last)
          last = index
        }
      }
    }))
  })
})
