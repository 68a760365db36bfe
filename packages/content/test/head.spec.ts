import { expect } from 'chai'
import fc from 'fast-check'
import * as dagCbor from '@ipld/dag-cbor'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { ManifestError, PublishError } from '@shoal/interface'
import { buildHead, type BuiltHead } from '../src/build-head.js'
import { dagCborCid } from '../src/cid.js'
import { concat } from '@shoal/base'
import { HEAD_DOMAIN, HEAD_PAYLOAD_TYPE, openHead, withWindow, type Head, type Sequence } from '../src/head.js'
import { MAX_HEAD_BYTES } from '../src/limits.js'
import { MANIFEST_DOMAIN } from '../src/open-manifest.js'
import { sealEnvelope } from '../src/seal-envelope.js'
import { hashBlock, verifyBlock } from '../src/verify.js'
import { decodeWindow, type Window, type WindowEntry } from '../src/window.js'
import { applyDelta, deltaOf, type WindowDelta } from '../src/window-delta.js'
import { entryOf, keyOf, randomBytes, rejection, segmentAll, fakeFile } from './helpers.js'

const NAME = 'show'
const SEQUENCE: Sequence = { epoch: 1_700_000_000_000, counter: 3 }

async function entry (index: number, path: string, size = 100, playlist = false): Promise<WindowEntry> {
  const { leaves, cid } = await fakeFile(path, size, index + 1)
  return {
    index, path, size, leaves, playlist, offsets: undefined, duration: playlist ? undefined : 2_000, rendition: playlist ? undefined : 'main.m3u8',
    digest: leaves.byteLength > 32 ? cid.multihash.digest : undefined
  }
}

async function windowOf (entries: readonly WindowEntry[], more: Partial<Window> = {}): Promise<Window> {
  return { origins: ['https://a.test/live/'], policy: { ttl: 60 }, targetMs: 2_000, ended: false, entries, ...more }
}

async function build (window: Window, sequence = SEQUENCE, before?: BuiltHead): Promise<BuiltHead> {
  return await buildHead({ name: NAME, sequence, window, key: await keyOf(1), before })
}

async function open (bytes: Uint8Array, seed = 1, name = NAME): Promise<Head> {
  return await openHead(bytes, peerIdFromPrivateKey(await keyOf(seed)).toString(), name)
}

async function refused (promise: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await rejection(promise)
  expect(error).to.be.instanceOf(ManifestError)
  expect(error.message).to.match(message)
}

