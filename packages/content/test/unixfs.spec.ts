import { expect } from 'chai'
import { BlackHoleBlockstore } from 'blockstore-core/black-hole'
import { importer, type ImporterOptions } from 'ipfs-unixfs-importer'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { dagPbCid, rawCid } from '../src/cid.js'
import { unixfsDirectory } from '../src/unixfs-directory.js'
import { unixfsFile, type UnixFsNode } from '../src/unixfs.js'
import { entryOf, randomBytes, segmentAll } from './helpers.js'

/** The settings of `ipfs add --cid-version=1 --raw-leaves --chunker=size-262144`. */
const CLASSIC: ImporterOptions = {
  cidVersion: 1,
  rawLeaves: true,
  reduceSingleLeafToSelf: true,
  chunker: fixedSize({ chunkSize: 262_144 }),
  layout: balanced({ maxChildrenPerNode: 174 }),
  shardSplitStrategy: 'links-bytes',
  shardSplitThresholdBytes: 262_144
}

const KIB_256 = 262_144

async function importFile (bytes: Uint8Array): Promise<UnixFsNode> {
  const imported = importer([{ content: bytes }], new BlackHoleBlockstore(), { ...CLASSIC })
  for await (const { cid, size } of imported) return { cid, dagSize: Number(size) }
  throw new Error('nothing imported')
}

async function importDirectory (files: ReadonlyMap<string, Uint8Array>): Promise<UnixFsNode> {
  let root: UnixFsNode | undefined
  const entries = [...files].map(([path, content]) => ({ path, content }))
  const imported = importer(entries, new BlackHoleBlockstore(), { ...CLASSIC, wrapWithDirectory: true })
  for await (const { cid, size } of imported) root = { cid, dagSize: Number(size) }
  if (root === undefined) throw new Error('nothing imported')
  return root
}

describe('UnixFS', () => {
  for (const [what, size] of [
    ['0 bytes', 0], ['1 byte', 1], ['256 KiB', KIB_256], ['256 KiB + 1', KIB_256 + 1],
    ['174 leaves', 174 * KIB_256], ['175 leaves', 174 * KIB_256 + 7]
  ] as const) {
    it(`names a file of ${what} as the importer does`, async function () {
      this.timeout(20_000)
      const bytes = randomBytes(size)
      const [file] = await segmentAll([entryOf('x', bytes)])
      const { cid, dagSize } = await importFile(bytes)
      expect(file?.cid.toString()).to.equal(cid.toString())
      expect(file?.dagSize).to.equal(dagSize)
    })
  }

  it('names a file of 174 × 174 + 1 leaves as the importer does', async function () {
    this.timeout(20_000)
    const count = 174 * 174 + 1
    const leaves = randomBytes(count * 32)
    const expected = await importLeaves(leaves, count)
    const nodes: string[] = []
    const { cid } = await unixfsFile(leaves, { size: count * KIB_256 }, node => nodes.push(dagPbCid(node.digest).toString()))
    expect(cid.toString()).to.equal(expected)
    expect(nodes.length).to.equal(174 + 1 + 2 + 1)
    expect(nodes.at(-1)).to.equal(expected)
  })

  it('hands out the nodes that make up the file', async () => {
    const bytes = randomBytes(3 * KIB_256)
    const [file] = await segmentAll([entryOf('x', bytes)])
    const nodes: string[] = []
    await unixfsFile(file?.leaves as Uint8Array, { size: bytes.byteLength }, node => nodes.push(dagPbCid(node.digest).toString()))
    expect(nodes).to.deep.equal([file?.cid.toString()])
  })

  it('names nested directories as the importer does', async () => {
    const files = new Map([
      ['index.html', randomBytes(10)], ['empty', new Uint8Array(0)], ['a/b/c.bin', randomBytes(KIB_256 + 5)], ['a/b.txt', randomBytes(3)],
      ['a-z/x', randomBytes(1)], ['ünï/😀', randomBytes(2)]
    ])
    await compareDirectories(files)
  })

  it('shards a directory that passes the threshold as the importer does', async function () {
    this.timeout(30_000)
    // names of 220 bytes and CIDs of 36: 1,024 just fit
    for (const count of [1_024, 1_025, 1_500]) {
      const names = Array.from({ length: count }, (_, i) => String(i).padStart(220, '0'))
      await compareDirectories(new Map(names.map((name, i) => [`s/${name}`, Uint8Array.of(i & 255)])))
    }
  })

  it('refuses a path that is a file and a directory', async () => {
    const node = { cid: rawCid(new Uint8Array(32)), dagSize: 1 }
    for (const paths of [['a', 'a/b'], ['a/b', 'a'], ['a', 'a']]) {
      let error: unknown
      try {
        await unixfsDirectory(paths.map(path => [path, node] as const))
      } catch (cause) {
        error = cause
      }
      expect(error).to.be.instanceOf(RangeError)
    }
  })
})

async function compareDirectories (files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const segmented = await segmentAll([...files].map(([path, bytes]) => entryOf(path, bytes)))
  const ours = await unixfsDirectory(segmented.map(file => [file.path, file] as const))
  const theirs = await importDirectory(files)
  expect(ours.cid.toString()).to.equal(theirs.cid.toString())
  expect(ours.dagSize).to.equal(theirs.dagSize)
}

/** The importer over leaves that exist as digests only. */
async function importLeaves (leaves: Uint8Array, count: number): Promise<string> {
  const bufferImporter: NonNullable<ImporterOptions['bufferImporter']> = async function * () {
    for (let i = 0; i < count; i++) {
      yield async () => ({ cid: rawCid(leaves.slice(i * 32, i * 32 + 32)), size: BigInt(KIB_256), block: new Uint8Array(0) })
    }
  }
  const imported = importer([{ content: new Uint8Array(1) }], new BlackHoleBlockstore(), { ...CLASSIC, bufferImporter })
  for await (const { cid } of imported) return cid.toString()
  throw new Error('nothing imported')
}
