import { expect } from 'chai'
import fc from 'fast-check'
import { InvalidLinkError } from '@shoal/interface'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { dagCborCid, rawCid } from '../src/cid.js'
import { formatLink } from '../src/format-link.js'
import { parseLink, swarmIdOf, type Link } from '../src/link.js'
import { sha256 } from '../src/verify.js'

const MANIFEST = dagCborCid(new Uint8Array(32).fill(7)).toString()
const ADDR = '/dns4/example.com/tcp/443/wss/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'

const TENANT = '12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA'

describe('link', () => {
  const digests = fc.uint8Array({ minLength: 32, maxLength: 32 })
  const addrs = fc.array(fc.constantFrom(ADDR, '/ip4/127.0.0.1/tcp/4001', '/ip6/::1/udp/4001/webrtc-direct/certhash/uEi', '/dns4/a&b=c%/tcp/1'), { maxLength: 4 })
  const origins = fc.array(fc.webUrl({ withQueryParameters: true }).map(url => new URL(url).href), { maxLength: 3 })

  it('reads what it writes', () => {
    fc.assert(fc.property(digests, addrs, origins, fc.boolean(), (digest, addrs, origins, hidden) => {
      const link: Link = { kind: 'manifest', manifest: dagCborCid(digest).toString(), addrs, origins, ...(hidden ? { tenant: TENANT } : {}) }
      expect(parseLink(formatLink(link))).to.deep.equal(link)
    }))
  })

  it('reads what it writes with a publisher and a name', async () => {
    const keys = await Promise.all(['Ed25519', 'secp256k1'].map(async type => generateKeyPair(type as 'Ed25519')))
    const names = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }).filter(name => !/[/\\\0]|^\.\.?$/.test(name))
    fc.assert(fc.property(fc.constantFrom(...keys), names, addrs, (key, name, addrs) => {
      const link: Link = { kind: 'publisher', publisher: peerIdFromPrivateKey(key).toString(), name, addrs, origins: [] }
      expect(parseLink(formatLink(link))).to.deep.equal(link)
    }))
  })

  it('keeps addresses readable', () => {
    const text = formatLink({ kind: 'manifest', manifest: MANIFEST, addrs: ['/ip4/1.2.3.4/tcp/4001'], origins: ['https://cdn.example.com/show/'] })
    expect(text).to.equal(`shoal:${MANIFEST}?addr=/ip4/1.2.3.4/tcp/4001&origin=https://cdn.example.com/show/`)
  })

  it('fails with InvalidLinkError and nothing else, whatever comes', () => {
    const pieces = fc.constantFrom('shoal:', MANIFEST, '/', '?', '&', '=', 'addr', 'origin', 'tenant', TENANT, '%', '%2', '%ff', '12D3KooW', '1', 'Qm', 'k51qzi5uqu5', ADDR, 'https://', ' ', '\ud800')
    const texts = fc.oneof(fc.string({ unit: 'binary' }), fc.array(fc.oneof(pieces, fc.string()), { maxLength: 12 }).map(parts => `shoal:${parts.join('')}`))
    fc.assert(fc.property(texts, text => {
      try {
        expect(parseLink(formatLink(parseLink(text)))).to.deep.equal(parseLink(text))
      } catch (error) {
        expect(error).to.be.instanceOf(InvalidLinkError)
      }
    }), { numRuns: 500 })
  })

  const refused: readonly (readonly [string, string, RegExp])[] = [
    ['another scheme', `magnet:${MANIFEST}`, /expected shoal:<manifest CID>/],
    ['nothing', '', /expected shoal:/],
    ['no target', 'shoal:', /expected a manifest CID/],
    ['another codec', `shoal:${rawCid(new Uint8Array(32)).toString()}`, /dag-cbor/],
    ['upper case', `shoal:${MANIFEST.toUpperCase()}`, /expected a manifest CID/],
    ['a truncated CID', `shoal:${MANIFEST.slice(0, -1)}`, /expected a manifest CID/],
    ['a space', `shoal:${MANIFEST} `, /printable ASCII/],
    ['a fragment', `shoal:${MANIFEST}#t=1`, /printable ASCII/],
    ['an unknown hint', `shoal:${MANIFEST}?peer=x`, /hints "addr" and "origin", and "tenant" once, got "peer"/],
    ['a hint without value', `shoal:${MANIFEST}?addr`, /addr=<multiaddr>/],
    ['no multiaddr', `shoal:${MANIFEST}?addr=127.0.0.1`, /expected a multiaddr/],
    ['another origin scheme', `shoal:${MANIFEST}?origin=ftp://x/`, /http or https/],
    ['credentials in an origin', `shoal:${MANIFEST}?origin=https://a:b@x/`, /without credentials/],
    ['broken percent-encoding', `shoal:${MANIFEST}?origin=%E0%A4`, /percent-encoding/],
    ['no publisher key', 'shoal:nobody/show', /publisher key/],
    ['a name that climbs', 'shoal:12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA/..', /name after the "\/"/],
    ['too many addresses', `shoal:${MANIFEST}?${Array(33).fill('addr=/ip4/1.1.1.1/tcp/1').join('&')}`, /at most 32/],
    ['too long', `shoal:${'a'.repeat(9000)}`, /at most 8192/]
  ]
  for (const [what, text, message] of refused) {
    it(`refuses ${what}`, () => {
      expect(() => parseLink(text)).to.throw(InvalidLinkError, message)
    })
  }

  it('names the swarm by the hash of the binary CID', async () => {
    const cid = dagCborCid(new Uint8Array(32).fill(7))
    expect(await swarmIdOf(MANIFEST)).to.equal([...await sha256(cid.bytes)].map(byte => byte.toString(16).padStart(2, '0')).join(''))
    let error: unknown
    try {
      await swarmIdOf('x')
    } catch (cause) {
      error = cause
    }
    expect(error).to.be.instanceOf(InvalidLinkError)
  })
})
