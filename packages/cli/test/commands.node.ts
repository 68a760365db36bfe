import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { ListenError, StoreFullError, type ShoalOptions } from '@shoal/interface'
import { folder, run, start } from './support/run.js'
import { StubContent, StubNode } from './support/stub-node.js'

const CONTENT = new Map([['a.bin', new Uint8Array(100)]])

function nodeWith (...contents: StubContent[]): { node: StubNode, createNode: (options: ShoalOptions) => StubNode } {
  const node = new StubNode({}, contents)
  return { node, createNode: () => node }
}

describe('the command line', () => {
  const USAGE: [argv: string[], message: RegExp][] = [
    [['publsh'], /unknown command 'publsh'. Did you mean 'publish'\? See 'shoal help'/],
    [['help', 'ftch'], /unknown command 'ftch'. Did you mean 'fetch'/],
    [['--json'], /expected a command before '--json'/],
    [['publish'], /publish needs PATH. See 'shoal publish --help'/],
    [['publish', 'a', 'b'], /publish takes PATH; what is 'b'\?/],
    [['publish', 'a', '--once'], /--once needs --data/],
    [['publish', 'a', '--origin', 'x', '--origin', 'y'], /publish takes one --origin/],
    [['publish', 'a', '--live', '--once', '--data', 'd'], /--live contradicts --once/],
    [['publish', 'a', '--seed'], /unknown option '--seed'/],
    [['fetch', 'shoal:x'], /fetch needs -o OUT/],
    [['fetch', 'shoal:x', '-o', 'y', '--no-origin', '--mode', 'hybrid'], /--no-origin contradicts --mode hybrid/],
    [['fetch', 'shoal:x', '-o', 'y', '--no-origin', '--origin', 'http://a'], /--no-origin contradicts --origin/],
    [['serve', '--gateway', '4780'], /--gateway: expected HOST:PORT.*got '4780'/],
    [['serve', '--metrics', 'localhost:99999'], /--metrics: expected HOST:PORT/],
    [['serve', '--ipfs', 'yes'], /--ipfs: expected one of off, gateway, bitswap, got 'yes'/],
    [['serve', '--ipfs', 'gateway', '--gateway', 'off'], /--ipfs gateway: there is no gateway/],
    [['fetch', 'shoal:bad', '-o', 'y'], /a bad link/]
  ]
  for (const [argv, message] of USAGE) {
    it(`exits with 2: shoal ${argv.join(' ')}`, async () => {
      const { code, out, err } = await run(argv)
      expect(code).to.equal(2)
      expect(err).to.match(message)
      if (!argv.includes('--json')) expect(out).to.equal('')
    })
  }

  it('prints help and version', async () => {
    for (const argv of [['help'], ['--help'], ['-h'], []]) expect(await run(argv)).to.include({ code: 0, err: '' }).with.property('out').that.contains('Usage: shoal')
    for (const argv of [['help', 'fetch'], ['fetch', '--help'], ['fetch', '-h', '--config', '/nowhere']]) {
      const { code, out } = await run(argv)
      expect(code).to.equal(0)
      expect(out).to.contain('shoal fetch LINK').and.contain('Exit codes: 0 done, 1 failed, 2 wrong usage.').and.contain('default: 60')
    }
    expect((await run(['--version'])).out).to.match(/^\d+\.\d+\.\d+\n$/)
  })

  it('prints errors as JSON on standard output with --json, whatever the mistake', async () => {
    for (const argv of [['publsh', '--json'], ['publish', '--json'], ['publish', '--jsn', '--json']]) {
      const { out, lines } = await run(argv)
      expect(lines).to.have.length(1)
      expect(lines[0]?.['error'], out).to.have.property('code', 'ERR_USAGE')
    }
    const failing = await run(['fetch', 'shoal:nobody', '-o', 'x', '--json'])
    expect(failing).to.include({ code: 1 })
    expect(failing.lines).to.deep.equal([{ error: { code: 'ERR_NOT_FOUND', message: 'nobody has it' } }])
    expect(failing.err).to.match(/^shoal: nobody has it\n.*--bootstrap/m)
  })

  it('shows stacks only with SHOAL_DEBUG', async () => {
    const createNode = (): never => { throw new TypeError('a bug', { cause: new Error('deeper') }) }
    const plain = await run(['publish', 'x'], { createNode })
    expect(plain.code).to.equal(1)
    expect(plain.err).to.contain('shoal: a bug').and.contain('SHOAL_DEBUG=1').and.not.contain('    at ')
    const debug = await run(['publish', 'x'], { createNode, env: { SHOAL_DEBUG: '1' } })
    expect(debug.err).to.contain('TypeError: a bug\n    at ').and.contain('caused by Error: deeper')
  })
})

