import { expect } from 'chai'
import fc from 'fast-check'
import * as dagCbor from '@ipld/dag-cbor'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ManifestError, PublishError } from '@shoal/interface'
import { buildPurge } from '../src/build-purge.js'
import { dagCborCid, dagPbCid, rawCid } from '../src/cid.js'
import { HEAD_DOMAIN, HEAD_PAYLOAD_TYPE } from '../src/head.js'
import { MAX_PURGE_BYTES } from '../src/limits.js'
import { comparePaths } from '../src/path.js'
import { comparePurges, decodePurge, openPurge, PURGE_DOMAIN, PURGE_PAYLOAD_TYPE, type PurgeList } from '../src/purge.js'
import { Purged } from '../src/purged.js'
import { sealEnvelope } from '../src/seal-envelope.js'
import { keyOf, randomBytes, rejection } from './helpers.js'

const MANIFEST = dagCborCid(randomBytes(32)).toString()
const SEGMENT = rawCid(randomBytes(32, 2)).toString()

function listOf (edit: Partial<PurgeList> = {}): PurgeList {
  return {
    content: { manifest: MANIFEST }, sequence: 1_700_000_000_000, all: false, paths: ['a.ts'], cids: [], reason: 'taken down', tag: undefined, ...edit
  }
}

async function refused (promise: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await rejection(promise)
  expect(error).to.be.instanceOf(ManifestError)
  expect(error.message).to.match(message)
}

/** As it would be signed. */
function fields (edit: object = {}): Uint8Array {
  return dagCbor.encode({
    version: 1, content: dagCborCid(randomBytes(32)), sequence: 1, all: false, paths: ['a', 'b'], cids: [], reason: '', ...edit
  })
}

