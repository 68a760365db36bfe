import { expect } from 'chai'
import fc from 'fast-check'
import { ConfigError, OriginError } from '@shoal/interface'
import { normalBase, urlOf } from '../src/url.js'

describe('origin URLs', () => {
  const CASES: [string, string, string][] = [
    ['https://cdn.example.com/show/', '720p/seg12.m4s', 'https://cdn.example.com/show/720p/seg12.m4s'],
    ['https://cdn.example.com/show', 'a.ts', 'https://cdn.example.com/show/a.ts'],
    ['https://cdn.example.com', 'a.ts', 'https://cdn.example.com/a.ts'],
    ['https://cdn.example.com/show/?token=a%2Fb', 'a.ts', 'https://cdn.example.com/show/a.ts?token=a%2Fb'],
    ['https://cdn.example.com/show/#x', 'a.ts', 'https://cdn.example.com/show/a.ts'],
    ['https://cdn.example.com/', 'a b/50%/what?.ts#1', 'https://cdn.example.com/a%20b/50%25/what%3F.ts%231'],
    ['https://cdn.example.com/', 'é/日本.ts', 'https://cdn.example.com/%C3%A9/%E6%97%A5%E6%9C%AC.ts'],
    ['https://cdn.example.com/', '%2e%2e/x', 'https://cdn.example.com/%252e%252e/x'],
    ['https://cdn.example.com/a/', 'https://evil.example.com', 'refused'],
    ['https://cdn.example.com/a/', 'b\\..\\c', 'https://cdn.example.com/a/b%5C..%5Cc'],
    ['https://cdn.example.com/a/', '../x', 'refused'],
    ['https://cdn.example.com/a/', '/x', 'refused'],
    ['https://cdn.example.com/a/', '', 'refused']
  ]
  for (const [base, path, url] of CASES) {
    it(`${base} and "${path}" make ${url}`, () => {
      const make = (): string => urlOf(normalBase(base, false), path)
      if (url === 'refused') expect(make).to.throw(OriginError)
      else expect(make()).to.equal(url)
    })
  }

  it('takes the base of a single file as its URL', () => {
    expect(urlOf(normalBase('https://cdn.example.com/movie.mp4?t=1', true), 'movie.mp4')).to.equal('https://cdn.example.com/movie.mp4?t=1')
    expect(urlOf(normalBase('https://cdn.example.com/dir/', true), 'movie.mp4')).to.equal('https://cdn.example.com/dir/movie.mp4')
  })

  it('asks with a query for what the manifest tells apart by it, and keeps the token', () => {
    const url = (base: string, path: string): string => urlOf(normalBase(base, false), path, ['v', 'sq'])
    expect(url('https://cdn.example.com/show/', 'a b.ts?v=1&sq=c+d')).to.equal('https://cdn.example.com/show/a%20b.ts?v=1&sq=c+d')
    expect(url('https://cdn.example.com/show/?token=t', 'a.ts?v=1')).to.equal('https://cdn.example.com/show/a.ts?v=1&token=t')
    expect(url('https://cdn.example.com/', 'what?.ts')).to.equal('https://cdn.example.com/what%3F.ts')
    expect(url('https://cdn.example.com/', 'a.ts?other=1')).to.equal('https://cdn.example.com/a.ts%3Fother%3D1')
  })

  it('never leaves the base', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), path => {
      let url: string
      try {
        url = urlOf('https://cdn.example.com/a/b/', path)
      } catch (error) {
        expect(error).to.be.instanceOf(OriginError)
        return
      }
      expect(new URL(url).href.startsWith('https://cdn.example.com/a/b/')).to.equal(true)
    }))
  })

  const NONE = ['', 'cdn.example.com/show', '/show', 'ftp://cdn.example.com/', 'https://user:secret@cdn.example.com/', 'file:///etc']
  for (const base of NONE) {
    it(`refuses "${base}" as base`, () => {
      expect(() => normalBase(base, false)).to.throw(ConfigError).with.property('message').that.does.not.contain('secret')
    })
  }
})
