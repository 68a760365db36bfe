import { ConfigError, TokenError, type TokenFault } from '@shoal/interface'
import { expect } from 'chai'
import fc from 'fast-check'
import { coversPath, endOf, parseTenantKey, readIssuer, readToken, Tenant, type Request } from '../src/index.js'
import { createTenant, issueRevocations, issueToken, parseTenant, type TenantKeys } from '../src/issuing.js'
import { claimsOf, decode, encode, SWARM, tampered } from './tokens.js'

const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const OTHER_PEER = '12D3KooWJYbRXoi9WTLWeEuzS9ZqQMzRFnxZcbRhKLPvZqaHWMrQ'
const START = 1_800_000_000_000
const LINK = 'shoal:bafyreiecrlxh6epfcdlxcfayf7rtcvmt4zw4t6bsavj5b2v6isp7jbrj6q'

describe('tokens', () => {
  let keys: TenantKeys
  let tenant: Tenant
  before(async () => {
    keys = await createTenant()
    tenant = new Tenant(keys.tenant)
  })

  const request = (changes: Partial<Request> = {}): Request => ({ peer: PEER, swarm: SWARM, regions: undefined, wall: START, ...changes })
  const token = (changes: Partial<Parameters<typeof issueToken>[1]> = {}): Promise<string> =>
    issueToken(keys, { peer: PEER, seconds: 100, from: START, ...changes })

  it('grant what they say to the peer that they name', async () => {
    const grant = await tenant.judge(await token({ role: 'edge', region: 'CH', paths: ['a/', 'b'] }), request({ regions: ['EU', 'CH'] }))
    expect(grant).to.include({ tenant: keys.tenant, peer: PEER, role: 'edge', region: 'CH', swarms: undefined })
    expect([grant.notBefore, grant.expires, endOf(grant)]).to.deep.equal([START / 1000, START / 1000 + 100, START + 160_000])
    expect(['a/x', 'bc', 'a', 'c/a/'].map(path => coversPath(grant, path))).to.deep.equal([true, true, false, false])
    expect(coversPath({ paths: undefined }, 'anything')).to.equal(true)
  })

  it('are for all contents of the tenant, or for those that they name', async () => {
    const some = await token({ contents: [LINK] })
    const swarm = [...readToken(some).swarms?.values() ?? []][0] ?? ''
    expect(await fault(tenant.judge(some, request({ swarm })))).to.equal(undefined)
    expect(await fault(tenant.judge(some, request()))).to.equal('other-content')
  })

  it('count for a minute longer at either end, for clocks differ', async () => {
    const text = await token()
    const at = async (seconds: number): Promise<TokenFault | undefined> =>
      await fault(tenant.judge(text, request({ wall: START + 1000 * seconds })))
    for (const seconds of [-60, 0, 99, 159]) expect(await at(seconds), String(seconds)).to.equal(undefined)
    for (const seconds of [-61, -10_000]) expect(await at(seconds), String(seconds)).to.equal('early')
    for (const seconds of [160, 10_000]) expect(await at(seconds), String(seconds)).to.equal('expired')
  })

  it('are refused with the reason', async () => {
    const good = await token()
    const other = await createTenant()
    const [header = '', payload = '', signature = ''] = good.split('.')
    const signedBy = async (by: TenantKeys, claims: object): Promise<string> => {
      const [, , signature] = (await issueToken(by, { peer: PEER, seconds: 100, from: START })).split('.')
      return `${header}.${encode(claims)}.${signature}`
    }
    const table: [string, string | undefined, TokenFault][] = [
      ['none', undefined, 'missing'],
      ['no JWT', 'nonsense', 'malformed'],
      ['empty', '', 'malformed'],
      ['too long', `${good}${'A'.repeat(5_000)}`, 'malformed'],
      ['another peer’s', await token({ peer: OTHER_PEER }), 'other-peer'],
      ['another tenant’s', await issueToken(other, { peer: PEER, seconds: 100, from: START }), 'other-tenant'],
      ['another tenant’s signature', await signedBy(other, claimsOf(good)), 'forged'],
      ['another payload', await signedBy(keys, { ...claimsOf(good), role: 'edge' }), 'forged'],
      ['no signature', `${header}.${payload}.`, 'malformed'],
      ['the algorithm none', `${encode({ alg: 'none', typ: 'shoal+jwt' })}.${payload}.${signature}`, 'malformed'],
      ['another algorithm', `${encode({ alg: 'HS256', typ: 'shoal+jwt' })}.${payload}.${signature}`, 'malformed'],
      ['a critical header', `${encode({ ...decode(header), crit: ['x'], x: 1 })}.${payload}.${signature}`, 'malformed'],
      ['a list of what is revoked', await issueRevocations(keys, { sequence: 1 }), 'malformed']
    ]
    for (const [what, text, reason] of table) expect(await fault(tenant.judge(text, request())), what).to.equal(reason)
    expect(await fault(tenant.judge(good, request({ regions: ['EU'] })))).to.equal('other-region')
    expect(await fault(tenant.judge(await token({ region: 'US' }), request({ regions: ['EU'] })))).to.equal('other-region')
  })

  it('count no more when the tenant took them or their peer back, by the newest of its lists', async () => {
    const [mine, theirs] = [await token(), await token({ peer: OTHER_PEER })]
    const judge = new Tenant(keys.tenant)
    const first = await issueRevocations(keys, { sequence: 1, tokens: [readToken(mine).id] })
    const second = await issueRevocations(keys, { sequence: 2, peers: [OTHER_PEER] })
    expect([judge.list, judge.sequence]).to.deep.equal([undefined, 0])
    expect(await judge.revoke(first)).to.equal(true)
    expect(await fault(judge.judge(mine, request()))).to.equal('revoked')
    expect(await judge.revoke(second)).to.equal(true)
    expect(await fault(judge.judge(mine, request()))).to.equal(undefined)
    expect(await fault(judge.judge(theirs, request({ peer: OTHER_PEER })))).to.equal('revoked')
    for (const old of [first, second, await issueRevocations(keys, { sequence: 2 })]) expect(await judge.revoke(old)).to.equal(false)
    expect([judge.list, judge.sequence]).to.deep.equal([second, 2])
  })

  it('are not taken back by anybody else', async () => {
    const other = await createTenant()
    const list = await issueRevocations(keys, { sequence: 5 })
    const [header, payload] = list.split('.')
    const [, , signature] = (await issueRevocations(other, { sequence: 5 })).split('.')
    const judge = new Tenant(keys.tenant)
    expect(readIssuer(list)).to.equal(keys.tenant)
    expect(await fault(judge.revoke(await issueRevocations(other, { sequence: 5 })))).to.equal('other-tenant')
    expect(await fault(judge.revoke(`${header}.${payload}.${signature}`))).to.equal('forged')
    expect(await fault(judge.revoke(await token()))).to.equal('malformed')
    expect(await fault(judge.revoke('x'.repeat(70_000)))).to.equal('malformed')
    expect(judge.sequence).to.equal(0)
  })

  it('say back what was put in', async () => {
    const name = fc.string({ minLength: 1, maxLength: 40 })
    const paths = fc.option(fc.array(name, { maxLength: 10 }), { nil: undefined })
    await fc.assert(fc.asyncProperty(
      name, fc.integer({ min: 1, max: 10 ** 8 }), name, paths, fc.option(name, { nil: undefined }),
      async (peer, seconds, role, paths, region) => {
        const text = await token({ peer, seconds, role, paths, region })
        const grant = await tenant.judge(text, request({ peer, regions: region === undefined ? undefined : [region] }))
        expect(readToken(text)).to.deep.equal(grant)
        expect([grant.peer, grant.role, grant.paths, grant.region]).to.deep.equal([peer, role, paths, region])
        expect(grant.expires - grant.notBefore).to.equal(seconds)
      }), { numRuns: 30 })
  })

  it('with anything changed are refused, and by a TokenError alone', async () => {
    const good = await token({ role: 'edge', paths: ['a/'], contents: [LINK] })
    await fc.assert(fc.asyncProperty(tampered(good), async text => {
      fc.pre(text !== good)
      expect(await fault(tenant.judge(text, request()))).not.to.equal(undefined)
    }), { numRuns: 300 })
    const list = await issueRevocations(keys, { sequence: 1, tokens: ['a'], peers: [PEER] })
    await fc.assert(fc.asyncProperty(tampered(list), async text => {
      fc.pre(text !== list)
      expect(await fault(new Tenant(keys.tenant).revoke(text))).not.to.equal(undefined)
    }), { numRuns: 300 })
  })
})

