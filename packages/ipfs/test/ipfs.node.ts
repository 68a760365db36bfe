import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Shoal, ShoalOptions } from '@shoal/interface'
import { createShoal } from 'shoal'
import { exportCar, startIpfs, type Ipfs, type IpfsInit } from '../src/index.js'
import { openCarFile } from '../src/node.js'

const GATEWAY = 'http://gateway.test'

describe('ipfs', () => {
  const stops: (() => Promise<unknown>)[] = []
  let folder: string

  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'shoal-ipfs-')) })

  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
    await rm(folder, { recursive: true })
  })

  async function node (options: ShoalOptions = {}): Promise<Shoal> {
    const shoal = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'], ...options })
    stops.push(() => shoal.stop())
    return shoal
  }

  async function bridge (shoal: Shoal, init: IpfsInit = {}): Promise<Ipfs> {
    const ipfs = await startIpfs(shoal, init)
    stops.push(() => ipfs.stop())
    return ipfs
  }

  /** A node that fetches from another's gateway alone, whose answers may be changed on the way. */
  type Change = (bytes: Uint8Array) => Uint8Array
  async function behind (gateway: Ipfs, change: Change = bytes => bytes): Promise<{ ipfs: Ipfs, faults: string[] }> {
    const faults: string[] = []
    const ipfs = await bridge(await node(), {
      bitswap: false,
      gateways: [GATEWAY],
      onfailure: error => { faults.push(error.name) },
      fetch: async (input, init) => {
        const answer = await gateway.handle(new Request(input as URL, init))
        return new Response(change(new Uint8Array(await answer.arrayBuffer())) as Uint8Array<ArrayBuffer>, { status: answer.status })
      }
    })
    return { ipfs, faults }
  }

  async function bytesOf (chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
    const parts: Uint8Array[] = []
    for await (const chunk of chunks) parts.push(chunk)
    return Buffer.concat(parts)
  }

  async function failure (doing: Promise<unknown>): Promise<string> {
    return await doing.then(() => 'none', (error: unknown) => (error as Error).name)
  }

  const FILES = new Map([['a.txt', randomBytes(20)], ['deep/b.bin', randomBytes(700_000)], ['empty', new Uint8Array(0)]])

  it('gives over Bitswap what is published, and reads it', async () => {
    const [ours, theirs] = [await node(), await node()]
    await bridge(ours)
    const reader = await bridge(theirs)
    await reader.connect(ours.addrs[0] as string)
    const { root } = await ours.publishBytes(FILES, { name: 'show' })
    expect(await bytesOf(reader.cat(`${root}/deep/b.bin`))).to.deep.equal(FILES.get('deep/b.bin'))
    expect(await bytesOf(reader.cat(`/ipfs/${root}/deep/b.bin`, { start: 262_140, end: 262_150 })))
      .to.deep.equal(FILES.get('deep/b.bin')?.subarray(262_140, 262_150))
    expect(await bytesOf(reader.cat(`ipfs://${root}/empty`))).to.have.length(0)
    expect(await failure(bytesOf(reader.cat(`${root}/nothing`)))).to.equal('NotFoundError')
    expect(await failure(bytesOf(reader.cat(root)))).to.equal('ConfigError')
  })

  it('gives what was asked for before it was there', async () => {
    const [ours, theirs] = [await node(), await node()]
    await bridge(ours)
    const reader = await bridge(theirs)
    await reader.connect(ours.addrs[0] as string)
    const bytes = randomBytes(1000)
    const other = await node()
    const { root } = await other.publishBytes(new Map([['x', bytes]]), { name: 'x' })
    const wanted = reader.block(root)
    await new Promise(resolve => { setTimeout(resolve, 300) })
    await ours.publishBytes(new Map([['x', bytes]]), { name: 'x' })
    expect(Buffer.from(await wanted)).to.deep.equal(bytes)
  })

  it('answers as a trustless gateway, and reads from one', async () => {
    const ours = await node()
    const gateway = await bridge(ours)
    const { root } = await ours.publishBytes(FILES, { name: 'show' })
    const { ipfs } = await behind(gateway)
    expect(await bytesOf(ipfs.cat(`${root}/deep/b.bin`))).to.deep.equal(FILES.get('deep/b.bin'))

    const ask = async (path: string): Promise<Response> => await gateway.handle(new Request(`${GATEWAY}${path}`))
    const block = await ask(`/ipfs/${root}?format=raw`)
    expect([block.status, block.headers.get('content-type'), block.headers.get('cache-control')])
      .to.deep.equal([200, 'application/vnd.ipld.raw', 'public, max-age=29030400, immutable'])
    const sizes = await Promise.all(['all', 'entity', 'block'].map(async scope =>
      (await (await ask(`/ipfs/${root}/deep/b.bin?format=car&dag-scope=${scope}`)).arrayBuffer()).byteLength))
    expect(sizes[0]).to.equal(sizes[1])
    expect(sizes[2]).to.be.below(1_000)
    const part = await (await ask(`/ipfs/${root}/deep/b.bin?format=car&dag-scope=entity&entity-bytes=300000:300010`)).arrayBuffer()
    expect(part.byteLength).to.be.within(262_144, 264_000)
    const statuses = await Promise.all([
      `/ipfs/${root}`, '/ipfs/nonsense?format=raw', '/other', `/ipfs/${root}/a.txt?format=raw`, `/ipfs/${root}?format=car&dag-scope=most`,
      '/ipfs/bafkreieysg5z7foo4333wgoa6a2i6a7dgfpuilmxmh7akbgma4it5zacbm?format=raw', `/ipfs/${root}/nothing?format=car`
    ].map(async path => (await ask(path)).status))
    expect(statuses.slice(0, 6)).to.deep.equal([406, 400, 404, 400, 400, 404])
  })

  it('refuses wrong bytes, says so, and asks somebody else', async () => {
    const ours = await node()
    const gateway = await bridge(ours)
    const { root } = await ours.publishBytes(FILES, { name: 'show' })
    const flipped = (bytes: Uint8Array): Uint8Array => bytes.with(bytes.length >> 1, (bytes[bytes.length >> 1] as number) ^ 1)
    const cut: Change = bytes => bytes.subarray(0, bytes.length >> 1)
    const changes: Change[] = [flipped, cut, () => new Uint8Array(3 << 20), () => new Uint8Array(0)]
    for (const change of changes) {
      const { ipfs, faults } = await behind(gateway, change)
      expect(await failure(ipfs.block(root))).to.equal('WrongBytesError')
      expect(await failure(ipfs.publish(root))).to.be.oneOf(['WrongBytesError', 'PublishError'])
      expect(faults).to.include('WrongBytesError')
    }
    const [lying, honest] = ['http://lying.test', GATEWAY]
    const ipfs = await bridge(await node(), {
      bitswap: false,
      gateways: [lying, honest],
      fetch: async (input, init) => (input as URL).host === 'lying.test' ? new Response('nonsense') : await gateway.handle(new Request(input as URL, init))
    })
    const made = await ipfs.publish(root, { name: 'show' })
    expect(made.root).to.equal(root)
    expect(await bytesOf(made.content.read('deep/b.bin'))).to.deep.equal(FILES.get('deep/b.bin'))
  })

  it('gives nothing that asks for a token, is closed, or that the node does not give', async () => {
    const tenant = (await node()).peerId
    const ours = await node({ token: 'x' })
    const gateway = await bridge(ours)
    const status = async (root: string): Promise<number> => (await gateway.handle(new Request(`${GATEWAY}/ipfs/${root}?format=raw`))).status
    const secret = await ours.publishBytes(new Map([['s', randomBytes(500)]]), { name: 's', policy: { token: tenant } })
    expect(await status(secret.root)).to.equal(404)
    const open = await ours.publishBytes(new Map([['o', randomBytes(500)]]), { name: 'o' })
    expect(await status(open.root)).to.equal(200)
    ours.setUpload({ rate: 0 })
    expect(await status(open.root)).to.equal(404)
    ours.setUpload({ rate: Infinity })
    expect(await status(open.root)).to.equal(200)
    await open.content.close()
    expect(await status(open.root)).to.equal(404)
  })

  it('exports a content as a CAR file and imports it again, by the same root', async () => {
    const ours = await node()
    const { content, root } = await ours.publishBytes(FILES, { name: 'show' })
    const roots: string[] = []
    const car = await bytesOf(exportCar(content, new AbortController().signal, found => { roots.push(found) }))
    expect(roots).to.deep.equal([root])
    const file = join(folder, 'show.car')
    await writeFile(file, car)
    const theirs = await bridge(await node(), { bitswap: false })
    const opened = await openCarFile(file)
    const made = await theirs.importCar(opened, { name: 'show' })
    await opened.close()
    expect(made.root).to.equal(root)
    for (const [path, bytes] of FILES) expect(await bytesOf(made.content.read(path))).to.deep.equal(Buffer.from(bytes))
  })

  it('refuses CAR files that are damaged, cut off or none', async () => {
    const ours = await node()
    const { content } = await ours.publishBytes(FILES, { name: 'show' })
    const car = await bytesOf(exportCar(content, new AbortController().signal))
    const shoal = await node()
    const theirs = await bridge(shoal, { bitswap: false })
    const attempt = async (bytes: Uint8Array): Promise<string> => {
      const file = join(folder, 'bad.car')
      await writeFile(file, bytes)
      return await failure((async () => {
        const opened = await openCarFile(file)
        try {
          await theirs.importCar(opened)
        } finally {
          await opened.close()
        }
      })())
    }
    expect(await attempt(car.with(car.length - 100_000, (car.at(-100_000) as number) ^ 1))).to.be.oneOf(['WrongBytesError', 'PublishError'])
    expect(await attempt(car.subarray(0, car.length - 300_000))).to.be.oneOf(['CarError', 'PublishError', 'WrongBytesError'])
    expect(await attempt(randomBytes(100))).to.equal('CarError')
    expect(shoal.contents).to.have.length(0)
  })
})
