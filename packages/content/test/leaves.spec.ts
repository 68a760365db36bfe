import { expect } from 'chai'
import fc from 'fast-check'
import { PublishError, type VerifiedBlock } from '@shoal/interface'
import { toHex } from '@shoal/base'
import { leavesOf } from '../src/leaves.js'
import { blockRefs, segmentFiles, type FileEntry, type SegmentedFile } from '../src/segment-files.js'
import { sha256 } from '../src/verify.js'
import { entryOf, randomBytes, rejection, segmentAll } from './helpers.js'

const BLOCK = 262_144

async function * chunksOf (bytes: Uint8Array, lengths: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let at = 0, i = 0; at < bytes.byteLength; i++) {
    const length = lengths[i % lengths.length] as number
    yield bytes.slice(at, at += length)
  }
}

async function expectedLeaves (bytes: Uint8Array): Promise<string[]> {
  const leaves: string[] = []
  for (let at = 0; at < bytes.byteLength; at += BLOCK) leaves.push(toHex(await sha256(bytes.subarray(at, at + BLOCK))))
  return leaves
}

describe('leaves', () => {
  it('are the same for any chunking', async () => {
    const length = fc.oneof(fc.constantFrom(1000, 65_536, BLOCK - 1, BLOCK, BLOCK + 1, 1 << 20), fc.integer({ min: 500, max: 3 * BLOCK }))
    const size = fc.oneof(fc.constantFrom(0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 9 * BLOCK), fc.integer({ min: 0, max: 10 * BLOCK }))
    const bytes = randomBytes(10 * BLOCK)
    await fc.assert(fc.asyncProperty(size, fc.array(length, { minLength: 1, maxLength: 5 }), async (size, lengths) => {
      const part = bytes.subarray(0, size)
      const leaves: string[] = []
      const blocks: VerifiedBlock[] = []
      for await (const { digest, size } of leavesOf(chunksOf(part, lengths), { onblock: block => { blocks.push(block) } })) {
        leaves.push(toHex(digest))
        expect(size).to.equal(leaves.length * BLOCK <= part.byteLength ? BLOCK : part.byteLength % BLOCK)
      }
      expect(leaves).to.deep.equal(await expectedLeaves(part))
      expect(blocks.map(block => toHex(block.digest))).to.deep.equal(leaves)
      const joined = new Uint8Array(await new Blob(blocks.map(block => block.bytes as Uint8Array<ArrayBuffer>)).arrayBuffer())
      expect(toHex(await sha256(joined))).to.equal(toHex(await sha256(part)))
    }), { numRuns: 25 })
  })

  it('read ahead no more than a few blocks of a consumer that is slow', async () => {
    let read = 0
    async function * source (): AsyncGenerator<Uint8Array> {
      for (; read < 100; read++) yield new Uint8Array(BLOCK)
    }
    let most = 0
    let taken = 0
    for await (const leaf of leavesOf(source())) {
      expect(leaf.size).to.equal(BLOCK)
      most = Math.max(most, read - taken++)
      await new Promise(resolve => { setTimeout(resolve, 0) })
    }
    expect(taken).to.equal(100)
    expect(most).to.be.at.most(5)
  })
})

describe('segment files', () => {
  it('reports files in order, progress, and each block with its file', async () => {
    const seen: string[] = []
    const progress: [number, number][] = []
    const files: SegmentedFile[] = []
    const entries = [entryOf('b', randomBytes(BLOCK + 1)), entryOf('empty', new Uint8Array(0)), entryOf('a', randomBytes(2))]
    const onblock = async (block: VerifiedBlock, path: string): Promise<void> => { seen.push(`${path} ${block.bytes.byteLength}`) }
    for await (const file of segmentFiles(entries, { onblock, onprogress: (done, total) => progress.push([done, total]) })) files.push(file)
    expect(files.map(({ path, size }) => [path, size])).to.deep.equal([['b', BLOCK + 1], ['empty', 0], ['a', 2]])
    expect(seen).to.deep.equal([`b ${BLOCK}`, 'b 1', 'a 2'])
    expect(progress).to.deep.equal([[BLOCK, BLOCK + 3], [BLOCK + 1, BLOCK + 3], [BLOCK + 3, BLOCK + 3]])
    expect(blockRefs(files[0] as SegmentedFile).map(ref => [toHex(ref.digest), ref.size])).to.deep.equal(
      (await expectedLeaves(randomBytes(BLOCK + 1))).map((hex, i) => [hex, i === 0 ? BLOCK : 1])
    )
    expect(blockRefs(files[1] as SegmentedFile)).to.deep.equal([])
  })

  it('fails on a file that is shorter or longer than it said', async () => {
    for (const [size, message] of [[BLOCK * 6, /expected 1572864 bytes, got 1310720/], [BLOCK * 4 + 1, /got more/]] as const) {
      const error = await rejection(segmentAll([{ ...entryOf('f', randomBytes(5 * BLOCK)), size }]))
      expect(error).to.be.instanceOf(PublishError)
      expect(error.message).to.match(message)
    }
  })

  it('fails on a file that cannot be read, a bad path and an absurd size', async () => {
    const broken: FileEntry = { path: 'f', size: 3 * BLOCK, async * stream () { yield new Uint8Array(2 * BLOCK); throw new Error('disk on fire') } }
    for (const [entry, message] of [
      [broken, /"f" cannot be read: disk on fire/], [entryOf('../f', new Uint8Array(1)), /its path has a part/], [{ ...broken, size: 2 ** 45 }, /expected 0 to/]
    ] as const) {
      const error = await rejection(segmentAll([entry]))
      expect(error).to.be.instanceOf(PublishError)
      expect(error.message).to.match(message)
    }
  })

  it('stops when the signal aborts and closes the file', async () => {
    const controller = new AbortController()
    let closed = false
    const entry: FileEntry = {
      path: 'f',
      size: 100 * BLOCK,
      async * stream () {
        try {
          for (let i = 0; i < 100; i++) yield new Uint8Array(BLOCK)
        } finally {
          closed = true
        }
      }
    }
    const run = async (): Promise<void> => {
      const onprogress = (done: number): void => { if (done === 10 * BLOCK) controller.abort(new Error('enough')) }
      for await (const file of segmentFiles([entry], { signal: controller.signal, onprogress })) expect(file).to.equal(undefined)
    }
    expect((await rejection(run())).message).to.equal('enough')
    expect(closed).to.equal(true)
  })

  it('passes on what a store throws', async () => {
    const run = async (): Promise<void> => {
      for await (const file of segmentFiles([entryOf('f', randomBytes(9 * BLOCK))], { onblock: () => { throw new TypeError('full') } })) expect(file).to.equal(undefined)
    }
    expect(await rejection(run())).to.be.instanceOf(TypeError)
  })
})
