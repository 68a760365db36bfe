import { expect } from 'chai'
import fc from 'fast-check'
import { NotFoundError, PageNotLoadedError, PublishError, type LoadBlock, type VerifiedBlock } from '@shoal/interface'
import { toHex } from '@shoal/base'
import { buildManifest, type BuiltManifest, type ManifestInit } from '../src/build-manifest.js'
import { dagPbCid } from '../src/cid.js'
import { openManifest } from '../src/open-manifest.js'
import type { OpenedManifest } from '../src/paged-manifest.js'
import { comparePaths } from '../src/path.js'
import { blockRefs, type SegmentedFile } from '../src/segment-files.js'
import { entryOf, fakeFile, keyOf, randomBytes, rejection, segmentAll } from './helpers.js'

const CREATED_AT = 1_700_000_000_000
const BLOCK = 262_144

async function build (files: readonly SegmentedFile[], more: Partial<ManifestInit> = {}): Promise<BuiltManifest> {
  return buildManifest({ name: 'show', kind: 'directory', files, createdAt: CREATED_AT, key: await keyOf(1), ...more })
}

/** Opens what was built as a stranger would, and counts the loads. */
async function reopen (built: BuiltManifest, loads: number[] = [], load?: LoadBlock): Promise<OpenedManifest> {
  return openManifest({
    root: built.root,
    envelope: built.envelope,
    load: load ?? (async (ref, at) => {
      loads.push(at)
      const page = built.pages[at - 1] as VerifiedBlock
      expect(toHex(page.digest)).to.equal(toHex(ref.digest))
      expect(page.bytes.byteLength).to.equal(ref.size)
      return page
    })
  })
}

