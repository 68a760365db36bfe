/** Kubo: what Shoal publishes is read by it, and what it holds by Shoal. */

import { createHash, randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { exportCar, startIpfs, type Ipfs, type IpfsInit } from '@shoal/ipfs'
import { openCarFile } from '@shoal/ipfs/node'
import { createTenant, issueToken } from '@shoal/policy/issuing'
import type { Published, Shoal } from 'shoal'
import { expect } from '../../test/support/waiting.ts'
import type { Cells } from '../support/cells.ts'
import { hashOf, publishRandom, readHash } from '../support/contents.ts'
import { buildKubo, Kubo } from '../support/kubo.ts'
import { QUIC, stopAll, TCP, WS } from '../support/network-runs.ts'
import type { Partner } from '../support/partner.ts'
import { shoalNode } from '../support/shoals.ts'
import { has } from '../support/tools.ts'
import { soon } from '../support/until.ts'
import { bytesOf, readVectors } from '../vectors/read.ts'

const TITLE = 'Kubo'
const LARGE_BYTES = 100 * 2 ** 20

async function bridged (init: IpfsInit = {}, options: Parameters<typeof shoalNode>[0] = {}): Promise<{ node: Shoal, ipfs: Ipfs }> {
  const node = await shoalNode({ store: { quota: '1GiB' }, ...options })
  return { node, ipfs: await startIpfs(node, init) }
}

async function catHash (ipfs: Ipfs, path: string, range: { start?: number, end?: number } = {}): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of ipfs.cat(path, range)) hash.update(chunk)
  return hash.digest('hex')
}

/** Addresses by which Kubo reaches a node. */
const dialable = (node: Shoal, way = TCP): string => node.addrs.find(addr => way.match.test(addr)) ?? ''

async function connections (cells: Cells, kubo: Kubo): Promise<void> {
  for (const way of [TCP, WS, QUIC]) {
    await cells.check(TITLE, 'Node.js', `${way.name}, dialled by the partner`, async () => {
      const node = await shoalNode({ listen: [way.listen] })
      await kubo.run(['swarm', 'connect', dialable(node, way)])
      const { text } = await kubo.run(['id', node.peerId])
      const { AgentVersion } = JSON.parse(text) as { AgentVersion: string }
      await kubo.run(['ping', '-n', '1', node.peerId])
      return `identify: ${AgentVersion}`
    })
    await cells.check(TITLE, 'Node.js', `${way.name}, dialled by Shoal`, async () => {
      const addr = kubo.addrs.find(addr => way.match.test(addr))
      expect(addr !== undefined, `Kubo does not listen by ${way.name}`)
      const node = await shoalNode({ listen: [], bootstrap: [addr] })
      await soon('the connection', async () => (await kubo.run(['swarm', 'peers'])).text.includes(node.peerId) ? true : undefined)
    })
    await stopAll()
  }
  cells.none(TITLE, 'Chromium', 'all', 'the bridge is for Node.js: a page takes IPFS content from a Shoal node that has fetched it')
  for (const row of ['DHT: Shoal finds them', 'gossipsub: they hear announcements']) {
    cells.none(TITLE, 'Node.js', row, 'Kubo is in the public DHT under /ipfs/kad, and has its gossipsub for IPNS: Shoal’s networks are their own')
  }
}

async function fromShoal (cells: Cells, kubo: Kubo): Promise<void> {
  const { node, ipfs } = await bridged()
  await kubo.run(['swarm', 'connect', dialable(node)])
  for (const [what, length] of [['a single block', 1000], ['a file of 3 MB', 3_000_000]] as const) {
    await cells.check(TITLE, 'Node.js', `Bitswap: ipfs cat of ${what} of Shoal’s`, async () => {
      const made = await publishRandom(node, length)
      const got = await kubo.run(['cat', made.root])
      expect(got.sha256 === made.sha256, `got ${got.bytes} bytes`)
    })
  }
  await cells.check(TITLE, 'Node.js', 'Bitswap: ipfs cat in a directory of Shoal’s', async () => {
    const files = new Map([['a.txt', randomBytes(20)], ['deep/er/b.bin', randomBytes(1_500_000)]])
    const { root } = await node.publishBytes(files, { name: 'show' })
    const got = await kubo.run(['cat', `${root}/deep/er/b.bin`])
    expect(got.sha256 === hashOf(files.get('deep/er/b.bin') as Uint8Array), `got ${got.bytes} bytes`)
    expect((await kubo.run(['ls', root])).text.includes('a.txt'), 'no a.txt')
  })
  await cells.check(TITLE, 'Node.js', 'Bitswap: what asks for a token is not given', async () => {
    const keys = await createTenant()
    const guarded = await shoalNode({ token: async peer => await issueToken(keys, { peer, seconds: 600 }) })
    const own = await startIpfs(guarded)
    const { root } = await guarded.publishBytes(new Map([['x', randomBytes(1000)]]), { name: 'x', policy: { token: keys.tenant } })
    await kubo.run(['swarm', 'connect', dialable(guarded)])
    const failed = await kubo.run(['cat', '--timeout=4s', root]).then(() => false, () => true)
    expect(failed, 'Kubo got it')
    await own.stop()
  })
  await ipfs.stop()
  await stopAll()
}

