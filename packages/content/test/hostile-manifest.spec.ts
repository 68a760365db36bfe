import { expect } from 'chai'
import fc from 'fast-check'
import * as dagCbor from '@ipld/dag-cbor'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { CID } from 'multiformats/cid'
import { ManifestError, type VerifiedBlock } from '@shoal/interface'
import { buildManifest, type BuiltManifest } from '../src/build-manifest.js'
import { dagCborCid } from '../src/cid.js'
import { sealEnvelope } from '../src/seal-envelope.js'
import { decodePage } from '../src/manifest-page.js'
import { decodeRoot } from '../src/manifest-root.js'
import { MANIFEST_DOMAIN, MANIFEST_PAYLOAD_TYPE, openManifest } from '../src/open-manifest.js'
import type { OpenedManifest } from '../src/paged-manifest.js'
import { hashBlock } from '../src/verify.js'
import { fakeFile, keyOf, rejection } from './helpers.js'

const BLOCK = 262_144

type Root = Record<string, unknown> & { pages: unknown[][] }
type Entry = [
  path: string, size: number, digest: Uint8Array | null, leaves: Uint8Array, duration: number | null, rendition: string | true | null,
  lengths: Uint8Array | null
]

async function build (): Promise<BuiltManifest> {
  const files = [await fakeFile('a', 5), await fakeFile('b/c', 3 * BLOCK), await fakeFile('d', 0)]
  return buildManifest({ name: 'x', kind: 'directory', files, createdAt: 1, key: await keyOf(1), origins: ['https://a/'] })
}

async function buildSplit (): Promise<BuiltManifest> {
  const files = [await fakeFile('a', 5), await fakeFile('b', 14_801 * BLOCK), await fakeFile('c', 5)]
  return buildManifest({ name: 'x', kind: 'directory', files, createdAt: 1, key: await keyOf(1) })
}

/** Opens a manifest that its publisher signed, whatever it says. */
async function openSigned (rootBytes: Uint8Array, pages: readonly VerifiedBlock[]): Promise<OpenedManifest> {
  const root = await hashBlock(rootBytes)
  const envelope = await sealEnvelope(await keyOf(1), MANIFEST_DOMAIN, MANIFEST_PAYLOAD_TYPE, dagCborCid(root.digest).bytes)
  return openManifest({ root, envelope, load: async (_ref, at) => pages[at - 1] as VerifiedBlock })
}

async function openEdited (built: BuiltManifest, edit: (root: Root) => void): Promise<OpenedManifest> {
  const root = dagCbor.decode<Root>(built.root.bytes)
  edit(root)
  return openSigned(dagCbor.encode(root), built.pages)
}

/** Edits one page, tells the root its new CID and size, and reads every segment. */
async function readEdited (
  built: BuiltManifest, page: number, edit: (entries: Entry[]) => void, editRoot?: (root: Root) => void
): Promise<void> {
  const entries = dagCbor.decode<Entry[]>((built.pages[page] as VerifiedBlock).bytes)
  edit(entries)
  const block = await hashBlock(dagCbor.encode(entries))
  const manifest = await openEdited({ ...built, pages: built.pages.with(page, block) }, root => {
    (root.pages[page] as unknown[]).splice(0, 2, dagCborCid(block.digest), block.bytes.byteLength)
    editRoot?.(root)
  })
  for await (const segment of manifest.segments()) expect(segment.path).to.be.a('string')
}

/** Lengths of stretches as a page holds them. */
function lengthsOf (...lengths: readonly number[]): Uint8Array {
  return Uint8Array.from(lengths.flatMap(length => {
    const bytes: number[] = []
    for (; length >= 128; length = Math.floor(length / 128)) bytes.push(length % 128 + 128)
    return [...bytes, length]
  }))
}

async function expectRefusal (promise: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await rejection(promise)
  expect(error).to.be.instanceOf(ManifestError)
  expect(error.message).to.match(message)
}