describe('manifest', () => {
  it('gives back what it states', async () => {
    const sizes = { 'b/two.bin': 2 * BLOCK + 1, 'a.txt': 5, 'empty': 0, 'b/one.bin': BLOCK }
    const files = await segmentAll(Object.entries(sizes).map(([path, size]) => entryOf(path, randomBytes(size))))
    const media = new Map([['b/two.bin', { duration: 6_006, rendition: 'b/index.m3u8' }], ['b/one.bin', { rendition: 'b/index.m3u8' }]])
    const built = await build(files, { media, origins: ['https://cdn.example.com/show', 'http://b.example.com/x/'] })
    const manifest = await reopen(built)
    expect(manifest.summary).to.include({ name: 'show', kind: 'directory', segments: 4, blocks: 5, bytes: 3 * BLOCK + 6, pages: 1 })
    expect(manifest.summary).to.deep.equal(built.manifest.summary)
    expect(manifest.origins).to.deep.equal(['https://cdn.example.com/show/', 'http://b.example.com/x/'])
    expect(manifest.createdAt).to.equal(CREATED_AT)
    const segments = []
    for await (const segment of manifest.segments()) segments.push(segment)
    expect(segments.map(segment => segment.path)).to.deep.equal(['a.txt', 'b/one.bin', 'b/two.bin', 'empty'])
    expect(segments[2]).to.include({ index: 2, size: 2 * BLOCK + 1, blocks: 3, duration: 6.006, rendition: 'b/index.m3u8' })
    expect(segments[1]).to.deep.include({ duration: undefined, rendition: 'b/index.m3u8' })
    for (const segment of segments) {
      const file = files.find(file => file.path === segment.path) as SegmentedFile
      expect(segment.cid).to.equal(file.cid.toString())
      const refs = blockRefs(file)
      expect(refs.map((_, i) => manifest.block(segment.index, i))).to.deep.equal(refs)
    }
  })

  it('has the same CID and signature for the same input, whatever the order', async () => {
    const files = await segmentAll([entryOf('a', randomBytes(5)), entryOf('b', randomBytes(BLOCK + 5))])
    const [one, two, other] = [await build(files), await build(files.toReversed()), await build(files, { createdAt: CREATED_AT + 1 })]
    expect(two.manifest.summary).to.deep.equal(one.manifest.summary)
    expect(toHex(two.envelope)).to.equal(toHex(one.envelope))
    expect(other.manifest.summary.cid).to.not.equal(one.manifest.summary.cid)
    // known from the first version: a change of this is a change of every link
    expect(one.manifest.summary.cid).to.equal('bafyreifwof7pt26niofpmrv3uetl2xx25enkr4vimx5ije7konoolpnw5q')
  })

  it('finds every path, and only those, in any set of files', async () => {
    const part = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).filter(name => !/[/\\\0]|^\.\.?$/.test(name))
    const paths = fc.uniqueArray(part, { minLength: 1, maxLength: 30 })
    await fc.assert(fc.asyncProperty(paths, part, async (paths, other) => {
      const built = await build(await Promise.all(paths.map(async (path, i) => fakeFile(path, i * 100_000))))
      const manifest = await reopen(built)
      for (const path of paths) expect((await manifest.find(path)).path).to.equal(path)
      if (!paths.includes(other)) expect(await rejection(manifest.find(other))).to.be.instanceOf(NotFoundError)
      const encoder = new TextEncoder()
      const sorted = paths.toSorted((a, b) => toHex(encoder.encode(a)) < toHex(encoder.encode(b)) ? -1 : 1)
      expect(paths.toSorted(comparePaths)).to.deep.equal(sorted)
      for (const [i, path] of sorted.entries()) expect((await manifest.segment(i)).path).to.equal(path)
    }), { numRuns: 30 })
  })

  it('loads only the page it needs, once', async () => {
    const files = await Promise.all(Array.from({ length: 1_000 }, async (_, i) => fakeFile(`seg${String(i).padStart(5, '0')}.m4s`, 40 * BLOCK, i + 1)))
    const built = await build(files)
    expect(built.pages.length).to.be.within(5, 6)
    const loads: number[] = []
    const manifest = await reopen(built, loads)
    expect(() => manifest.block(500, 0)).to.throw(PageNotLoadedError)
    expect(manifest.peek(500)).to.equal(undefined)
    const [found] = await Promise.all([manifest.find('seg00500.m4s'), manifest.segment(500), manifest.segment(501)])
    expect(loads.length).to.equal(1)
    expect(manifest.peek(500)).to.deep.equal(found)
    expect(manifest.block(500, 39)).to.deep.equal(blockRefs(files[500] as SegmentedFile)[39])
    for await (const segment of manifest.segments()) expect(segment.path).to.equal(files[segment.index]?.path)
    expect(loads.length).to.equal(built.pages.length)
  })

  it('states a file of 20 GiB', async () => {
    const huge = await fakeFile('b/huge.bin', 80_000 * BLOCK + 1)
    const files = [await fakeFile('a', 3 * BLOCK, 2), huge, await fakeFile('c', BLOCK, 3)]
    const built = await build(files)
    expect(built.pages.every(page => page.bytes.byteLength <= BLOCK)).to.equal(true)
    const loads: number[] = []
    const manifest = await reopen(built, loads)
    const segment = await manifest.find('b/huge.bin')
    expect(segment).to.include({ index: 1, size: huge.size, blocks: 80_001, cid: huge.cid.toString() })
    const refs = blockRefs(huge)
    for (const i of [0, 7_399, 7_400, 7_401, 40_000, 79_999, 80_000]) expect(manifest.block(1, i)).to.deep.equal(refs[i])
    expect(() => manifest.block(1, 80_001)).to.throw(NotFoundError)
    expect((await manifest.find('c')).index).to.equal(2)
    expect((await manifest.find('a')).index).to.equal(0)
  })

  it('keeps no more than 64 MiB of pages, which the largest segment fits in', async () => {
    const blocks = 2 ** 20
    const largest = (path: string): SegmentedFile => {
      return { path, size: blocks * BLOCK, leaves: new Uint8Array(blocks * 32), cid: dagPbCid(new Uint8Array(32)), dagSize: blocks * BLOCK }
    }
    const built = await build([largest('a'), largest('b')])
    const manifest = await reopen(built)
    await manifest.segment(0)
    expect(manifest.peek(0)?.blocks).to.equal(blocks)
    await manifest.segment(1)
    expect(manifest.block(1, blocks - 1).size).to.equal(BLOCK)
    expect(built.pages.length).to.be.above(256)
    expect(manifest.peek(0)).to.equal(undefined)
    expect(() => manifest.block(0, 7_400)).to.throw(PageNotLoadedError, /await segment\(0\)/)
    expect((await manifest.segment(0)).path).to.equal('a')
    expect(manifest.block(0, 7_400).size).to.equal(BLOCK)
  })

  it('states a single file and a directory without any', async () => {
    const [file] = await segmentAll([entryOf('film.mp4', randomBytes(BLOCK + 1))])
    const built = await build([file as SegmentedFile], { kind: 'file', name: 'film.mp4', origins: ['https://cdn.example.com/film.mp4?a=b'] })
    expect(built.manifest.summary.root).to.equal((await built.manifest.segment(0)).cid)
    expect(built.manifest.origins).to.deep.equal(['https://cdn.example.com/film.mp4?a=b'])
    const empty = await build([])
    expect(empty.manifest.summary).to.include({ segments: 0, pages: 0, root: 'bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354' })
    expect(await rejection(empty.manifest.segment(0))).to.be.instanceOf(NotFoundError)
  })

  it('stops a load when the last who waits for it has gone, and not before', async () => {
    const built = await build([await fakeFile('a', 5)])
    let aborted = 0
    const release = Promise.withResolvers<void>()
    const manifest = await reopen(built, [], async (_ref, at, signal) => {
      signal?.addEventListener('abort', () => { aborted++ })
      await release.promise
      return built.pages[at - 1] as VerifiedBlock
    })
    const [one, two] = [new AbortController(), new AbortController()]
    const [first, second] = [rejection(manifest.segment(0, one.signal)), manifest.segment(0, two.signal)]
    one.abort(new Error('gone'))
    expect((await first).message).to.equal('gone')
    expect(aborted).to.equal(0)
    release.resolve()
    expect((await second).path).to.equal('a')
    expect((await rejection(manifest.segment(0, one.signal))).message).to.equal('gone')

    const never = await reopen(built, [], async (_ref, _at, signal) => new Promise((_resolve, reject) => {
      signal?.addEventListener('abort', () => { reject(signal.reason as Error) })
    }))
    const alone = new AbortController()
    const lost = rejection(never.find('a', alone.signal))
    alone.abort(new Error('left'))
    expect((await lost).message).to.equal('left')
  })

  const file = fakeFile('a', 5)
  const refused: readonly (readonly [string, () => Promise<unknown>, RegExp])[] = [
    ['a path twice', async () => build([await file, await file]), /twice/],
    ['a file that is a folder too', async () => build([await file, await fakeFile('a/b', 1)]), /file and a directory/],
    ['a path that climbs', async () => build([await fakeFile('../a', 1)]), /has a part that is "\.\."/],
    ['a name with a slash', async () => build([], { name: 'a/b' }), /has a slash/],
    ['an origin that is no URL', async () => build([], { origins: ['cdn'] }), /http or https/],
    ['too many origins', async () => build([], { origins: Array(17).fill('https://a/') }), /at most 16/],
    ['two files as one', async () => build([await file, await fakeFile('b', 1)], { kind: 'file' }), /expected one file, got 2/],
    ['a duration of two days', async () => build([await file], { media: new Map([['a', { duration: 2 * 86_400_000, rendition: 'x' }]]) }), /up to a day/],
    ['a time that is none', async () => build([], { createdAt: Number.NaN }), /createdAt|time of creation/]
  ]
  for (const [what, attempt, message] of refused) {
    it(`is not built with ${what}`, async () => {
      const error = await rejection(attempt())
      expect(error).to.be.instanceOf(PublishError)
      expect(error.message).to.match(message)
    })
  }
})
