import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ShoalOptions } from '@shoal/interface'
import { Tenant } from '@shoal/policy'
import { expect } from 'chai'
import { folder, run } from './support/run.js'
import { StubNode } from './support/stub-node.js'

const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const LINK = 'shoal:bafyreiecrlxh6epfcdlxcfayf7rtcvmt4zw4t6bsavj5b2v6isp7jbrj6q'

describe('shoal token', () => {
  const created = async (): Promise<{ file: string, key: string }> => {
    const file = join(folder(), 'tenant.json')
    const { code, lines } = await run(['token', 'create', '--tenant', file, '--json'])
    expect([code, lines[0]?.['file']]).to.deep.equal([0, file])
    return { file, key: lines[0]?.['tenant'] as string }
  }

  it('makes keys that nobody else can read, and never over others', async () => {
    const { file, key } = await created()
    expect(statSync(file).mode & 0o777).to.equal(0o600)
    const keys = readFileSync(file, 'utf8')
    expect(keys).to.contain(key)
    expect(await run(['token', 'create', '--tenant', file])).to.include({ code: 2 }).with.property('err').that.contains('EEXIST')
    expect(readFileSync(file, 'utf8')).to.equal(keys)
  })

  it('issues tokens that say what they should', async () => {
    const { file, key } = await created()
    const argv = ['token', 'issue', '--tenant', file, '--peer', PEER, '--content', LINK, '--role', 'edge', '--region', 'CH', '--prefix', 'a/', '--valid-for', '60']
    const { lines } = await run([...argv, '--json'])
    const { token, id, peer } = lines[0] as Record<string, string>
    const { swarms } = JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString()) as { swarms: [string] }
    const grant = await new Tenant(key).judge(token, { peer: PEER, swarm: swarms[0], regions: ['CH'], wall: Date.now() })
    expect(grant).to.deep.include({ id, peer, role: 'edge', region: 'CH', paths: ['a/'] })
    expect(grant.expires - grant.notBefore).to.equal(60)
    expect((await run(argv)).out.trim().split('.')).to.have.length(3)
  })

  it('says whom a token is for', async () => {
    const { out } = await run(['token', 'peer', '--data', folder()])
    expect(out).to.equal('12D3KooWStubStubStub\n')
  })

  it('takes back more and more, and has the node on the data folder take it', async () => {
    const { file, key } = await created()
    const node = new StubNode()
    const given: ShoalOptions[] = []
    const createNode = (options: ShoalOptions): StubNode => {
      given.push(options)
      return node
    }
    const first = await run(['token', 'revoke', '--tenant', file, '--peer', PEER, '--json'], { createNode })
    expect(first.lines).to.deep.equal([{ list: `${file}.revoked`, sequence: 1, applied: false }])
    const second = await run(['token', 'revoke', '--tenant', file, '--token-id', 'x', '--data', folder(), '--json'], { createNode })
    expect(second.lines).to.deep.equal([{ list: `${file}.revoked`, sequence: 2, applied: true }])
    const [list = ''] = node.revoked
    expect(list).to.equal(readFileSync(`${file}.revoked`, 'utf8').trim())
    const tenant = new Tenant(key)
    expect(await tenant.revoke(list)).to.equal(true)
    expect([tenant.revoked({ id: 'x', peer: 'y' }), tenant.revoked({ id: 'y', peer: PEER }), tenant.revoked({ id: 'y', peer: 'y' })]).to.deep.equal([true, true, false])
    await run(['token', 'apply', '--list', `${file}.revoked`, '--data', folder()], { createNode })
    expect(node.revoked).to.deep.equal([list, list])
    for (const options of given) expect(options).to.deep.include({ listen: [], bootstrap: [] })
  })

  it('gives a node with the keys of a tenant tokens of its own', async () => {
    const { file, key } = await created()
    let given: ShoalOptions = {}
    const node = new StubNode()
    const argv = ['publish', 'x', '--tenant', file, '--require-token', key, '--data', folder(), '--once']
    expect((await run(argv, { createNode: options => { given = options; return node } })).code).to.equal(0)
    expect(node.published[0]?.options?.policy).to.deep.equal({ token: key })
    const token = typeof given.token === 'function' ? await given.token(PEER, LINK) : undefined
    const grant = await new Tenant(key).judge(token, { peer: PEER, swarm: '', regions: undefined, wall: Date.now() })
    expect(grant).to.include({ role: 'edge', swarms: undefined })
    expect(given.tenants).to.deep.equal({})
    expect(await run([...argv, '--token', 't'])).to.include({ code: 2 }).with.property('err').that.contains('--tenant contradicts --token')
    writeFileSync(file, '{}')
    expect(await run(argv)).to.include({ code: 2 }).with.property('err').that.contains('expected a tenant')
  })

  it('gives a node the secrets of tenants', async () => {
    const file = join(folder(), 'hidden.json')
    await run(['token', 'create', '--tenant', file, '--hidden'])
    const { tenant, secret } = JSON.parse(readFileSync(file, 'utf8')) as { tenant: string, secret: string }
    const given: ShoalOptions[] = []
    const createNode = (options: ShoalOptions): StubNode => {
      given.push(options)
      return new StubNode()
    }
    for (const argv of [['--tenant', file], ['--tenant-secret', `${tenant}:${secret}`]]) {
      await run(['publish', 'x', '--data', folder(), '--once', ...argv], { createNode })
    }
    expect(given.map(({ tenants }) => tenants)).to.deep.equal([{ [tenant]: secret }, { [tenant]: secret }])
    expect(await run(['publish', 'x', '--tenant-secret', tenant])).to.include({ code: 2 })
  })

  it('says what is missing', async () => {
    const table: [string[], RegExp][] = [
      [['isue'], /expected create, peer, issue, revoke or apply, got 'isue'. Did you mean 'issue'/],
      [['peer'], /token peer needs --data/],
      [['issue', '--peer', PEER], /token issue needs --tenant/],
      [['issue', '--tenant', 'f'], /token issue needs one --peer/],
      [['revoke', '--tenant', 'f'], /token revoke needs --peer or --token-id/],
      [['apply', '--list', 'f'], /token apply needs --list and --data/]
    ]
    for (const [argv, message] of table) expect(await run(['token', ...argv])).to.include({ code: 2 }).with.property('err').that.matches(message)
  })
})
