import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '@shoal/base'
import { UnauthorisedError, type Shoal } from '@shoal/interface'
import { expect } from 'chai'
import { createShoal } from '../src/index.js'

const MIB = 1024 * 1024

describe('publishing', () => {
  const nodes: Shoal[] = []
  let folder = ''

  const node = async (): Promise<Shoal> => {
    const shoal = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'] })
    nodes.push(shoal)
    return shoal
  }

  beforeEach(async () => { folder = await mkdtemp(join(tmpdir(), 'shoal-')) })

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async shoal => { await shoal.stop() }))
    await rm(folder, { recursive: true, force: true })
  })

  it('of a new version costs those who have the old one only what changed', async function () {
    this.timeout(20_000)
    const [publisher, viewer] = [await node(), await node()]
    const file = join(folder, 'disk.img')
    const old = bytes(16 * MIB, 1)
    await writeFile(file, old)
    await (await viewer.open((await publisher.publish(file)).link)).fetchAll()
    await writeFile(file, Buffer.concat([bytes(1_024, 2), old]))
    const content = await viewer.open((await publisher.publish(file)).link)
    await content.fetchAll()
    expect(content.stats.fromPeers).to.be.within(1, MIB)
    expect(await size(content.read('disk.img'))).to.equal(16 * MIB + 1_024)
  })

  it('gives a final segment the blocks of its parts, reads across them, and leaves keys to the origin', async () => {
    const [publisher, viewer] = [await node(), await node()]
    const parts = [bytes(300_000, 1), bytes(100_000, 2)]
    const whole = Buffer.concat(parts)
    await mkdir(join(folder, 'keys'))
    await writeFile(join(folder, 'keys', '1.bin'), 'secret')
    await writeFile(join(folder, 's1.m4s'), whole)
    for (const [i, part] of parts.entries()) await writeFile(join(folder, `s1.${i}.m4s`), part)
    await writeFile(join(folder, 'v.m3u8'), `#EXTM3U
#EXT-X-TARGETDURATION:2
#EXT-X-PART-INF:PART-TARGET=1
#EXT-X-KEY:METHOD=AES-128,URI="keys/1.bin"
#EXT-X-PART:DURATION=1,URI="s1.0.m4s"
#EXT-X-PART:DURATION=1,URI="s1.1.m4s"
#EXTINF:2,
s1.m4s
`)
    const { link } = await publisher.publish(folder)
    const content = await viewer.open(link)
    const paths: string[] = []
    for await (const { path } of content.segments()) paths.push(path)
    expect(paths).to.deep.equal(['s1.0.m4s', 's1.1.m4s', 's1.m4s', 'v.m3u8'])
    for (const [i] of parts.entries()) await size(content.read(`s1.${i}.m4s`))
    const before = content.stats.fromPeers
    const read: Uint8Array[] = []
    for await (const part of content.read('s1.m4s', { start: 250_000, end: 300_010 })) read.push(part)
    expect(Buffer.concat(read).equals(whole.subarray(250_000, 300_010))).to.equal(true)
    expect(content.stats.fromPeers).to.equal(before)
  })

  it('with a policy that nobody can judge is refused', async () => {
    const publisher = await node()
    for (const policy of [{ token: true }, { residency: ['CH'] }]) {
      let error: unknown
      try {
        await publisher.publishBytes(new Map([['x', bytes(10, 1)]]), { name: 'c', policy })
      } catch (thrown) {
        error = thrown
      }
      expect(error).to.be.instanceOf(UnauthorisedError)
    }
    expect(publisher.contents).to.deep.equal([])
  })
})

async function size (parts: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0
  for await (const part of parts) bytes += part.byteLength
  return bytes
}

function bytes (length: number, seed: number): Uint8Array {
  const random = seededRandom(seed)
  return Uint8Array.from({ length }, () => random() * 256)
}
