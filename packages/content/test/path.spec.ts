import { expect } from 'chai'
import fc from 'fast-check'
import { toHex } from '@shoal/base'
import { comparePaths, nameFault, pathFault } from '../src/path.js'

describe('path', () => {
  it('sorts by the bytes of its UTF-8', () => {
    const encoder = new TextEncoder()
    const unit = fc.constantFrom('a', '/', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}')
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit }))
    fc.assert(fc.property(text, text, (a, b) => {
      const [x, y] = [toHex(encoder.encode(a)), toHex(encoder.encode(b))]
      expect(Math.sign(comparePaths(a, b))).to.equal(x < y ? -1 : x > y ? 1 : 0)
    }), { numRuns: 1_000 })
  })

  it('is good when it stays inside', () => {
    for (const path of ['a', 'a/b.c', '.hidden', '...', 'a b/ü😀', 'x'.repeat(255)]) expect(pathFault(path)).to.equal(undefined)
    for (const path of ['', '/', '/a', 'a/', 'a//b', '.', './a', 'a/..', '..\\a', 'a\0', '\ud800', 'x'.repeat(256), 'a/'.repeat(512) + 'a']) {
      expect(pathFault(path), JSON.stringify(path)).to.be.a('string')
    }
    expect(nameFault('a/b')).to.equal('has a slash')
  })
})