describe('head', () => {
  it('carries the whole window', async () => {
    const [segment] = await segmentAll([entryOf('v/1.ts', randomBytes(300_000))])
    const window = await windowOf([await entry(7, 'main.m3u8', 90, true), {
      index: 9, playlist: false, path: 'v/1.ts', size: 300_000, leaves: segment?.leaves as Uint8Array, digest: segment?.cid.multihash.digest,
      offsets: undefined, duration: 2_000, rendition: 'main.m3u8'
    }], { ended: true })
    const built = await build(window)
    const head = await open(built.head)
    expect(head.sequence).to.deep.equal(SEQUENCE)
    expect(decodeWindow((await verifyBlock(head.window, head.inline as Uint8Array)).bytes)).to.deep.equal(window)
    expect(built.left).to.deep.equal([])
  })

  it('names a window that does not fit into a message by its digest, and leaves out the oldest segments of one that fits no block', async () => {
    const entries = [await entry(0, 'main.m3u8', 90, true)]
    for (let i = 1; i < 1_500; i++) entries.push(await entry(i, `v/${i}.ts`, 1_000_000))
    const large = await build(await windowOf(entries.slice(0, 400)))
    expect(large.head.byteLength).to.be.below(1_000)
    const head = await open(large.head)
    expect(head.inline).to.equal(undefined)
    expect(decodeWindow((await verifyBlock(head.window, large.block.bytes)).bytes).entries).to.deep.equal(entries.slice(0, 400))

    const huge = await build(await windowOf(entries))
    const kept = decodeWindow(huge.block.bytes).entries
    expect(huge.left).to.deep.equal(entries.slice(1, 1 + huge.left.length))
    expect(kept).to.deep.equal([entries[0], ...entries.slice(1 + huge.left.length)])
    expect(kept.length).to.be.above(900)
  })

  it('is the same after encoding and decoding, whatever the window', async () => {
    const path = fc.array(fc.stringMatching(/^[a-z0-9 é]{1,8}$/), { minLength: 2, maxLength: 3 }).map(parts => `${parts.join('/')}.ts`)
    const entries = fc.uniqueArray(fc.record({
      index: fc.integer({ min: 0, max: 0xffff_fffe }), path, size: fc.integer({ min: 0, max: 262_144 }), playlist: fc.boolean(),
      duration: fc.option(fc.integer({ min: 0, max: 86_400_000 }), { nil: undefined }), seed: fc.nat()
    }), { selector: ({ index }) => index, maxLength: 20 })
    const window = fc.record({ targetMs: fc.integer({ min: 0, max: 3_600_000 }), ended: fc.boolean(), entries })
    await fc.assert(fc.asyncProperty(window, fc.nat(), fc.nat(), async ({ targetMs, ended, entries }, epoch, counter) => {
      const listed = entries.toSorted((a, b) => a.index - b.index).map(({ seed, ...rest }) => ({
        ...rest,
        digest: undefined,
        offsets: undefined,
        rendition: undefined,
        leaves: rest.size === 0 ? new Uint8Array(0) : randomBytes(32, seed)
      }))
      const window = { origins: [], policy: {}, targetMs, ended, entries: listed }
      const head = await open((await build(window, { epoch, counter })).head)
      expect(head.sequence).to.deep.equal({ epoch, counter })
      expect(decodeWindow(head.inline as Uint8Array)).to.deep.equal(window)
    }), { numRuns: 60 })
  })

  it('says what has changed since the head before, in a fraction of the window', async () => {
    const entries = await Promise.all(Array.from({ length: 60 }, async (_, i) => await entry(i, `v/seg${i}.m4s`)))
    const before = await build(await windowOf([...entries, await entry(60, 'v/index.m3u8', 90, true)]))
    const window = await windowOf([...entries.slice(2), await entry(61, 'v/seg60.m4s'), await entry(62, 'v/index.m3u8', 91, true)])
    const built = await build(window, { ...SEQUENCE, counter: 4 }, before)
    const head = await open(built.head)
    expect(decodeWindow((await verifyBlock(head.window, head.inline as Uint8Array)).bytes)).to.deep.equal(window)
    // to those who have the one before goes what is signed, without the window
    expect(head.signed.byteLength).to.be.below(built.head.byteLength / 8)
    const { delta, inline, window: { size } } = await open(head.signed)
    expect(inline).to.equal(undefined)
    expect(applyDelta(delta as WindowDelta, before.block.bytes, size)).to.deep.equal(built.block.bytes)
    expect(withWindow(head, built.block.bytes)).to.deep.equal(built.head)
    // of another window come other bytes, or none
    expect(applyDelta(delta as WindowDelta, built.block.bytes.subarray(100), size)).not.to.deep.equal(built.block.bytes)
    expect(applyDelta(delta as WindowDelta, new Uint8Array(0), size)).to.equal(undefined)
    expect(applyDelta(delta as WindowDelta, before.block.bytes, size - 1)).to.equal(undefined)
  })

  it('says nothing of the head before where too much has changed', async () => {
    const entries = async (first: number): Promise<WindowEntry[]> => {
      return await Promise.all(Array.from({ length: 60 }, async (_, i) => await entry(first + i, `v/${first + i}.ts`)))
    }
    const before = await build(await windowOf(await entries(0)))
    const built = await build(await windowOf(await entries(40)), { ...SEQUENCE, counter: 4 }, before)
    expect((await open(built.head)).delta).to.equal(undefined)
  })

  it('is refused with another key, name, domain or any byte of its envelope changed', async () => {
    const { head, block } = await build(await windowOf([await entry(1, 'a.ts')]))
    const length = head.byteLength - block.bytes.byteLength
    await refused(open(head, 2), /signed by/)
    await refused(open(head, 1, 'other'), /expected a head of "other"/)
    for (let at = 2; at < length; at += 7) await refused(open(head.with(at, (head[at] as number) ^ 1)), /./)
    const statement = dagCbor.encode({ version: 1, name: NAME, epoch: 1, counter: 1, window: dagCborCid(block.digest), size: 5 })
    for (const [domain, type] of [[MANIFEST_DOMAIN, HEAD_PAYLOAD_TYPE], [HEAD_DOMAIN, Uint8Array.of(3, 1)]] as const) {
      await refused(open(framed(await sealEnvelope(await keyOf(1), domain, type, statement))), /not signed|envelope of a head/)
    }
  })

  it('is refused with a window of another length, and a window of other bytes does not verify', async () => {
    const { head } = await build(await windowOf([await entry(1, 'a.ts')]))
    await refused(open(head.subarray(0, -1)), /expected a window of/)
    await refused(open(concat([head, Uint8Array.of(0)])), /expected a window of/)
    const last = head.byteLength - 1
    const changed = await open(head.with(last, (head[last] as number) ^ 1))
    expect((await rejection(verifyBlock(changed.window, changed.inline as Uint8Array))).name).to.equal('BlockMismatchError')
  })

  it('differs from any head before by what makes its window of that one’s', () => {
    const piece = fc.uint8Array({ minLength: 1, maxLength: 4 })
    const pieces = fc.array(piece, { maxLength: 30 })
    fc.assert(fc.property(pieces, pieces, (one, other) => {
      const [before, after] = [concat(one), concat(other)]
      expect(applyDelta(deltaOf(one, other), before, after.byteLength)).to.deep.equal(after)
    }))
  })

  it('is refused when its publisher signed nonsense', async () => {
    const window = dagCborCid((await hashBlock(Uint8Array.of(1))).digest)
    const good = { version: 1, name: NAME, epoch: 1, counter: 1, window, size: 5 }
    const bad: [object, RegExp][] = [
      [{ version: 2 }, /version 1/], [{ name: 5 }, /name/], [{ epoch: -1 }, /epoch/], [{ counter: 'x' }, /counter/], [{ size: 0 }, /size/],
      [{ size: 262_145 }, /size/], [{ window: 'x' }, /CID/], [{ window: null }, /CID/], [{ delta: 5 }, /change of the window/],
      [{ delta: [5] }, /stretch/], [{ delta: [[-1, 5]] }, /offset/], [{ delta: [[0, 0]] }, /length/], [{ delta: [[0, 262_145]] }, /length/]
    ]
    for (const [edit, message] of bad) {
      const payload = dagCbor.encode({ ...good, ...edit })
      await refused(open(framed(await sealEnvelope(await keyOf(1), HEAD_DOMAIN, HEAD_PAYLOAD_TYPE, payload))), message)
    }
  })

  it('is refused, whatever the bytes are, with nothing but a ManifestError', async () => {
    await refused(open(new Uint8Array(MAX_HEAD_BYTES + 1)), /at most/)
    const { head } = await build(await windowOf([await entry(1, 'a.ts')]))
    const garbage = fc.oneof(fc.uint8Array({ maxLength: 400 }), edited(head))
    await fc.assert(fc.asyncProperty(garbage, async bytes => {
      await open(bytes).catch((error: unknown) => { expect(error).to.be.instanceOf(ManifestError) })
    }))
  })
})