describe('publish', () => {
  it('publishes an absolute path, says so in one line, seeds until it is stopped', async () => {
    const { node, createNode } = nodeWith()
    const running = start(['publish', 'some', '--json', '--copy', '--name', 'N', '--tag', 'x', '--tag', 'y', '--origin', 'https://o/'], { cwd: '/cwd', createNode })
    const [line] = await running.lines(1)
    expect(line).to.deep.equal({
      link: 'shoal:published', manifest: 'published', root: 'root', peerId: node.peerId, addrs: node.addrs, segments: 1, bytes: 10
    })
    expect(node.published[0]?.path).to.equal('/cwd/some')
    expect(node.published[0]?.options).to.deep.include({ copy: true, name: 'N', origin: 'https://o/', policy: { tags: ['x', 'y'] } })
    expect(node.stops).to.equal(0)
    running.stop()
    const { code, lines } = await running.done
    expect(code).to.equal(0)
    expect(lines).to.have.length(1)
    expect(node.stops).to.equal(1)
  })

  it('asks of those who have it what its options say, and nothing without them', async () => {
    const { node, createNode } = nodeWith()
    const asked = ['--ttl', '60', '--replication', '0', '--residency', 'EU', '--residency', 'CH', '--tag', 'a', '--renditions', 'v/1.m3u8,v/2.m3u8',
      '--significant-query', 'sq', '--require-token', 'TENANT']
    for (const options of [asked, []]) {
      expect(await run(['publish', 'some', '--once', '--data', folder(), ...options], { createNode })).to.include({ code: 0 })
    }
    expect(node.published.map(({ options }) => options?.policy)).to.deep.equal([{
      ttl: 60, replication: 0, residency: ['EU', 'CH'], tags: ['a'], renditions: [['v/1.m3u8', 'v/2.m3u8']], significantQuery: ['sq'],
      token: 'TENANT'
    }, undefined])
  })

  it('follows a stream with --live, in a folder or at a URL', async () => {
    for (const [path, expected] of [['hls', '/cwd/hls'], ['https://cdn.test/live/main.m3u8', 'https://cdn.test/live/main.m3u8']] as const) {
      const { node, createNode } = nodeWith()
      const running = start(['publish', path, '--live', '--name', 'show', '--json'], { cwd: '/cwd', createNode })
      await running.lines(1)
      expect(node.published[0]?.path).to.equal(expected)
      expect(node.published[0]?.options).to.include({ live: true, name: 'show' })
      running.stop()
      expect((await running.done).code).to.equal(0)
    }
  })

  it('exits at once with --once', async () => {
    const { node, createNode } = nodeWith()
    expect(await run(['publish', 'some', '--once', '--data', folder()], { createNode })).to.include({ code: 0 })
    expect(node.stops).to.equal(1)
  })

  it('fails when it is stopped before it is done', async () => {
    const { node, createNode } = nodeWith()
    const running = start(['publish', 'some', '--json'], { createNode })
    running.stop()
    const { code, lines } = await running.done
    expect(code).to.equal(1)
    expect(lines[0]?.['error']).to.have.property('code', 'ERR_INTERRUPTED')
    expect(node.stops).to.equal(1)
  })
})