describe('purge', () => {
  it('is the same after signing and opening, whatever it names', async () => {
    const part = fc.stringMatching(/^[a-z0-9 é]{1,8}$/)
    const path = fc.tuple(fc.array(part, { minLength: 1, maxLength: 3 }), fc.boolean()).map(([parts, folder]) => parts.join('/') + (folder ? '/' : ''))
    const cid = fc.tuple(fc.nat(), fc.boolean()).map(([seed, file]) => (file ? dagPbCid : rawCid)(randomBytes(32, seed)).toString())
    const words = fc.string({ unit: 'grapheme', maxLength: 60 })
    const named = fc.record({ paths: fc.array(path, { maxLength: 20 }), cids: fc.array(cid, { maxLength: 20 }) })
      .filter(({ paths, cids }) => paths.length + cids.length > 0).map(some => ({ ...some, all: false }))
    const what = fc.oneof(
      fc.tuple(fc.constant({ manifest: MANIFEST }), fc.oneof(named, fc.constant({ paths: [], cids: [], all: true }))),
      fc.tuple(part.map(name => ({ name })), fc.array(cid, { minLength: 1, maxLength: 20 }).map(cids => ({ paths: [], cids, all: false })))
    )
    const key = await keyOf(1)
    const publisher = peerIdFromPrivateKey(key).toString()
    const tags = fc.option(words, { nil: undefined })
    await fc.assert(fc.asyncProperty(what, fc.nat(), words, tags, async ([content, some], sequence, reason, tag) => {
      const list: PurgeList = { content, sequence, reason, tag, ...some }
      const bytes = await buildPurge(list, key)
      const { digest, ...opened } = await openPurge(bytes)
      const sorted = (items: readonly string[]): string[] => [...new Set(items)].sort(comparePaths)
      expect(opened).to.deep.equal({ ...list, paths: sorted(list.paths), cids: sorted(list.cids), publisher, bytes })
      expect(digest).to.have.length(32)
    }), { numRuns: 60 })
  })

  it('names whoever signed it, and is refused with any byte changed, or signed for something else', async () => {
    const bytes = await buildPurge(listOf(), await keyOf(2))
    expect((await openPurge(bytes)).publisher).to.equal(peerIdFromPrivateKey(await keyOf(2)).toString())
    for (let at = 0; at < bytes.byteLength; at += 3) await refused(openPurge(bytes.with(at, (bytes[at] as number) ^ 1)), /./)
    for (const [domain, type] of [[HEAD_DOMAIN, PURGE_PAYLOAD_TYPE], [PURGE_DOMAIN, HEAD_PAYLOAD_TYPE]] as const) {
      await refused(openPurge(await sealEnvelope(await keyOf(1), domain, type, fields())), /not signed|envelope of a purge/)
    }
  })

  it('is refused when its publisher signed nonsense', () => {
    const bad: [object, RegExp][] = [
      [{ version: 2 }, /version 1/], [{ sequence: -1 }, /sequence/], [{ sequence: 1.5 }, /DAG-CBOR/], [{ all: 1 }, /true or false/],
      [{ all: true }, /all and 2 names/], [{ paths: [] }, /neither/], [{ paths: 'a' }, /list/], [{ paths: ['../a'] }, /".."/],
      [{ paths: ['/'] }, /empty/], [{ paths: ['a//'] }, /empty/], [{ paths: ['/etc/'] }, /absolute/], [{ paths: ['b', 'a'] }, /order/],
      [{ paths: ['a', 'a'] }, /order/], [{ paths: [5] }, /text/], [{ cids: ['x'] }, /CID/], [{ cids: [dagCborCid(randomBytes(32))] }, /segment/],
      [{ content: rawCid(randomBytes(32)) }, /manifest/], [{ content: '' }, /empty/], [{ content: null }, /manifest or a name/],
      [{ content: 'show' }, /live/], [{ content: 'show', paths: [], all: true }, /live/], [{ reason: 'x'.repeat(257) }, /256/], [{ tag: 5 }, /tag/],
      [{ tag: 'x'.repeat(257) }, /256/], [{ renditions: [] }, /cannot apply/]
    ]
    expect(decodePurge(fields()).paths).to.deep.equal(['a', 'b'])
    for (const [edit, message] of bad) expect(() => decodePurge(fields(edit)), JSON.stringify(edit)).to.throw(ManifestError, message)
  })

  it('is refused, whatever the bytes are, with nothing but a ManifestError', async () => {
    await refused(openPurge(new Uint8Array(MAX_PURGE_BYTES + 1)), /at most/)
    const edited = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> =>
      fc.tuple(fc.nat(bytes.byteLength - 1), fc.nat(255)).map(([at, value]) => bytes.with(at, value))
    const signed = await buildPurge(listOf(), await keyOf(1))
    await fc.assert(fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), edited(signed)), async bytes => {
      await openPurge(bytes).catch((error: unknown) => { expect(error).to.be.instanceOf(ManifestError) })
    }))
    fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), edited(fields())), bytes => {
      try {
        decodePurge(bytes)
      } catch (error) {
        expect(error).to.be.instanceOf(ManifestError)
      }
    }), { numRuns: 1_000 })
  })

  it('is not made of what cannot be read, nor of more than it has room for', async () => {
    for (const edit of [{ paths: ['../a'] }, { paths: [] }, { reason: 'x'.repeat(257) }]) {
      expect(await rejection(buildPurge(listOf(edit), await keyOf(1)))).to.be.instanceOf(PublishError)
    }
    const cids = Array.from({ length: 200 }, (_, i) => rawCid(randomBytes(32, i)).toString())
    const error = await rejection(buildPurge(listOf({ cids }), await keyOf(1)))
    expect(error).to.be.instanceOf(PublishError)
    expect(error.message).to.match(/purge a folder/)
    expect((await openPurge(await buildPurge(listOf({ cids: cids.slice(0, 180) }), await keyOf(1)))).cids).to.have.length(180)
  })

  it('counts by its sequence, and of two with the same one everybody takes the same', async () => {
    const open = async (edit: Partial<PurgeList>) => await openPurge(await buildPurge(listOf(edit), await keyOf(1)))
    const [old, a, b] = [await open({ sequence: 1 }), await open({ sequence: 2 }), await open({ sequence: 2, reason: 'other' })]
    expect(comparePurges(a, old)).to.be.above(0)
    expect(comparePurges(a, await open({ sequence: 2 }))).to.equal(0)
    expect(Math.sign(comparePurges(a, b))).to.equal(-Math.sign(comparePurges(b, a))).and.not.equal(0)
  })

  it('means paths, all below a folder, and bytes by their CID', () => {
    const purged = new Purged({ all: false, paths: ['a.ts', 'low/', 'x/y/'], cids: [SEGMENT] })
    const cases: [string, string, boolean][] = [
      ['a.ts', '', true], ['b/a.ts', '', false], ['low/1.ts', '', true], ['low/deep/1.ts', '', true], ['lower/1.ts', '', false], ['low', '', false],
      ['x/1', '', false], ['x/y/1', '', true], ['other', SEGMENT, true]
    ]
    for (const [path, cid, is] of cases) expect(purged.has({ path, cid }), path).to.equal(is)
    expect(new Purged({ all: true, paths: [], cids: [] }).has({ path: 'x', cid: '' })).to.equal(true)
  })
})
