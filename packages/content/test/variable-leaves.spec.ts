import { expect } from 'chai'
import fc from 'fast-check'
import type { Segment, VerifiedBlock } from '@shoal/interface'
import { buildManifest, type BuiltManifest } from '../src/build-manifest.js'
import { openManifest } from '../src/open-manifest.js'
import type { MediaInfo } from '../src/media.js'
import type { OpenedManifest } from '../src/paged-manifest.js'
import { blockRefs, type SegmentedFile } from '../src/segment-files.js'
import { fakeFile, fakeLeaves, keyOf } from './helpers.js'

const BLOCK = 262_144

async function build (files: readonly SegmentedFile[], media?: ReadonlyMap<string, MediaInfo>): Promise<BuiltManifest> {
  return buildManifest({ name: 'show', kind: 'directory', files, media, createdAt: 1, key: await keyOf(1) })
}

async function reopen ({ root, envelope, pages }: BuiltManifest): Promise<OpenedManifest> {
  return openManifest({ root, envelope, load: async (_ref, at) => pages[at - 1] as VerifiedBlock })
}

async function expectSame (manifest: OpenedManifest, files: readonly SegmentedFile[]): Promise<void> {
  for (const file of files) {
    const segment = await manifest.find(file.path)
    const refs = blockRefs(file)
    expect(segment.blocks).to.equal(refs.length)
    expect(segment.offsets).to.deep.equal(file.offsets)
    expect(manifest.peek(segment.index)?.offsets).to.deep.equal(file.offsets)
    expect(refs.map((_, i) => manifest.block(segment.index, i))).to.deep.equal(refs)
  }
}

describe('manifest of variable leaves', () => {
  it('gives back every length', async () => {
    const length = fc.oneof(fc.constant(BLOCK), fc.integer({ min: 1, max: BLOCK }))
    await fc.assert(fc.asyncProperty(fc.array(fc.array(length, { maxLength: 9 }), { minLength: 1, maxLength: 9 }), async all => {
      const files = await Promise.all(all.map(async (lengths, i) => fakeLeaves(`f${i}`, lengths, i + 1)))
      await expectSame(await reopen(await build(files)), files)
    }), { numRuns: 30 })
  })

  it('gives back those of segments that are split over pages', async () => {
    const long = (count: number, lengthOf: (i: number) => number): Promise<SegmentedFile> =>
      fakeLeaves(`long-${count}-${lengthOf(3)}`, Array.from({ length: count }, (_, i) => lengthOf(i)))
    const files = [
      await long(14_801, i => 100_000 + i),
      await long(7_401, i => i === 7_399 ? 5 : BLOCK),
      await long(7_401, i => i === 3 ? 5 : BLOCK),
      await long(9_000, i => i === 8_500 ? 5 : BLOCK),
      await fakeFile('plain', 9_000 * BLOCK - 1),
      await long(7_400, i => i + 1)
    ]
    const built = await build(files)
    expect(built.pages.length).to.be.above(files.length)
    await expectSame(await reopen(built), files)
  })

  it('repeats no rendition', async () => {
    const files = await Promise.all(Array.from({ length: 9 }, async (_, i) => fakeFile(`s${i}`, 5)))
    const media = new Map(files.map(({ path }, i) => [path, { duration: 1, rendition: `r${Math.floor(i / 4)}` }]))
    const manifest = await reopen(await build(files, media))
    const segments: Segment[] = []
    for await (const segment of manifest.segments()) segments.push(segment)
    expect(segments.map(({ rendition }) => rendition)).to.deep.equal(files.map((_, i) => `r${Math.floor(i / 4)}`))
  })

  it('takes 80 bytes a segment, and 32 a leaf of a segment of several', async () => {
    const files: SegmentedFile[] = []
    for (let i = 0; i < 2_000; i++) {
      const path = `720p/segment-${String(i).padStart(6, '0')}.m4s`
      // four parts of 400 kB: a leaf of 256 KiB and a shorter one each
      files.push(i % 2 === 0 ? await fakeFile(path, 200_000 + i) : await fakeLeaves(path, [1, 2, 3, 4].flatMap(() => [BLOCK, 137_856 + i])))
    }
    const media = new Map(files.map(({ path }, i) => [path, { duration: 6_000 + i, rendition: '720p/index.m3u8' }]))
    const { root, pages } = await build(files, media)
    const bytes = pages.reduce((sum, page) => sum + page.bytes.byteLength, root.bytes.byteLength)
    const leaves = files.reduce((sum, file) => sum + (file.leaves.byteLength > 32 ? file.leaves.byteLength : 0), 0)
    expect((bytes - leaves) / files.length).to.be.at.most(80)
  })
})
