import { expect } from 'chai'
import fc from 'fast-check'
import { significantQuery, splitSignificant } from '../src/index.js'

describe('significant query', () => {
  it('is of the parameters that count alone, in one order and form', () => {
    expect(significantQuery('https://cdn.test/a?token=t&sq=7&v=a%20b#v=2', ['v', 'sq'])).to.equal('?v=a+b&sq=7')
    expect(significantQuery('a?sq=7&v=a+b', ['v', 'sq'])).to.equal('?v=a+b&sq=7')
    expect(significantQuery('?v=1&v=2&v', ['v'])).to.equal('?v=1&v=2&v=')
    expect(significantQuery('?token=t', ['v'])).to.equal('')
    expect(significantQuery('?v=1', [])).to.equal('')
  })

  it('comes off a path as it was put there, whatever both are', () => {
    const text = fc.string({ unit: 'grapheme' })
    const queries = fc.array(fc.tuple(fc.constantFrom('v', 'sq', 'other'), text))
    fc.assert(fc.property(text.filter(path => !path.includes('?')), queries, (path, query) => {
      const end = significantQuery(`a?${new URLSearchParams(query).toString()}`, ['v', 'sq'])
      expect(end.slice(1)).to.not.match(/[/?\\#]/)
      expect(splitSignificant(path + end, ['v', 'sq'])).to.deep.equal({ path, query: end })
    }))
    for (const path of ['what?.ts', 'what?other=1', 'what?v', 'what?v=%41', 'plain']) {
      expect(splitSignificant(path, ['v'])).to.deep.equal({ path, query: '' })
    }
  })
})
