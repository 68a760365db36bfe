import { toHex } from '@shoal/base'
import { ConfigError } from '@shoal/interface'
import { expect } from 'chai'
import fc from 'fast-check'
import { readToken } from '../src/index.js'
import { createTenant, issueToken } from '../src/issuing.js'
import { swarmIdsOf } from '../src/swarm-ids.js'
import { SWARM } from './tokens.js'

const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'

describe('swarm ids of a tenant', () => {
  it('are those of HKDF and HMAC with SHA-256', async () => {
    // python3: k = HMAC(HMAC(0^32, secret), info || 1); id = HMAC(k, public id), secret = 32 bytes of 1, info = "shoal swarm ids v1"
    const derive = await swarmIdsOf('AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE')
    expect(await derive(SWARM)).to.equal('73ec0fd199c3463268e4af33dce56669fe14b0f131d4ecc8f4c36bfe21e64c1e')
  })

  it('are the same for the same secret alone, and never the public ones', async () => {
    const id = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(bytes => toHex(bytes))
    const [one, other] = [(await createTenant({ hidden: true })).secret ?? '', (await createTenant({ hidden: true })).secret ?? '']
    const [mine, again, theirs] = [await swarmIdsOf(one), await swarmIdsOf(one), await swarmIdsOf(other)]
    await fc.assert(fc.asyncProperty(id, id, async (a, b) => {
      const derived = await mine(a)
      expect(derived).to.match(/^[0-9a-f]{64}$/).and.equal(await again(a)).and.not.equal(a).and.not.equal(await theirs(a))
      if (a !== b) expect(await mine(b)).not.to.equal(derived)
    }), { numRuns: 50 })
  })

  it('stand in the tokens for their contents, beside the public ones', async () => {
    const keys = await createTenant({ hidden: true })
    const links = ['shoal:bafyreiecrlxh6epfcdlxcfayf7rtcvmt4zw4t6bsavj5b2v6isp7jbrj6q', `shoal:${PEER}/show`]
    const open = readToken(await issueToken({ ...keys, secret: undefined }, { peer: PEER, seconds: 1, contents: links })).swarms
    const hidden = readToken(await issueToken(keys, { peer: PEER, seconds: 1, contents: links })).swarms
    const derive = await swarmIdsOf(keys.secret ?? '')
    expect([...open?.keys() ?? []]).to.deep.equal([...hidden?.keys() ?? []]).and.have.length(2)
    for (const [id, joined] of open ?? []) expect([joined, hidden?.get(id)]).to.deep.equal([id, await derive(id)])
  })

  it('need a secret of 32 bytes, and an id', async () => {
    for (const secret of ['', 'short', 'A'.repeat(44), '!'.repeat(43)]) {
      expect(await swarmIdsOf(secret).catch((error: unknown) => error), secret).to.be.instanceOf(ConfigError)
    }
    const derive = await swarmIdsOf('A'.repeat(43))
    expect(await derive('nonsense').catch((error: unknown) => error)).to.be.instanceOf(ConfigError)
  })
})