describe('fetch', () => {
  it('saves and says where the bytes came from', async () => {
    const content = new StubContent('c', CONTENT)
    const { node, createNode } = nodeWith(content)
    const out = join(folder(), 'copy')
    const { code, lines, err } = await run(['fetch', 'shoal:c', '-o', out, '--json', '--origin', 'http://a/', '--origin', 'http://b/'], { createNode })
    expect(code).to.equal(0)
    expect(lines).to.have.length(1)
    const { seconds, ...rest } = lines[0] ?? {}
    // what the content counted before this fetch is not its own
    expect(rest).to.deep.equal({ done: true, bytes: 100, fromPeers: 0, fromOrigin: 0, peers: {} })
    expect(seconds).to.be.a('number')
    expect(readFileSync(out)).to.have.length(100)
    expect(node.opened[0]?.options).to.deep.include({ origins: ['http://a/', 'http://b/'], mode: undefined })
    expect(content.closed).to.equal(1)
    expect(err).to.contain('Found stub')
  })

  it('records a stream, and says how much of it is on disk', async () => {
    const content = new StubContent('c', CONTENT)
    Object.assign(content.summary, { live: { epoch: 1, counter: 1, ended: false, target: 2 } })
    content.save = async (_out, { onprogress } = {}) => { onprogress?.(12_345, Infinity) }
    const { code, lines } = await run(['fetch', 'shoal:c', '-o', join(folder(), 'x'), '--json'], nodeWith(content))
    expect([code, lines[0]?.['bytes']]).to.deep.equal([0, 12_345])
  })

  it('does not let names and messages steer the terminal', async () => {
    const content = new StubContent('c', CONTENT, 'file', 'evil\x1b[2J')
    content.gate = Promise.reject(new StoreFullError('evil\x1b[2J'))
    content.gate.catch(() => undefined)
    const { err } = await run(['fetch', 'shoal:c', '-o', join(folder(), 'x')], nodeWith(content))
    expect(err).to.contain('Found evil?[2J').and.contain('shoal: evil?[2J').and.not.contain('\x1b')
  })

  it('--no-origin is --mode p2p', async () => {
    const { node, createNode } = nodeWith(new StubContent('c', CONTENT))
    expect((await run(['fetch', 'shoal:c', '-o', join(folder(), 'x'), '--no-origin'], { createNode })).code).to.equal(0)
    expect(node.opened[0]?.options).to.include({ mode: 'p2p' })
  })

  it('--seed goes on until it is stopped', async () => {
    const content = new StubContent('c', CONTENT)
    const { createNode } = nodeWith(content)
    const running = start(['fetch', 'shoal:c', '-o', join(folder(), 'x'), '--seed', '--json'], { createNode })
    await running.lines(1)
    expect(content.closed).to.equal(0)
    running.stop()
    expect((await running.done).code).to.equal(0)
  })

  it('can be resumed after Ctrl-C, and says so', async () => {
    const content = new StubContent('c', CONTENT)
    content.gate = new Promise(() => undefined)
    const running = start(['fetch', 'shoal:c', '-o', join(folder(), 'x'), '--json'], nodeWith(content))
    setImmediate(() => { running.stop() })
    const { code, err } = await running.done
    expect(code).to.equal(1)
    expect(err).to.contain('interrupted: run the same command again, it goes on where it was')
  })

  it('gives up when nothing comes', async () => {
    const content = new StubContent('c', CONTENT)
    content.gate = new Promise(() => undefined)
    const stalled = await run(['fetch', 'shoal:c', '-o', join(folder(), 'x'), '--json', '--timeout', '0.05'], nodeWith(content))
    expect(stalled.code).to.equal(1)
    expect(stalled.lines[0]?.['error']).to.deep.equal({ code: 'ERR_UNAVAILABLE', message: 'no new byte for 0.05 s, 50 B of 100 B are on disk, 1 peer connected' })
    const unknown = await run(['fetch', 'shoal:silent?addr=x', '-o', 'x', '--json', '--timeout', '0.05'])
    expect(unknown.lines[0]?.['error']).to.include({ code: 'ERR_NOT_FOUND' })
    const silent = await run(['fetch', 'shoal:silent', '-o', 'x', '--json', '--timeout', '0.05'])
    expect(silent.lines[0]?.['error']).to.deep.equal({ code: 'ERR_NOT_FOUND', message: 'nobody in reach gave the manifest of shoal:silent within 0.05 s' })
  })

  it('keeps the codes of what went wrong', async () => {
    const content = new StubContent('c', CONTENT)
    content.gate = Promise.reject(new StoreFullError('the disk is full'))
    content.gate.catch(() => undefined)
    const { code, lines, err } = await run(['fetch', 'shoal:c', '-o', join(folder(), 'x'), '--json'], nodeWith(content))
    expect(code).to.equal(1)
    expect(lines[0]?.['error']).to.deep.equal({ code: 'ERR_STORE_FULL', message: 'the disk is full' })
    expect(err).to.contain('--store-quota')
    expect(content.closed).to.equal(1)
  })
})