describe('window', () => {
  const good = (): Record<string, unknown> => ({
    version: 1, origins: [], target: 2_000, ended: false, segments: [[1, false, ['a.ts', 5, null, randomBytes(32), null, null, null]]]
  })

  it('is refused when it is absurd', () => {
    const leaf = randomBytes(32)
    const segments = (...list: unknown[]): Record<string, unknown> => ({ segments: list })
    const bad: [Record<string, unknown>, RegExp][] = [
      [{ version: 2 }, /version/], [{ target: 3_600_001 }, /target/], [{ ended: 1 }, /true or false/], [{ policy: { tokens: true } }, /policy/],
      [{ origins: ['ftp://a/'] }, /origin/], [{ origins: Array.from({ length: 17 }, () => 'https://a/') }, /at most 16/], [{ segments: 5 }, /list/],
      [segments([1, false, ['../a.ts', 5, null, leaf, null, null, null]]), /".."/],
      [segments([1, false, ['/etc/passwd', 5, null, leaf, null, null, null]]), /absolute/],
      [segments([1, false, ['a\\b', 5, null, leaf, null, null, null]]), /backslash/],
      [segments([1, false, ['a.ts', 5, null, leaf, null, '../x', null]]), /".."/],
      [segments([1, false, ['a.ts', 2 ** 45, null, leaf, null, null, null]]), /size/],
      [segments([1, false, ['a.ts', 262_145, leaf, leaf, null, null, null]]), /leaves/],
      [segments([0xffff_ffff, false, ['a.ts', 5, null, leaf, null, null, null]]), /number/],
      [segments([1, 0, ['a.ts', 5, null, leaf, null, null, null]]), /true or false/],
      [segments([2, false, ['a.ts', 5, null, leaf, null, null, null]], [2, false, ['b.ts', 5, null, leaf, null, null, null]]), /order/],
      [segments([2, false, ['a', 5, null, leaf, null, null, null]], [3, false, ['a/b', 5, null, leaf, null, null, null]]), /file or a folder/]
    ]
    expect(decodeWindow(dagCbor.encode(good())).entries).to.have.length(1)
    for (const [edit, message] of bad) expect(() => decodeWindow(dagCbor.encode({ ...good(), ...edit }))).to.throw(ManifestError, message)
  })

  it('decodes any bytes to a window or a ManifestError', () => {
    const bytes = dagCbor.encode(good())
    const garbage = fc.oneof(fc.uint8Array({ maxLength: 200 }), edited(bytes))
    fc.assert(fc.property(garbage, bytes => {
      try {
        decodeWindow(bytes)
      } catch (error) {
        expect(error).to.be.instanceOf(ManifestError)
      }
    }), { numRuns: 1_000 })
  })

  it('is not built from what cannot be read', async () => {
    const bad = await windowOf([await entry(1, '../x')])
    expect(await rejection(build(bad))).to.be.instanceOf(PublishError)
  })
})

function framed (envelope: Uint8Array): Uint8Array {
  return concat([Uint8Array.of(envelope.byteLength >>> 8, envelope.byteLength & 0xff), envelope])
}

/** One byte of it is another. */
function edited (bytes: Uint8Array): fc.Arbitrary<Uint8Array> {
  return fc.tuple(fc.nat(bytes.byteLength - 1), fc.nat(255)).map(([at, value]) => bytes.with(at, value))
}