interface Added { readonly root: string, readonly sha256: string }

async function add (kubo: Kubo, bytes: Uint8Array, ...options: readonly string[]): Promise<Added> {
  const { text } = await kubo.run(['add', '-Q', '--cid-version=1', '--raw-leaves', '--chunker=size-262144', ...options], (async function * () { yield bytes })())
  return { root: text, sha256: hashOf(bytes) }
}

async function names (cells: Cells, kubo: Kubo): Promise<void> {
  await cells.check(TITLE, 'Node.js', 'vectors', async () => {
    for (const { name, method, cid, ...recipe } of readVectors('leaves').files) {
      if (method !== 'fixed') continue
      const { root } = await add(kubo, bytesOf(recipe), '--only-hash')
      expect(root === cid, `${name}: Kubo calls it ${root}, Shoal ${cid}`)
    }
  })
}

async function toShoal (cells: Cells, kubo: Kubo): Promise<void> {
  const block = await add(kubo, randomBytes(1000))
  const large = await add(kubo, randomBytes(LARGE_BYTES))
  const folder = await mkdtemp(join(tmpdir(), 'shoal-interop-'))
  await mkdir(join(folder, 'deep'))
  const inside = randomBytes(700_000)
  await Promise.all([writeFile(join(folder, 'a.txt'), 'hello'), writeFile(join(folder, 'deep', 'b.bin'), inside)])
  const directory = (await kubo.run(['add', '-Qr', '--cid-version=1', '--raw-leaves', '--chunker=size-262144', folder])).text
  await rm(folder, { recursive: true })
  const wrong = await Tampering.start(kubo.gateway)

  const ways: readonly (readonly [name: string, init: IpfsInit])[] = [
    ['Bitswap', {}],
    ['trustless gateway', { bitswap: false, gateways: [kubo.gateway] }]
  ]
  for (const [name, init] of ways) {
    const { node, ipfs } = await bridged(init)
    if (name === 'Bitswap') await ipfs.connect(kubo.addrs.find(addr => TCP.match.test(addr)) ?? '')
    await cells.check(TITLE, 'Node.js', `${name}: Shoal fetches a single block of theirs`, async () => {
      expect(await catHash(ipfs, block.root) === block.sha256, 'other bytes')
    })
    await cells.check(TITLE, 'Node.js', `${name}: Shoal fetches 100 MiB of theirs`, async () => {
      const start = performance.now()
      expect(await catHash(ipfs, large.root) === large.sha256, 'other bytes')
      return `${(LARGE_BYTES / 1e3 / (performance.now() - start)).toFixed(0)} MB/s`
    })
    await cells.check(TITLE, 'Node.js', `${name}: Shoal fetches and publishes a directory of theirs`, async () => {
      expect(await catHash(ipfs, `${directory}/deep/b.bin`, { start: 300_000, end: 600_000 }) === hashOf(inside.subarray(300_000, 600_000)), 'other bytes')
      const made = await ipfs.publish(directory, { name: 'theirs' })
      expect(made.root === directory, `Shoal calls it ${made.root}, Kubo ${directory}`)
      const viewer = await shoalNode({ listen: [] })
      expect(await readHash(await viewer.open(made.link), 'deep/b.bin') === hashOf(inside), 'other bytes')
    })
    await ipfs.stop()
    await node.stop()
  }
  for (const [what, path] of [['a wrong block', block.root], ['a wrong block inside a file', large.root]] as const) {
    await cells.check(TITLE, 'Node.js', `trustless gateway: ${what} is refused`, async () => {
      const faults: string[] = []
      const { node, ipfs } = await bridged({ bitswap: false, gateways: [wrong.url], onfailure: error => { faults.push(error.name) } })
      const refused = await catHash(ipfs, path).then(() => 'nothing', (error: unknown) => (error as Error).name)
      expect(refused === 'WrongBytesError', `expected WrongBytesError, got ${refused}`)
      await refusedCar(ipfs, path)
      expect(faults.includes('WrongBytesError'), `not said: ${faults.join()}`)
      await ipfs.stop()
      // one that lies does not keep another from giving it
      const both = await startIpfs(node, { bitswap: false, gateways: [wrong.url, kubo.gateway] })
      expect(await catHash(both, block.root) === block.sha256, 'other bytes')
      await both.stop()
    })
  }
  await wrong.end()
  await stopAll()
}

async function refusedCar (ipfs: Ipfs, path: string): Promise<void> {
  const refused = await ipfs.publish(path).then(() => 'nothing', (error: unknown) => (error as Error).name)
  expect(refused === 'WrongBytesError' || refused === 'PublishError', `expected the CAR file to be refused, got ${refused}`)
}

