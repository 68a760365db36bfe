import { expect } from 'chai'
import fc from 'fast-check'
import { generateKeyPair } from '@libp2p/crypto/keys'
import { RecordEnvelope } from '@libp2p/peer-record'
import { toHex } from '@shoal/base'
import { openEnvelope } from '../src/envelope.js'
import { sealEnvelope } from '../src/seal-envelope.js'
import { keyOf, randomBytes } from './helpers.js'

const DOMAIN = 'shoal-manifest'
const TYPE = new TextEncoder().encode('/shoal/manifest')
const PAYLOAD = randomBytes(36)

describe('envelope', () => {
  it('is byte for byte the one of js-libp2p', async () => {
    const key = await keyOf(1)
    const ours = await sealEnvelope(key, DOMAIN, TYPE, PAYLOAD)
    const theirs = await RecordEnvelope.seal({ domain: DOMAIN, codec: TYPE, marshal: () => PAYLOAD, equals: () => false }, key)
    expect(toHex(ours)).to.equal(toHex(theirs.marshal()))
    const opened = await RecordEnvelope.openAndCertify(ours, DOMAIN)
    expect(toHex(opened.payload)).to.equal(toHex(PAYLOAD))
  })

  for (const type of ['Ed25519', 'secp256k1', 'RSA'] as const) {
    it(`opens what js-libp2p seals with a key of type ${type}`, async () => {
      const key = type === 'RSA' ? await generateKeyPair(type, 2048) : await generateKeyPair(type as 'Ed25519')
      const theirs = await RecordEnvelope.seal({ domain: DOMAIN, codec: TYPE, marshal: () => PAYLOAD, equals: () => false }, key)
      const opened = await openEnvelope(theirs.marshal(), DOMAIN)
      if (typeof opened === 'string') throw new Error(opened)
      expect(toHex(opened.payload)).to.equal(toHex(PAYLOAD))
      expect(toHex(opened.payloadType)).to.equal(toHex(TYPE))
      expect(opened.publicKey.equals(key.publicKey)).to.equal(true)
      expect(await openEnvelope(theirs.marshal(), 'another-domain')).to.match(/signature is not/)
    })
  }

  it('does not open with any byte changed, added or missing', async () => {
    const envelope = await sealEnvelope(await keyOf(1), DOMAIN, TYPE, PAYLOAD)
    await fc.assert(fc.asyncProperty(fc.nat(envelope.byteLength - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const changed = envelope.slice()
      changed[at] = (changed[at] as number) ^ by
      expect(await openEnvelope(changed, DOMAIN)).to.be.a('string')
      expect(await openEnvelope(envelope.subarray(0, at), DOMAIN)).to.be.a('string')
    }))
    expect(await openEnvelope(Uint8Array.from([...envelope, 0]), DOMAIN)).to.be.a('string')
    expect(await openEnvelope(new Uint8Array(5_000), DOMAIN)).to.match(/at most 4096 bytes/)
  })

  it('says no to any bytes and throws nothing', async () => {
    await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async bytes => {
      expect(await openEnvelope(bytes, DOMAIN)).to.be.a('string')
      expect(await openEnvelope(Uint8Array.from([0x0a, 0x24, 0x08, 0x01, ...bytes]), DOMAIN)).to.be.a('string')
    }))
  })
})