describe('a tenant', () => {
  it('is made with a secret or without, and read back', async () => {
    const [open, hidden] = [await createTenant(), await createTenant({ hidden: true })]
    expect(open.secret).to.equal(undefined)
    expect(hidden.secret).to.match(/^[\w-]{43}$/)
    for (const keys of [open, hidden]) {
      expect(parseTenant(JSON.stringify(keys))).to.deep.equal(keys)
      expect(parseTenantKey(keys.tenant)).to.have.length(32)
    }
  })

  it('is refused when it is something else', async () => {
    const keys = await createTenant()
    for (const json of ['', 'null', '[]', '{}', JSON.stringify({ ...keys, crv: 'P-256' }), JSON.stringify({ ...keys, secret: 1 })]) {
      expect(() => parseTenant(json), json).to.throw(ConfigError)
    }
    const wrong = { ...keys, x: (await createTenant()).x }
    expect(await issueToken(wrong, { peer: PEER, seconds: 1 }).catch((error: unknown) => error)).to.be.instanceOf(ConfigError)
    for (const text of ['', PEER.slice(1), `${PEER}1`, 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N', '1'.repeat(52)]) {
      expect(() => parseTenantKey(text), text).to.throw(TokenError)
    }
  })

  it('says no more in one token than it has room for', async () => {
    const keys = await createTenant()
    const many = (length: number, text: string): string[] => Array.from({ length }, () => text)
    const table = [
      { seconds: -1 }, { seconds: NaN }, { role: '' }, { paths: many(65, 'x') }, { contents: many(65, LINK) }, { paths: many(30, 'x'.repeat(1_000)) }
    ]
    for (const options of table) {
      const error = await issueToken(keys, { peer: PEER, seconds: 1, ...options }).catch((error: unknown) => error)
      expect(error, JSON.stringify(options).slice(0, 80)).to.be.instanceOf(ConfigError)
    }
    expect(await issueRevocations(keys, { sequence: 0 }).catch((error: unknown) => error)).to.be.instanceOf(ConfigError)
  })
})

/** Why it is refused, `undefined` when it is not. Anything but a `TokenError` fails the test. */
async function fault (judged: Promise<unknown>): Promise<TokenFault | undefined> {
  try {
    await judged
    return undefined
  } catch (error) {
    expect(error).to.be.instanceOf(TokenError)
    return (error as TokenError).reason
  }
}
