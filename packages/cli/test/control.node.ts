import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { DataInUseError } from '@shoal/interface'
import { findSocket } from '../src/control/socket-path.js'
import { folder, run, start, type Running } from './support/run.js'
import { StubContent, StubNode } from './support/stub-node.js'
import { until } from './support/until.js'

async function serve (data: string, node: StubNode): Promise<Running> {
  const running = start(['serve', '--json', '--data', data, '--gateway', 'off', '--metrics', 'off'], { createNode: () => node })
  await running.lines(1)
  return running
}

async function stop (running: Running): Promise<void> {
  running.stop()
  expect((await running.done).code).to.equal(0)
}

/** Sends lines to a control socket; resolves with what came until it closed. */
async function talk (data: string, text: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    let got = ''
    createConnection(findSocket(data)).setEncoding('utf8').on('data', (text: Buffer | string) => { got += String(text) })
      .on('close', () => { resolve(got) }).on('error', reject).write(text)
  })
}

const forbidden = (): never => { throw new Error('a second node on the folder') }

describe('control socket', () => {
  it('lets other commands run inside the node that owns the folder', async () => {
    const data = folder()
    const node = new StubNode({}, [new StubContent('c', new Map([['a', new Uint8Array(100)]]))])
    const server = await serve(data, node)
    expect(statSync(join(data, 'control.sock')).mode & 0o777).to.equal(0o600)

    const published = await run(['publish', 'some', '--json', '--data', data, '--listen', '/ip4/0.0.0.0/tcp/9'], { cwd: '/cwd', createNode: forbidden })
    expect(published.code, published.err).to.equal(0)
    expect(published.lines).to.have.length(1)
    expect(published.lines[0]).to.include({ link: 'shoal:published', peerId: node.peerId })
    expect(node.published[0]?.path).to.equal('/cwd/some')
    expect(published.err).to.contain('its own --listen applies')

    const out = join(folder(), 'out')
    const fetched = await run(['fetch', 'shoal:c', '-o', out, '--json', '--data', data], { createNode: forbidden })
    expect(fetched.code, fetched.err).to.equal(0)
    expect(fetched.lines.at(-1)).to.include({ done: true, bytes: 100 })
    expect(existsSync(out)).to.equal(true)
    expect(fetched.err).to.contain('Found stub')

    const status = await run(['status', '--json', '--data', data])
    expect(status.lines).to.deep.equal([JSON.parse(JSON.stringify(node.status))])
    expect((await run(['status', '--data', data])).out).to.contain(`peer         ${node.peerId}`)
    expect((await run(['peers', '--json', '--data', data])).lines).to.have.length(1)
    expect((await run(['peers', '--data', data])).out).to.contain('direct, outbound, 12 ms away')
    const ledger = await run(['ledger', '--json', '--data', data])
    expect(ledger.lines.map(({ score }) => score)).to.deep.equal([12.5, -100])
    expect((await run(['ledger', '--data', data])).out).to.contain('gave 1.00 kB in 4 blocks, got 5 B').and.contain('1 bad block  shut out until 2100-01-01')

    expect(node.stops).to.equal(0)
    await stop(server)
    expect(existsSync(join(data, 'control.sock'))).to.equal(false)
  })

  it('passes on errors with code and exit code', async () => {
    const data = folder()
    const server = await serve(data, new StubNode())
    const missing = await run(['fetch', 'shoal:nobody', '-o', 'x', '--json', '--data', data], { createNode: forbidden })
    expect(missing.code).to.equal(1)
    expect(missing.lines).to.deep.equal([{ error: { code: 'ERR_NOT_FOUND', message: 'nobody has it' } }])
    expect((await run(['fetch', 'shoal:bad', '-o', 'x', '--data', data])).code).to.equal(2)
    await stop(server)
  })

  it('refuses a second serve on the folder', async () => {
    const data = folder()
    const server = await serve(data, new StubNode())
    const second = await run(['serve', '--json', '--data', data], { createNode: forbidden })
    expect(second.code).to.equal(1)
    expect(second.lines[0]?.['error']).to.include({ code: 'ERR_DATA_IN_USE' })
    await stop(server)
  })

  it('aborts the command of a client that goes away, keeping what others use open', async () => {
    const data = folder()
    const content = new StubContent('c', new Map([['a', new Uint8Array(100)]]))
    content.gate = new Promise(() => undefined)
    const node = new StubNode({}, [content])
    const server = await serve(data, node)
    const client = start(['fetch', 'shoal:c', '-o', join(folder(), 'x'), '--json', '--data', data])
    await until(() => node.opened.length > 0)
    client.stop()
    const { code, lines } = await client.done
    expect(code).to.equal(1)
    expect(lines[0]?.['error']).to.include({ code: 'ERR_INTERRUPTED' })
    await until(() => content.closed > 0)
    expect((await run(['status', '--data', data])).code).to.equal(0)
    await stop(server)
  })

  it('tells its clients when the node goes away', async () => {
    const data = folder()
    const content = new StubContent('c', new Map([['a', new Uint8Array(100)]]))
    content.gate = new Promise(() => undefined)
    const node = new StubNode({}, [content])
    const server = await serve(data, node)
    const client = start(['fetch', 'shoal:c', '-o', join(folder(), 'x'), '--json', '--data', data])
    await until(() => node.opened.length > 0)
    await stop(server)
    const { code, lines } = await client.done
    expect(code).to.equal(1)
    expect(lines[0]?.['error']).to.include({ code: 'ERR_NOT_RUNNING' })
  })

  it('removes the socket of a dead process', async () => {
    const data = folder()
    writeFileSync(join(data, 'control.sock'), '')
    expect((await run(['status', '--data', data])).code).to.equal(1)
    const server = await serve(data, new StubNode())
    expect((await run(['status', '--data', data])).code).to.equal(0)
    await stop(server)
  })

  it('says that no node runs', async () => {
    for (const command of ['status', 'peers', 'ledger']) {
      const { code, lines } = await run([command, '--json', '--data', folder()], { createNode: forbidden })
      expect(code).to.equal(1)
      expect(lines[0]?.['error']).to.include({ code: 'ERR_NOT_RUNNING' })
    }
    const home = folder()
    expect((await run(['status'], { env: { XDG_DATA_HOME: home } })).err).to.contain(`no node is running on ${join(home, 'shoal')}. Start one with 'shoal serve'`)
  })

  it('waits for an owner that is just starting', async () => {
    const data = folder()
    const node = new StubNode()
    let tries = 0
    let server: Running | undefined
    const createNode = async (): Promise<never> => {
      tries++
      if (tries === 2) server = await serve(data, node)
      throw new DataInUseError('in use')
    }
    const { code } = await run(['publish', 'some', '--data', data], { createNode })
    expect(code).to.equal(0)
    expect(tries).to.equal(2)
    expect(node.published).to.have.length(1)
    if (server !== undefined) await stop(server)
  })

  it('finds the socket of a folder whose path is too long for one', async () => {
    const data = join(folder(), 'deep'.repeat(30))
    mkdirSync(data)
    const server = await serve(data, new StubNode())
    const elsewhere = findSocket(data)
    expect(elsewhere).to.not.contain(data)
    expect(statSync(join(elsewhere, '..')).mode & 0o777).to.equal(0o700)
    expect((await run(['status', '--data', data])).code).to.equal(0)
    await stop(server)
    expect(existsSync(elsewhere)).to.equal(false)
    expect(existsSync(join(data, 'control.path'))).to.equal(false)
  })

  const BAD: [what: string, text: string, code: string][] = [
    ['no JSON', 'publish\n', 'ERR_USAGE'],
    ['null', 'null\n', 'ERR_USAGE'],
    ['unknown command', '{"command":"rm","args":{}}\n', 'ERR_USAGE'],
    ['serve', '{"command":"serve","args":{}}\n', 'ERR_USAGE'],
    ['too few arguments', '{"command":"publish","args":{"positionals":[]}}\n', 'ERR_USAGE'],
    ['arguments that are no text', '{"command":"publish","args":{"positionals":[1]}}\n', 'ERR_USAGE'],
    ['unknown option', '{"command":"status","args":{"values":{"toString":1}}}\n', 'ERR_CONFIG'],
    ['bad value', '{"command":"fetch","args":{"positionals":["shoal:c"],"values":{"timeout":"x"}}}\n', 'ERR_CONFIG'],
    ['endless line', 'x'.repeat(70_000), 'ERR_USAGE']
  ]
  it('refuses requests that make no sense and lives on', async () => {
    const data = folder()
    const server = await serve(data, new StubNode())
    for (const [what, text, code] of BAD) {
      const [error, exit] = (await talk(data, text)).split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Record<string, unknown>)
      expect(error?.['error'], what).to.include({ code })
      expect(exit, what).to.deep.equal({ exit: 2 })
    }
    expect((await run(['status', '--data', data])).code).to.equal(0)
    await stop(server)
  })
})
