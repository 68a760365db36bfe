import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@shoal/base'
import { UnauthorisedError, type PeerName, type Policy, type RefusedDetail, type Shoal, type ShoalOptions, type TokenFault } from '@shoal/interface'
import { createTenant, issueRevocations, issueToken, type TenantKeys } from '@shoal/policy/issuing'
import { expect } from 'chai'
import { createShoal } from '../src/index.js'

const FILES = new Map([['free/x', bytes(300_000, 1)], ['paid/y', bytes(300_000, 2)], ['paid/z', bytes(300_000, 3)]])
/** What judges allow for clocks, in seconds. */
const SKEW_S = 60

describe('access', function () {
  this.timeout(60_000)
  const nodes: Shoal[] = []
  let tenant: TenantKeys
  before(async () => { tenant = await createTenant() })
  afterEach(async () => { await Promise.all(nodes.splice(0).map(async shoal => { await shoal.stop() })) })

  const node = async (options: ShoalOptions = {}): Promise<Shoal> => {
    const shoal = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'], ...options })
    nodes.push(shoal)
    return shoal
  }
  const hourly = async (peer: PeerName): Promise<string> => await issueToken(tenant, { peer, seconds: 3600 })
  /** A publisher of a content that asks for a token of the tenant. */
  const publisher = async (token: ShoalOptions['token'] = hourly): Promise<{ shoal: Shoal, link: string }> => {
    const shoal = await node({ token })
    const { link } = await shoal.publishBytes(FILES, { name: 'c', policy: { token: tenant.tenant } })
    return { shoal, link }
  }

  it('is given by a token of the tenant that the policy names, at both ends', async () => {
    const { shoal, link } = await publisher()
    const viewer = await node({ token: hourly })
    const refusals = [...refused(shoal), ...refused(viewer)]
    const content = await viewer.open(link)
    expect(await collect(content.read('paid/y'))).to.deep.equal(FILES.get('paid/y'))
    expect(refusals).to.deep.equal([])
  })

  it('asks the application once for each content, by this node’s id and the link, and never for public ones', async () => {
    const { link } = await publisher()
    const open = await node()
    const everybody = await open.publishBytes(new Map([['x', bytes(10, 1)]]), { name: 'p' })
    const asked: [string, string][] = []
    const viewer = await node({ token: async (peer, link) => {
      asked.push([peer, link])
      return await hourly(peer)
    } })
    await collect((await viewer.open(link)).read('free/x'))
    expect(asked).to.deep.equal([[viewer.peerId, link]])
    await viewer.publishBytes(new Map([['x', bytes(10, 1)]]), { name: 'q' })
    await collect((await viewer.open(everybody.link)).read('x'))
    // until its manifest is there nobody knows that it is public
    expect(asked.map(([, link]) => link)).to.deep.equal([link, everybody.link])
  })

  it('is refused with the reason, and without a byte, to whoever shows anything else', async () => {
    const { shoal, link } = await publisher()
    const other = await createTenant()
    const now = Date.now()
    const somebody = (await node()).peerId
    const content = new URL(link).pathname
    const elsewhere = (await shoal.publishBytes(new Map([['x', bytes(10, 1)]]), { name: 'public' })).link
    let taken: string | undefined
    const table: Partial<Record<TokenFault, (peer: PeerName) => Promise<string>>> = {
      'missing': () => Promise.resolve(''),
      'malformed': () => Promise.resolve('no.token.atall'),
      'forged': peer => forge(tenant, other, peer),
      'expired': peer => issueToken(tenant, { peer, seconds: 60, from: now - 1000 * (60 + SKEW_S + 1) }),
      'early': peer => issueToken(tenant, { peer, seconds: 60, from: now + 1000 * (SKEW_S + 60) }),
      'other-peer': () => issueToken(tenant, { peer: somebody, seconds: 3600 }),
      'other-tenant': peer => issueToken(other, { peer, seconds: 3600 }),
      'other-content': peer => issueToken(tenant, { peer, seconds: 3600, contents: [elsewhere] }),
      'revoked': async peer => {
        if (taken !== undefined) return taken
        const token = taken = await issueToken(tenant, { peer, seconds: 3600, contents: [`shoal:${content}`] })
        await shoal.revoke(await issueRevocations(tenant, { sequence: 1, tokens: [idOf(token)] }))
        return token
      }
    }
    const said = refused(shoal)
    const attempts = Object.entries(table).map(async ([reason, token]) => {
      const viewer = await node({ token })
      const heard = refused(viewer)
      const error = await viewer.open(link).then(() => undefined, (error: unknown) => error)
      return { reason, peer: viewer.peerId, heard, error, received: viewer.status.peers.map(({ stats }) => stats.received) }
    })
    for (const { reason, peer, heard, error, received } of await Promise.all(attempts)) {
      const us = said.filter(detail => detail.peer === peer)
      expect(new Set(us.map(({ by, reason }) => `${by} ${reason}`)), reason).to.deep.equal(new Set([`us ${reason}`]))
      expect(new Set(heard.map(({ by, reason, peer }) => `${by} ${reason} ${peer}`)), `${reason}: ${JSON.stringify(heard)}`).to.deep.equal(new Set([`them unauthorised ${shoal.peerId}`]))
      expect(error, reason).to.be.instanceOf(UnauthorisedError)
      expect(received.reduce((sum, bytes) => sum + bytes, 0), reason).to.equal(0)
    }
    expect(shoal.status.total.uploaded).to.equal(0)
    expect(shoal.status.contents.find(({ name }) => name === 'c')?.connected).to.equal(0)
  })

  it('allows for clocks that differ', async () => {
    const { link } = await publisher()
    const now = Date.now()
    const late = await node({ token: peer => issueToken(tenant, { peer, seconds: 60, from: now - 1000 * (60 + SKEW_S / 2) }) })
    const early = await node({ token: peer => issueToken(tenant, { peer, seconds: 60, from: now + 1000 * SKEW_S / 2 }) })
    for (const viewer of [late, early]) expect(await collect((await viewer.open(link)).read('free/x'))).to.have.length(300_000)
  })

  it('cannot be asked for by a node that has no token itself, nor in the name of nobody', async () => {
    const shoal = await node()
    const publish = (policy: Policy): Promise<unknown> => shoal.publishBytes(FILES, { name: 'c', policy }).catch((error: unknown) => error)
    expect(await publish({ token: tenant.tenant })).to.have.property('code', 'ERR_CONFIG')
    expect(await publish({ token: true })).to.have.property('code', 'ERR_UNAUTHORISED')
    expect(await publish({ residency: ['CH'] })).to.have.property('code', 'ERR_UNAUTHORISED')
    expect(await publish({ token: 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N' })).to.have.property('code', 'ERR_CONFIG')
    const other = await node({ token: hourly })
    const wrong = other.publishBytes(FILES, { name: 'c', policy: { token: 'QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N' } })
    expect(await wrong.catch((error: unknown) => error)).to.have.property('code', 'ERR_PUBLISH')
  })

  it('is refused to a publisher that shows no token itself', async () => {
    const { shoal, link } = await publisher('')
    const viewer = await node({ token: hourly })
    const said = refused(viewer)
    const content = await viewer.open(link, { mode: 'p2p' })
    expect(said.map(({ by, reason, peer }) => [by, reason, peer])).to.deep.equal([['us', 'missing', shoal.peerId]])
    await until(() => content.stats.connected === 0, 'it is put out')
    const signal = AbortSignal.timeout(1_000)
    expect(await collect(content.read('free/x', { signal })).then(() => undefined, (error: unknown) => error)).to.equal(signal.reason)
    expect(content.stats.fromPeers).to.equal(0)
  })

  it('goes on over the same connection with another token, and ends without one', async () => {
    const { shoal, link } = await publisher()
    /** Ends for those who judge it in so many seconds. */
    const ending = (peer: PeerName, seconds: number): Promise<string> =>
      issueToken(tenant, { peer, seconds: 3600, from: Date.now() - 1000 * (3600 + SKEW_S - seconds) })
    let asked = 0
    let token: string | undefined
    const [renewing, ended] = [
      await node({ token: peer => asked++ === 0 ? ending(peer, 8) : hourly(peer) }),
      await node({ token: async peer => token ??= await ending(peer, 8) })
    ]
    let connects = 0
    shoal.addEventListener('peer:connect', () => { connects++ })
    const [said, heard] = [refused(shoal), refused(ended)]
    const [content, other] = [await renewing.open(link), await ended.open(link)]
    await Promise.all([collect(content.read('free/x')), collect(other.read('free/x'))])
    await until(() => heard.some(({ peer }) => peer === shoal.peerId), 'the one that has no other is put out')
    expect(said.map(({ by, reason, peer }) => [by, reason, peer])).to.include.deep.members([['us', 'expired', ended.peerId]])
    expect(said.some(({ peer }) => peer === renewing.peerId)).to.equal(false)
    expect(await collect(content.read('paid/y'))).to.deep.equal(FILES.get('paid/y'))
    expect(connects).to.equal(2)
    expect(other.stats.fromPeers).to.equal(300_000)
    expect(shoal.status.contents[0]?.connected).to.equal(1)
  })

  it('is taken back from a peer by one list, everywhere', async () => {
    const { shoal, link } = await publisher()
    const [good, bad] = [await node({ token: hourly }), await node({ token: hourly })]
    const goodContent = await good.open(link)
    const badContent = await bad.open(`${link}&addr=${good.addrs[0] ?? ''}`)
    await until(() => badContent.stats.connected === 2 && goodContent.stats.connected === 2, 'all know each other')
    const [atShoal, atGood] = [refused(shoal), refused(good)]
    const list = await issueRevocations(tenant, { sequence: 2, peers: [bad.peerId] })
    expect(await shoal.revoke(list)).to.equal(true)
    await until(() => atShoal.length > 0 && atGood.length > 0, 'both put it out')
    for (const said of [atShoal, atGood]) expect(said[0]).to.include({ by: 'us', peer: bad.peerId, reason: 'revoked' })
    expect(await shoal.revoke(list)).to.equal(false)
    expect(await good.revoke(await issueRevocations(tenant, { sequence: 1 }))).to.equal(false)
    await until(() => badContent.stats.connected === 0, 'it is alone')
    expect(goodContent.stats.connected).to.equal(1)
  })

  it('stays taken back when the node starts again', async () => {
    const data = await mkdtemp(join(tmpdir(), 'shoal-'))
    try {
      const before = await node({ data })
      await before.revoke(await issueRevocations(tenant, { sequence: 2, tokens: ['x'] }))
      await before.stop()
      const after = await node({ data })
      expect(await after.revoke(await issueRevocations(tenant, { sequence: 1 }))).to.equal(false)
      expect(await after.revoke(await issueRevocations(tenant, { sequence: 3 }))).to.equal(true)
      await after.stop()
    } finally {
      await rm(data, { recursive: true })
    }
  })

  it('covers the paths that the token names', async () => {
    const { link } = await publisher()
    const viewer = await node({ token: peer => issueToken(tenant, { peer, seconds: 3600, paths: ['free/'] }) })
    const content = await viewer.open(link, { mode: 'p2p' })
    expect(await collect(content.read('free/x'))).to.deep.equal(FILES.get('free/x'))
    const signal = AbortSignal.timeout(1_000)
    expect(await collect(content.read('paid/y', { signal })).then(() => undefined, (error: unknown) => error)).to.equal(signal.reason)
    expect(content.stats.fromPeers).to.equal(300_000)
  })

  it('is for those where the policy allows it, as their tokens say', async () => {
    const shoal = await node({ token: peer => issueToken(tenant, { peer, seconds: 3600, region: 'CH' }) })
    const { link } = await shoal.publishBytes(FILES, { name: 'c', policy: { token: tenant.tenant, residency: ['CH', 'EU'] } })
    const [inside, outside] = [
      await node({ token: peer => issueToken(tenant, { peer, seconds: 3600, region: 'EU' }) }),
      await node({ token: peer => issueToken(tenant, { peer, seconds: 3600, region: 'US' }) })
    ]
    const said = refused(shoal)
    await collect((await inside.open(link)).read('free/x'))
    expect(await outside.open(link).then(() => undefined, (error: unknown) => error)).to.be.instanceOf(UnauthorisedError)
    expect(said[0]).to.include({ peer: outside.peerId, reason: 'other-region' })
  })
})

/** What a node says of tokens from now on. */
function refused (shoal: Shoal): RefusedDetail[] {
  const details: RefusedDetail[] = []
  shoal.addEventListener('peer:refused', ({ detail }) => { details.push(detail) })
  return details
}

/** Claims of the tenant under another's signature. */
async function forge (tenant: TenantKeys, other: TenantKeys, peer: PeerName): Promise<string> {
  const [mine, theirs] = [await issueToken(tenant, { peer, seconds: 3600 }), await issueToken(other, { peer, seconds: 3600 })]
  return [...mine.split('.').slice(0, 2), theirs.split('.')[2]].join('.')
}

function idOf (token: string): string {
  const claims = JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as { jti: string }
  return claims.jti
}

async function collect (source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return new Uint8Array(Buffer.concat(chunks))
}

async function until (condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 3_000) throw new Error(`never happened: ${what}`)
    await new Promise(resolve => { setTimeout(resolve, 10) })
  }
}

function bytes (length: number, seed: number): Uint8Array {
  const random = seededRandom(seed)
  return Uint8Array.from({ length }, () => Math.floor(256 * random()))
}