describe('serve', () => {
  const HERE = ['--gateway', '127.0.0.1:0', '--metrics', '127.0.0.1:0']

  it('says where it is, answers, and stops cleanly', async () => {
    let options: ShoalOptions = {}
    let node: StubNode | undefined
    const data = folder()
    const running = start(['serve', '--json', '--data', data, ...HERE], { createNode: given => (node = new StubNode(options = given)) })
    const [line = {}] = await running.lines(1)
    expect(line).to.have.all.keys('peerId', 'addrs', 'gateway', 'metrics')
    expect(options).to.include({ data, server: true })
    expect(options.listen).to.include('/ip4/0.0.0.0/tcp/4701').and.include('/ip4/0.0.0.0/tcp/4702/ws')
    const known = await (await fetch(`${String(line['gateway'])}/.well-known/shoal`)).json() as unknown
    expect(known).to.deep.equal({ peerId: node?.peerId, addrs: node?.addrs })
    expect(await (await fetch(`${String(line['metrics'])}/metrics`)).text()).to.contain('shoal_received_bytes_total{source="peer"} 1000')
    running.stop()
    expect(await running.done).to.include({ code: 0 })
    expect(node?.stops).to.equal(1)
  })

  it('leaves out what is off', async () => {
    const running = start(['serve', '--json', '--data', folder(), '--gateway', 'off', '--metrics', 'off'])
    expect((await running.lines(1))[0]).to.include({ gateway: null, metrics: null })
    running.stop()
    await running.done
  })

  it('has a data folder by convention', async () => {
    const home = folder()
    const running = start(['serve', '--json', ...HERE], { env: { XDG_DATA_HOME: home } })
    await running.lines(1)
    running.stop()
    expect((await running.done).err).to.contain(`data folder ${join(home, 'shoal')}`)
  })

  it('fails when a port is in use, and names address and flag', async () => {
    const first = start(['serve', '--json', '--data', folder(), ...HERE])
    const { gateway } = (await first.lines(1))[0] ?? {}
    const address = new URL(String(gateway)).host
    for (const flag of ['--gateway', '--metrics']) {
      const node = new StubNode()
      const second = await run(['serve', '--json', '--data', folder(), ...HERE, flag, address], { createNode: () => node })
      expect(second.code).to.equal(1)
      expect(second.lines.at(-1)?.['error']).to.include({ code: 'ERR_LISTEN' })
      expect(second.err).to.contain(`cannot listen on ${address} (${flag}): it is in use`)
      expect(node.stops).to.equal(1)
    }
    first.stop()
    await first.done
  })

  it('passes on that the node cannot listen', async () => {
    const createNode = (): never => { throw new ListenError('cannot listen on /ip4/127.0.0.1/tcp/1') }
    const { code, lines } = await run(['serve', '--json', '--data', folder(), ...HERE], { createNode })
    expect(code).to.equal(1)
    expect(lines[0]?.['error']).to.deep.equal({ code: 'ERR_LISTEN', message: 'cannot listen on /ip4/127.0.0.1/tcp/1' })
  })

  it('logs penalties and errors, and all the rest with --verbose', async () => {
    for (const verbose of [false, true]) {
      const node = new StubNode()
      const running = start(['serve', '--json', '--data', folder(), ...HERE, ...verbose ? ['-v'] : []], { createNode: () => node })
      await running.lines(1)
      for (let i = 0; i < 3; i++) {
        node.dispatchEvent(new CustomEvent('peer:penalty', { detail: { peer: 'p', reason: 'corrupt-block', detail: 'block 3', score: -1 } }))
      }
      for (const [reason, count] of [['silent', 1], ['full', 30]] as const) {
        node.dispatchEvent(new CustomEvent('connection:refused', { detail: { reason, count, from: '192.0.2.0/24' } }))
      }
      node.dispatchEvent(new CustomEvent('fallback', { detail: { content: 'c', path: 'a.ts', from: 'peer', to: 'origin', reason: 'stalled' } }))
      running.stop()
      const { err } = await running.done
      expect(err.match(/peer p penalised: corrupt-block, block 3; score -1/g)).to.have.length(1)
      expect(err).to.include('1 connection refused, too many of the same address without a handshake, from 192.0.2.0/24\n')
      expect(err).to.include('30 connections refused, no more are allowed, most from 192.0.2.0/24\n')
      expect(err.includes('a.ts: peer → origin, stalled')).to.equal(verbose)
    }
  })
})