/** A proxy before a gateway that turns one bit of every answer, close to its end. */
class Tampering {
  readonly url: string
  readonly #server: Server

  private constructor (server: Server) {
    this.#server = server
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async start (gateway: string): Promise<Tampering> {
    const server = createServer((request, response) => {
      void (async () => {
        const answer = await fetch(new URL(request.url ?? '/', gateway), { headers: { accept: request.headers.accept ?? '' } })
        const bytes = new Uint8Array(await answer.arrayBuffer())
        if (bytes.byteLength > 0) bytes[bytes.byteLength - 1] = (bytes.at(-1) as number) ^ 1
        response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' }).end(bytes)
      })().catch(() => { response.destroy() })
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    return new Tampering(server)
  }

  async end (): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise(resolve => { this.#server.close(resolve) })
  }
}

async function cars (cells: Cells, kubo: Kubo): Promise<void> {
  const { node, ipfs } = await bridged()
  const folder = await mkdtemp(join(tmpdir(), 'shoal-interop-'))
  const files = new Map([['a.txt', randomBytes(20)], ['b.bin', randomBytes(2_500_000)], ['empty', new Uint8Array(0)]])
  await cells.check(TITLE, 'Node.js', 'CAR: ipfs dag import of what Shoal exports', async () => {
    const made = await node.publishBytes(files, { name: 'show' })
    const file = join(folder, 'ours.car')
    await pipeline(Readable.from(exportCar(made.content, AbortSignal.timeout(60_000))), createWriteStream(file))
    await imported(kubo, made, file)
    const got = await kubo.run(['cat', '--offline', `${made.root}/b.bin`])
    expect(got.sha256 === hashOf(files.get('b.bin') as Uint8Array), `got ${got.bytes} bytes`)
  })
  await cells.check(TITLE, 'Node.js', 'CAR: Shoal imports what ipfs dag export gives', async () => {
    const bytes = randomBytes(5_000_000)
    const { root } = await add(kubo, bytes)
    const file = join(folder, 'theirs.car')
    await pipeline(Readable.from(kubo.output(['dag', 'export', root])), createWriteStream(file))
    const car = await openCarFile(file)
    const made = await ipfs.importCar(car, { name: 'theirs.mp4' })
    await car.close()
    expect(made.root === root, `Shoal calls it ${made.root}, Kubo ${root}`)
    expect(await readHash(made.content, 'theirs.mp4') === hashOf(bytes), 'other bytes')
  })
  await cells.check(TITLE, 'Node.js', 'trustless gateway: ipfs dag import of what Shoal’s gives', async () => {
    const made = await node.publishBytes(new Map([['c.bin', randomBytes(2_000_000)], ['d', randomBytes(9)]]), { name: 'gate' })
    const response = await soon('the content at the gateway', async () => {
      const response = await ipfs.handle(new Request(`http://gateway/ipfs/${made.root}?format=car`))
      return response.ok ? response : undefined
    })
    const file = join(folder, 'gateway.car')
    await writeFile(file, new Uint8Array(await response.arrayBuffer()))
    await imported(kubo, made, file)
    expect((await kubo.run(['cat', '--offline', `${made.root}/c.bin`])).bytes === 2_000_000, 'not all of it')
    const part = await ipfs.handle(new Request(`http://gateway/ipfs/${made.root}/c.bin?format=car&dag-scope=entity&entity-bytes=1000000:1000010`))
    const [whole, some] = [(await ipfs.handle(new Request(`http://gateway/ipfs/${made.root}/c.bin?format=car`))), part]
    const sizes = await Promise.all([whole, some].map(async response => (await response.arrayBuffer()).byteLength))
    expect((sizes[1] as number) < (sizes[0] as number) / 2, `a range is ${sizes[1]} of ${sizes[0]} bytes`)
    expect((await ipfs.handle(new Request(`http://gateway/ipfs/${made.root}/c.bin`))).status === 406, 'gave what nobody can verify')
  })
  await rm(folder, { recursive: true, force: true })
  await ipfs.stop()
  await stopAll()
}

async function imported (kubo: Kubo, { root }: Published, file: string): Promise<void> {
  const { text } = await kubo.run(['dag', 'import', '--pin-roots=true', file])
  expect(text.includes(root) && text.includes('success'), `ipfs dag import said ${text}`)
}

export const kubo: Partner = {
  name: 'kubo',
  title: TITLE,
  quick: false,
  about: 'Kubo: Bitswap, trustless gateway and CAR files, both ways, by @shoal/ipfs',
  missing: () => has('go', 'version') ? undefined : 'there is no Go on this machine',
  prepare: buildKubo,
  async run (cells) {
    const daemon = await Kubo.start()
    try {
      await names(cells, daemon)
      await connections(cells, daemon)
      await fromShoal(cells, daemon)
      await toShoal(cells, daemon)
      await cars(cells, daemon)
    } finally {
      await daemon.end()
    }
  }
}