describe('hostile manifest', () => {
  it('is refused with another signature', async () => {
    const built = await build()
    const { root, pages } = built
    const load = async (): Promise<VerifiedBlock> => pages[0] as VerifiedBlock
    const open = async (envelope: Uint8Array): Promise<OpenedManifest> => openManifest({ root, envelope, load })
    const cid = dagCborCid(root.digest).bytes
    const [key, other] = [await keyOf(1), await keyOf(2)]
    const [domain, type] = [MANIFEST_DOMAIN, MANIFEST_PAYLOAD_TYPE]
    const last = built.envelope.at(-1) as number
    await expectRefusal(open(new Uint8Array(0)), /not signed/)
    await expectRefusal(open(built.envelope.with(60, 1)), /not signed/)
    await expectRefusal(open(built.envelope.with(-1, last ^ 1)), /not signed: the signature/)
    await expectRefusal(open(await sealEnvelope(other, domain, type, cid)), /signature of the publisher/)
    await expectRefusal(open(await sealEnvelope(key, 'libp2p-peer-record', type, cid)), /not signed/)
    await expectRefusal(open(await sealEnvelope(key, domain, Uint8Array.of(3, 1), cid)), /not one of a manifest/)
    await expectRefusal(open(await sealEnvelope(key, domain, type, cid.with(-1, (cid.at(-1) as number) ^ 1))), /another manifest/)
    const stolen = dagCbor.encode({ ...dagCbor.decode<Root>(root.bytes), publisher: publicKeyToProtobuf(other.publicKey) })
    await expectRefusal(openSigned(stolen, pages), /signature of the publisher/)
  })

  it('is refused when a field is edited and not signed again', async () => {
    const built = await build()
    const root = await hashBlock(dagCbor.encode({ ...dagCbor.decode<Root>(built.root.bytes), name: 'y' }))
    const load = async (): Promise<VerifiedBlock> => built.pages[0] as VerifiedBlock
    await expectRefusal(openManifest({ root, envelope: built.envelope, load }), /another manifest/)
  })

  it('may be of the version before, whose pages say no lengths', async () => {
    const built = await build()
    const entries = dagCbor.decode<Entry[]>((built.pages[0] as VerifiedBlock).bytes)
    const block = await hashBlock(dagCbor.encode(entries.map(entry => entry.slice(0, 6))))
    const manifest = await openEdited({ ...built, pages: [block] }, root => {
      Object.assign(root, { version: 1, chunker: { name: 'fixed-262144', version: 1 } })
      root.pages[0]?.splice(0, 2, dagCborCid(block.digest), block.bytes.byteLength)
    })
    expect(await manifest.find('b/c')).to.deep.equal(await built.manifest.find('b/c'))
    const mixed = openEdited(built, root => { root.version = 1 })
    await expectRefusal((await mixed).segment(0), /list of 6/)
  })

  const other = CID.parse('bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku')
  const roots: readonly (readonly [string, (root: Root) => void, RegExp])[] = [
    ['a newer version', root => { root.version = 3 }, /version 2 or 1, got 3/],
    ['no name', root => { delete root.name }, /name to be text/],
    ['a name that climbs', root => { root.name = '..' }, /the name/],
    ['another kind', root => { root.kind = 'symlink' }, /kind/],
    ['two segments in a file', root => { root.kind = 'file' }, /number of segments/],
    ['a long publisher', root => { root.publisher = new Uint8Array(4_000) }, /public key/],
    ['a policy that is not known', root => { root.policy = { moon: true } }, /policy with "moon"/],
    ['a policy that is no map', root => { root.policy = [] }, /policy to be a map/],
    ['an endless ttl', root => { root.policy = { ttl: 2 ** 50 } }, /ttl/],
    ['a token that is no boolean', root => { root.policy = { token: 1 } }, /token/],
    ['an absurd replication', root => { root.policy = { replication: 1e6 } }, /replication/],
    ['tags without end', root => { root.policy = { tags: Array(65).fill('x') } }, /tags/],
    ['an empty tag', root => { root.policy = { tags: [''] } }, /tags/],
    ['fewer segments', root => { root.segments = 2 }, /pages with 2 segments, got 3/],
    ['more blocks', root => { root.blocks = 5 }, /blocks/],
    ['other bytes', root => { root.bytes = 3 * BLOCK }, /pages with 786432 bytes, got 786437/],
    ['a negative size', root => { root.bytes = -1 }, /number of bytes/],
    ['more bytes than blocks hold', root => { root.bytes = 4 * BLOCK + 1 }, /number of bytes/],
    ['fewer bytes than blocks', root => { root.bytes = 3 }, /number of bytes/],
    ['an absurd size', root => { root.bytes = 2 ** 53 - 1; root.blocks = 2 ** 35 }, /number of blocks/],
    ['fractional bytes', root => { root.bytes = 1.5 }, /canonical DAG-CBOR/],
    ['a relative origin', root => { root.origins = ['/x'] }, /origin/],
    ['too many origins', root => { root.origins = Array(17).fill('https://a/') }, /origins/],
    ['no UnixFS root', root => { root.root = 'x' }, /UnixFS root/],
    ['a page that is no CID', root => { (root.pages[0] as unknown[])[0] = 'x' }, /CID/],
    ['a page of another codec', root => { (root.pages[0] as unknown[])[0] = other }, /CID/],
    ['an oversized page', root => { (root.pages[0] as unknown[])[1] = BLOCK + 1 }, /page's size/],
    ['a first path that climbs', root => { (root.pages[0] as unknown[])[2] = '../a' }, /first path/],
    ['a first page that begins later', root => { (root.pages[0] as unknown[])[3] = 1 }, /begin with segment 0/],
    ['a first page that goes on', root => { (root.pages[0] as unknown[])[7] = 7_400 }, /begin with segment 0/],
    ['a page twice', root => { root.pages.push(root.pages[0] as unknown[]) }, /begin with segment 3, got 0/],
    ['pages in another order', root => { root.pages.push((root.pages[0] as unknown[]).with(3, 3)) }, /order of their paths/],
    ['a page without fields', root => { root.pages[0] = [] }, /list of 8/],
    ['pages that are no list', root => { Object.assign(root, { pages: {} }) }, /pages to be a list/]
  ]
  for (const [what, edit, message] of roots) {
    it(`is refused with ${what}`, async () => {
      await expectRefusal(openEdited(await build(), edit), message)
    })
  }

  it('may have fields that this version does not know', async () => {
    const manifest = await openEdited(await build(), root => { root.note = 'hello'; root.policy = {}; root.chunker = { name: 'rabin', version: 1 } })
    expect((await manifest.segment(1)).path).to.equal('b/c')
  })

  const pages: readonly (readonly [string, (entries: Entry[]) => void, RegExp, ((root: Root) => void)?])[] = [
    ['a path that climbs', entries => { (entries[1] as Entry)[0] = 'b/../../c' }, /has a part that is "\.\."/],
    ['an absolute path', entries => { (entries[1] as Entry)[0] = '/c' }, /is absolute/],
    ['a NUL in a path', entries => { (entries[1] as Entry)[0] = 'b\0' }, /NUL/],
    ['a backslash in a path', entries => { (entries[1] as Entry)[0] = 'b\\..\\c' }, /backslash/],
    ['an empty part in a path', entries => { (entries[1] as Entry)[0] = 'b//c' }, /is empty/],
    ['a part too long', entries => { (entries[1] as Entry)[0] = `b${'x'.repeat(300)}` }, /longer than 255/],
    ['a path too long', entries => { (entries[1] as Entry)[0] = 'b/'.repeat(600) + 'c' }, /longer than 1024/],
    ['a rendition that climbs', entries => { (entries[1] as Entry)[5] = '../x' }, /rendition/],
    ['a path twice', entries => { (entries[1] as Entry)[0] = 'a' }, /order of their paths/],
    ['paths out of order', entries => { (entries[1] as Entry)[0] = 'e' }, /order of their paths/],
    ['another first path', entries => { (entries[0] as Entry)[0] = '_' }, /begins with "a", got "_"/],
    ['a segment less', entries => { entries.pop() }, /3 segments, got 2/],
    ['a segment more', entries => { entries.push(['e', 0, null, new Uint8Array(0), null, null, null]) }, /3 segments, got 4/],
    ['leaves missing', entries => { (entries[1] as Entry)[3] = new Uint8Array(64) }, /786432 bytes of "b\/c" to have 3 leaves of 256 KiB, got 2/],
    ['half a leaf', entries => { (entries[1] as Entry)[3] = new Uint8Array(95) }, /leaves of "b\/c"/],
    ['another size', entries => { (entries[1] as Entry)[1] = 3 * BLOCK + 1 }, /to have 4 leaves of 256 KiB, got 3/],
    ['an absurd size', entries => { (entries[1] as Entry)[1] = 2 ** 52 }, /size of "b\/c"/],
    ['another number of blocks', entries => { (entries[2] as Entry).splice(1, 3, 1, null, new Uint8Array(32)) }, /with 4 blocks, got 5/],
    ['another size of the same blocks', entries => { (entries[1] as Entry)[1] = 3 * BLOCK - 1 }, /with 786437 bytes, got 786436/],
    ['no digest', entries => { (entries[1] as Entry)[2] = null }, /digest/],
    ['a digest of a single block', entries => { (entries[0] as Entry)[2] = new Uint8Array(32) }, /digest/],
    ['a negative duration', entries => { (entries[1] as Entry)[4] = -1 }, /duration/],
    ['a long duration', entries => { (entries[1] as Entry)[4] = 2 ** 40 }, /duration/],
    ['an entry that is no list', entries => { (entries as unknown[])[1] = 5 }, /list of 7/],
    ['lengths that are not the size', entries => { (entries[1] as Entry)[6] = lengthsOf(5, BLOCK + 1) }, /sum up to 786432 bytes, got 262150/],
    ['a leaf of nothing', entries => { (entries[1] as Entry)[6] = Uint8Array.of(5, 0, 5) }, /a length of 0/],
    ['more lengths than leaves', entries => { (entries[1] as Entry)[6] = lengthsOf(1, 1, 1, 1) }, /lengths of more than 3 leaves/],
    ['fewer lengths than leaves', entries => { (entries[1] as Entry)[6] = lengthsOf(BLOCK, 5) }, /belongs to the one before it/],
    ['a stretch too long', entries => { (entries[1] as Entry)[6] = lengthsOf(2 ** 45) }, /lengths of more than 3 leaves/],
    ['a length without end', entries => { (entries[1] as Entry)[6] = new Uint8Array(9).fill(0xff) }, /does not end/],
    ['a length cut short', entries => { (entries[1] as Entry)[6] = Uint8Array.of(0x80) }, /does not end/],
    ['a length with a zero too many', entries => { (entries[1] as Entry)[6] = Uint8Array.of(0x85, 0) }, /shortest form/],
    ['lengths that say nothing', entries => { (entries[1] as Entry)[6] = lengthsOf(3 * BLOCK) }, /expected no lengths/],
    ['lengths that are no bytes', entries => { (entries as unknown[][])[1]?.splice(6, 1, 'x') }, /as bytes/],
    ['a rendition that nobody named', entries => { (entries[1] as Entry)[5] = true }, /none is before it/],
    ['a rendition named again', entries => { (entries[0] as Entry)[5] = (entries[1] as Entry)[5] = 'r' }, /expected true as rendition/]
  ]
  for (const [what, edit, message] of pages) {
    it(`is refused when a page has ${what}`, async () => {
      await expectRefusal(readEdited(await build(), 0, edit), message)
    })
  }

  it('is refused when a page is another than the root says', async () => {
    const built = await build()
    const manifest = await openManifest({ ...built, load: async () => hashBlock(new Uint8Array(5)) })
    await expectRefusal(manifest.segment(0), /expected page 0 with SHA-256/)
  })

  it('is refused when the parts of a split segment do not fit together', async () => {
    const built = await buildSplit()
    expect(built.pages.length).to.equal(4)
    const page = (root: Root, i: number): unknown[] => root.pages[i] as unknown[]
    await expectRefusal(openEdited(built, root => { page(root, 2)[7] = 7_399 }), /go on with the segment/)
    await expectRefusal(openEdited(built, root => { page(root, 2)[7] = 0 }), /begin with segment 2, got 1/)
    await expectRefusal(openEdited(built, root => { page(root, 2)[2] = 'bb' }), /go on with the segment/)
    await expectRefusal(openEdited(built, root => { page(root, 1)[5] = 7_399 }), /go on with the segment/)
    const first = (edit: (entry: Entry) => void) => (entries: Entry[]) => { edit(entries[0] as Entry) }
    await expectRefusal(readEdited(built, 2, first(entry => { entry[1] = 14_802 * BLOCK })), /parts of "b" to agree/)
    await expectRefusal(readEdited(built, 2, first(entry => { entry[2] = new Uint8Array(32) })), /parts of "b" to agree/)
    await expectRefusal(readEdited(built, 2, first(entry => { entry[1] = 14_800 * BLOCK })), /sum up to/)
    await expectRefusal(readEdited(built, 3, first(entry => { entry[1] = 22_201 * BLOCK })), /to have 7401 leaves/)
    const rename = readEdited(built, 0, first(entry => { entry[0] = 'bb' }), root => { page(root, 0)[2] = 'bb' })
    await expectRefusal(rename, /order of their paths/)
  })

  it('is refused when a page runs into the next', async () => {
    const files = await Promise.all(Array.from({ length: 300 }, async (_, i) => fakeFile(String(i).padStart(3, '0'), 40 * BLOCK)))
    const built = await buildManifest({ name: 'x', kind: 'directory', files, createdAt: 1, key: await keyOf(1) })
    await expectRefusal(readEdited(built, 0, entries => { (entries.at(-1) as Entry)[0] = '9' }), /ends before/)
  })

  it('is refused in another encoding of the same', async () => {
    const built = await build()
    const page = (built.pages[0] as VerifiedBlock).bytes
    // a list of three with its length in a byte of its own
    const long = Uint8Array.from([0x98, 3, ...page.subarray(1)])
    expect(() => decodePage(long, decodeRoot(built.root.bytes).pages[0] as never, undefined, 2)).to.throw(ManifestError, /DAG-CBOR/)
    expect(() => decodeRoot(swapFirstKeys(built.root.bytes))).to.throw(ManifestError, /canonical/)
  })

  it('throws ManifestError and nothing else, whatever the bytes', async () => {
    const built = await build()
    const summary = decodeRoot(built.root.bytes).pages[0]
    if (summary === undefined) throw new Error('no page')
    const page = (built.pages[0] as VerifiedBlock).bytes
    const mutated = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> => {
      return fc.array(fc.tuple(fc.nat(bytes.byteLength - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }).map(edits => {
        const copy = bytes.slice()
        for (const [at, byte] of edits) copy[at] = byte
        return copy
      })
    }
    const nested = fc.integer({ min: 0, max: BLOCK }).map(depth => new Uint8Array(depth).fill(0x81))
    const only = (decode: () => unknown): void => {
      try {
        decode()
      } catch (error) {
        expect(error).to.be.instanceOf(ManifestError)
      }
    }
    const asRoot = (bytes: Uint8Array): void => { only(() => decodeRoot(bytes)) }
    const asPage = (bytes: Uint8Array): void => { only(() => decodePage(bytes, summary, undefined, 2)) }
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), mutated(built.root.bytes)), asRoot), { numRuns: 500 })
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), mutated(page)), asPage), { numRuns: 500 })
    fc.assert(fc.property(nested, asPage), { numRuns: 10 })
  })
})

/** The keys of the root's map begin with "kind" and "name", here with the values "directory" and "x". */
function swapFirstKeys (bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...bytes.subarray(0, 1), ...bytes.subarray(16, 23), ...bytes.subarray(1, 16), ...bytes.subarray(23)])
}
