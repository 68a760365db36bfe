/**
 * Writes the vectors anew. Only for what is new: what is there already is what peers in the world rely on, and `check.ts` holds the code
 * to it.
 *
 *     node interop/vectors/write.ts
 */

import { writeFileSync } from 'node:fs'
import { generateKeyPairFromSeed, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { encode } from '@ipld/dag-cbor'
import { multiaddr } from '@multiformats/multiaddr'
import { swarmIdOf } from '@shoal/content'
import { liveSwarmIdOf } from '@shoal/content/live'
import { buildManifest, segmentFiles, type BuiltManifest } from '@shoal/content/publishing'
import { openManifest } from '../../packages/content/dist/src/open-manifest.js'
import { sealEnvelope } from '../../packages/content/dist/src/seal-envelope.js'
import { hashBlock } from '../../packages/content/dist/src/verify.js'
import { dagCborCid } from '../../packages/content/dist/src/cid.js'
import { swarmKey } from '../../packages/routing/dist/src/key.js'
import { readAnnouncement, writeAnnouncement } from './announcement.ts'
import { readMessages, writeMessage } from './message.ts'
import {
  bytesOf, hex, unhex, type AnnouncementVectors, type Json, type LeafVectors, type LinkVectors, type ManifestVector, type ManifestVectors,
  type MessageVectors, type Vectors
} from './read.ts'
import { heads, purges, tokens } from './write-signed.ts'

const BLOCK = 262_144
const SWARM = 'a1'.repeat(32)

function write<K extends keyof Vectors> (name: K, vectors: Vectors[K]): void {
  writeFileSync(new URL(`${name}.json`, import.meta.url), `${JSON.stringify(vectors, undefined, 2)}\n`)
}

function frame (type: number, handle: number, payload: string, flags = 0): string {
  const bytes = unhex(payload)
  const head = Buffer.alloc(8)
  head.writeUInt8(type, 0)
  head.writeUInt8(flags, 1)
  head.writeUInt16BE(handle, 2)
  head.writeUInt32BE(bytes.byteLength, 4)
  return hex(head) + payload
}

function messages (): MessageVectors {
  const said: [name: string, message: Json][] = [
    ['a HELLO', { type: 'hello', version: 1, minVersion: 1, frameCap: 60_000, credit: 1_048_576, features: 0 }],
    ['a HELLO of one that takes SUBSCRIBE', { type: 'hello', version: 1, minVersion: 1, frameCap: 60_000, credit: 1_048_576, features: 1 }],
    ['a HELLO with the least of all', { type: 'hello', version: 2, minVersion: 1, frameCap: 8_192, credit: 524_288, features: 5 }],
    ['a GOODBYE', { type: 'goodbye', reason: 'auf Wiedersehen, señor' }],
    ['a PING', { type: 'ping', nonce: 0 }],
    ['a PONG', { type: 'pong', nonce: 0xffff_ffff }],
    ['a JOIN of a public content', { type: 'join', handle: 1, swarm: SWARM }],
    ['a JOIN with a token', { type: 'join', handle: 65_535, swarm: SWARM, token: 'eyJ.a.b' }],
    ...['not-found', 'busy', 'choked', 'unauthorised', 'retired', 'not-joined'].map((reason): [string, Json] =>
      [`a JOIN-REFUSED, ${reason}`, { type: 'join-refused', handle: 7, reason }]),
    ['a LEAVE', { type: 'leave', handle: 7 }],
    ['a HAVE of nothing', { type: 'have', handle: 7 }],
    ['a HAVE with everything', {
      type: 'have',
      handle: 7,
      complete: [{ start: 0, count: 3 }, { start: 0xffff_ffff, count: 1 }],
      dropped: [{ start: 5, count: 2 }],
      partial: [{ segment: 9, first: 0, bits: '0180' }, { segment: 9, first: 16_384, bits: 'ff' }]
    }],
    ['a HAVE that goes on', { type: 'have', handle: 7, more: true, complete: [{ start: 0, count: 1 }] }],
    ['a FETCHING', { type: 'fetching', handle: 7, segment: 4_000_000_000 }],
    ['a HEAD', { type: 'head', handle: 7, value: 'c0ffee' }],
    ['a HEAD that goes on', { type: 'head', handle: 7, more: true, value: '00' }],
    ['a PEX of nobody', { type: 'pex', handle: 7, peers: [] }],
    ['a PEX', {
      type: 'pex',
      handle: 7,
      peers: [
        { peer: '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5', addrs: ['/ip4/192.0.2.1/tcp/4701', '/dns4/example.org/tcp/443/wss'] },
        { peer: 'QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN', addrs: [] }
      ]
    }],
    ['a CHOKE', { type: 'choke', handle: 7 }],
    ['an UNCHOKE', { type: 'unchoke', handle: 7 }],
    ['a REVOKED', { type: 'revoked', handle: 7, value: '65794a' }],
    ['DATA at the start of a block', { type: 'data', id: 3, block: 0, offset: 0, total: BLOCK, value: '0011223344' }],
    ['DATA that ends a block', { type: 'data', id: 3, block: 1_000_000, offset: 10, total: 12, value: 'aabb' }],
    ['a REQUEST', { type: 'request', handle: 7, id: 1, segment: 0, blocks: [0, 1, 5] }],
    ['a REQUEST of a manifest\'s root', { type: 'request', handle: 7, id: 2, segment: 0xffff_ffff, blocks: [0] }],
    ['a SUBSCRIBE', { type: 'subscribe', handle: 7, id: 3, segment: 4, blocks: [0, 1] }],
    ['a REFUSE', { type: 'refuse', id: 2, reason: 'choked', blocks: [0] }],
    ['a CANCEL', { type: 'cancel', id: 2, blocks: [0, 0xffff_ffff] }],
    ['a CREDIT', { type: 'credit', bytes: 262_144 }],
    ['a PURGE', { type: 'purge', swarm: SWARM, value: '0a00' }]
  ]
  const accepted = said.map(([name, message]) => ({ name, frame: hex(writeMessage(message)), message }))
  const loose: [name: string, frame: string][] = [
    ['fields behind the known ones of a HELLO', frame(0x01, 0, '0001000100' + '00ea60' + '00100000' + '00000000' + 'cafe')],
    ['unknown flags and a handle where none belongs', frame(0x03, 9, '00000005', 0xfe)],
    ['an unknown reason is taken as busy', frame(0x22, 0, '00000001' + 'c8' + '0001' + '00000000')],
    ['a JOIN with more behind its token', frame(0x10, 1, SWARM + '0001' + '74' + 'ffff')],
    ['a GOODBYE longer than 256 bytes is cut', frame(0x02, 0, '61'.repeat(300))]
  ]
  return {
    about: 'Frames of /shoal/exchange/1.0.0 and what they say. What is 0, false or empty may be left out of a message, but for nonce, segment, block, offset and bytes; value, bits and swarm are hex.',
    accepted: [
      ...accepted,
      ...loose.map(([name, frame]) => ({ name, frame, message: readMessages(unhex(frame))[0] as Json, loose: true as const }))
    ],
    ignored: [
      { name: 'an unknown type', frame: frame(0x7f, 0, 'deadbeef') },
      { name: 'an unknown type without a payload', frame: frame(0x18 + 0x80, 3, '') },
      { name: 'a type between two known ones', frame: frame(0x32, 0, '00') }
    ],
    refused: [
      { name: 'a frame over the cap', frame: '0300000000ffffff' },
      { name: 'a HELLO that is short', frame: frame(0x01, 0, '00010001') },
      { name: 'a HELLO with a cap of 8,191', frame: frame(0x01, 0, '00010001' + '00001fff' + '00100000' + '00000000') },
      { name: 'a HELLO with a credit of 524,287', frame: frame(0x01, 0, '00010001' + '0000ea60' + '0007ffff' + '00000000') },
      { name: 'a HELLO with a credit over 2^28', frame: frame(0x01, 0, '00010001' + '0000ea60' + '10000001' + '00000000') },
      { name: 'a JOIN without a handle', frame: frame(0x10, 0, SWARM + '0000') },
      { name: 'a token that is shorter than it says', frame: frame(0x10, 1, SWARM + '0003' + '7474') },
      { name: 'a token over 4,096 bytes', frame: frame(0x10, 1, SWARM + '1001' + '74'.repeat(4097)) },
      { name: 'a token that is not UTF-8', frame: frame(0x10, 1, SWARM + '0001' + 'ff') },
      { name: 'a reason 0', frame: frame(0x11, 1, '00') },
      { name: 'a run of no segments', frame: frame(0x13, 1, '0001' + '0000' + '0000' + '00000000' + '00000000') },
      { name: 'a run beyond 32 bits', frame: frame(0x13, 1, '0001' + '0000' + '0000' + 'ffffffff' + '00000002') },
      { name: 'bits that begin inside a byte', frame: frame(0x13, 1, '0000' + '0000' + '0001' + '00000000' + '00000004' + '0001' + 'ff') },
      { name: 'no bits', frame: frame(0x13, 1, '0000' + '0000' + '0001' + '00000000' + '00000000' + '0000') },
      { name: 'bits over 2,048 bytes', frame: frame(0x13, 1, '0000' + '0000' + '0001' + '00000000' + '00000000' + '0801' + 'ff'.repeat(2049)) },
      { name: 'more runs announced than there are', frame: frame(0x13, 1, '0002' + '0000' + '0000' + '00000000' + '00000001') },
      { name: 'a PEX of 33 peers', frame: frame(0x16, 1, '21' + '014100'.repeat(33)) },
      { name: 'a peer without a name', frame: frame(0x16, 1, '01' + '00' + '00') },
      { name: 'a peer with 9 addresses', frame: frame(0x16, 1, '01' + '0141' + '09' + '000141'.repeat(9)) },
      { name: 'an address over 512 bytes', frame: frame(0x16, 1, '01' + '0141' + '01' + '0201' + '41'.repeat(513)) },
      { name: 'DATA without bytes', frame: frame(0x20, 0, '00000001' + '00000000' + '00000000' + '00000001') },
      { name: 'DATA beyond its block', frame: frame(0x20, 0, '00000001' + '00000000' + '00000001' + '00000001' + 'aa') },
      { name: 'DATA of a block over 262,144 bytes', frame: frame(0x20, 0, '00000001' + '00000000' + '00000000' + '00040001' + 'aa') },
      { name: 'a REQUEST of nothing', frame: frame(0x21, 1, '00000001' + '00000000' + '0000') },
      { name: 'a REQUEST of 1,025 blocks', frame: frame(0x21, 1, '00000001' + '00000000' + '0401' + '00000000'.repeat(1025)) },
      { name: 'a REQUEST without a handle', frame: frame(0x21, 0, '00000001' + '00000000' + '0001' + '00000000') },
      { name: 'a SUBSCRIBE to nothing', frame: frame(0x30, 1, '00000001' + '00000000' + '0000') },
      { name: 'a SUBSCRIBE without a handle', frame: frame(0x30, 0, '00000001' + '00000000' + '0001' + '00000000') },
      { name: 'a CREDIT that is short', frame: frame(0x24, 0, '0000') },
      { name: 'a PURGE without a list', frame: frame(0x31, 0, SWARM) },
      { name: 'a PURGE over 8,000 bytes', frame: frame(0x31, 0, SWARM + '0a'.repeat(8001)) }
    ]
  }
}

function announcements (): AnnouncementVectors {
  const from = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
  const other = '12D3KooWQYhTNQdmr3ArTeUHRYzFg94BKyTkoWBDWez9kSCVe2Xo'
  const addr = (text: string): string => {
    const bytes = multiaddr(text).bytes
    return bytes.byteLength.toString(16).padStart(2, '0') + hex(bytes)
  }
  const fixed = (count: number): string => '01' + '02' + '8000' + '0000000a' + '0000000000000001' + count.toString(16).padStart(2, '0')
  const written = [
    { name: 'nothing yet', announcement: { capacity: 0, share: 0, ttl: 10, sequence: 0, addrs: [], complete: [], depth: 0, locality: null } },
    {
      name: 'everything',
      announcement: {
        capacity: 3,
        share: 65_535,
        ttl: 259_200,
        sequence: Number.MAX_SAFE_INTEGER,
        addrs: [`/ip4/192.0.2.1/tcp/4701/p2p/${from}`, `/dns4/example.org/tcp/443/wss/p2p/${from}`, `/ip6/2001:db8::1/tcp/4701/p2p/${from}`],
        complete: [{ start: 0, count: 10_000 }],
        depth: 12,
        locality: { site: 0xabc, region: 0xde }
      }
    },
    {
      name: 'runs with gaps',
      announcement: {
        capacity: 1,
        share: 1,
        ttl: 60,
        sequence: 1_700_000_000_000,
        addrs: [],
        complete: [{ start: 0, count: 1 }, { start: 300, count: 128 }, { start: 4_294_967_295, count: 1 }],
        depth: 1,
        locality: null
      }
    }
  ].map(({ name, announcement }) => ({ name, from, bytes: hex(writeAnnouncement(from, announcement)), announcement }))
  const loose = [
    { name: 'nothing behind the runs', bytes: fixed(0) + '01' + '0003' },
    { name: 'a depth and nothing behind it', bytes: fixed(0) + '00' + '04' },
    { name: 'other flags are passed over, and what comes behind them', bytes: fixed(0) + '00' + '02fe' + 'abcdef' },
    { name: 'the lowest bits of the hint are passed over, and what comes behind it', bytes: fixed(0) + '00' + '0001' + '12345f' + 'ffff' },
    { name: 'the upper bits of the class are passed over', bytes: '01' + 'fe' + fixed(0).slice(4) + '00' },
    { name: 'the signer at the end of an address is not repeated', bytes: fixed(1) + addr(`/ip4/192.0.2.1/tcp/1/p2p/${from}`) + '00' },
    { name: 'an address of somebody else is left out', bytes: fixed(1) + addr(`/ip4/192.0.2.1/tcp/1/p2p/${other}`) + '00' },
    { name: 'an address that is none is left out', bytes: fixed(2) + '02ffff' + addr('/ip4/192.0.2.1/tcp/1') + '00' }
  ].map(({ name, bytes }) => ({ name, from, bytes, announcement: readAnnouncement(from, unhex(bytes)), loose: true as const }))
  return {
    about: 'Announcements in /shoal/<network>/swarm/<swarm id>, signed by `from`. `share` is of 65,535.',
    accepted: [...written, ...loose],
    refused: [
      { name: 'shorter than the fixed fields', bytes: '01'.repeat(16) },
      { name: 'longer than 1,024 bytes', bytes: fixed(0) + '00' + '00'.repeat(1008) },
      { name: 'version 2', bytes: '02' + fixed(0).slice(2) + '00' },
      { name: 'a sequence of 2^53', bytes: '01028000' + '0000000a' + '0020000000000000' + '00' + '00' },
      { name: 'four addresses', bytes: fixed(4) + addr('/ip4/192.0.2.1/tcp/1').repeat(4) + '00' },
      { name: 'an address beyond the end', bytes: fixed(1) + 'ff04' },
      { name: 'no number of runs', bytes: fixed(0) },
      { name: 'a run of no segments', bytes: fixed(0) + '01' + '00' + '00' },
      { name: 'a run beyond 32 bits', bytes: fixed(0) + '01' + 'ffffffff0f' + '02' },
      { name: 'a varint of six bytes', bytes: fixed(0) + '808080808001' },
      { name: 'fewer runs than announced', bytes: fixed(0) + '02' + '0001' },
      { name: 'a depth of 13', bytes: fixed(0) + '00' + '0d00' },
      { name: 'half a locality hint', bytes: fixed(0) + '00' + '0001' + 'abcd' }
    ].map(({ name, bytes }) => ({ name, from, bytes }))
  }
}

const KEY_SEED = '07'.repeat(32)
const CREATED_AT = 1_790_000_000_000

async function manifestVector (
  name: string, title: string, built: BuiltManifest, files: ManifestVector['files'], seed: string
): Promise<ManifestVector> {
  const { summary } = built.manifest
  const swarm = await swarmIdOf(summary.cid)
  const segments: ManifestVector['segments'][number][] = []
  for await (const { index, path, size, cid, blocks } of built.manifest.segments()) {
    const refs = Array.from({ length: blocks }, (_, block) => built.manifest.block(index, block))
    segments.push({ index, path, size, cid, digests: refs.map(ref => hex(ref.digest)), lengths: refs.map(ref => ref.size as number) })
  }
  return {
    name,
    manifest: summary.cid,
    swarm,
    providerKey: swarmKey(swarm).toString(),
    seed,
    publisher: summary.publisher,
    createdAt: built.manifest.createdAt,
    kind: summary.kind,
    title,
    root: summary.root,
    files,
    rootBlock: hex(built.root.bytes),
    pages: built.pages.map(page => hex(page.bytes)),
    envelope: hex(built.envelope),
    segments
  }
}

async function manifests (): Promise<ManifestVectors> {
  const key = await generateKeyPairFromSeed('Ed25519', unhex(KEY_SEED))
  const contents: (Pick<ManifestVector, 'name' | 'title' | 'kind' | 'files'> & { content?: boolean, origins?: string[] })[] = [
    { name: 'a file of one block', title: 'one.bin', kind: 'file', files: [{ path: 'one.bin', seed: 1, length: 1000 }] },
    { name: 'a file of five blocks', title: 'five.bin', kind: 'file', files: [{ path: 'five.bin', seed: 2, length: 4 * BLOCK + 7 }] },
    {
      name: 'a file with content-defined leaves',
      title: 'cut.bin',
      kind: 'file',
      content: true,
      files: [{ path: 'cut.bin', seed: 3, length: 1_500_000 }]
    },
    {
      name: 'a directory with an empty file, and an origin',
      title: 'show',
      kind: 'directory',
      origins: ['https://cdn.example.com/show/'],
      files: [{ path: 'b/empty', seed: 1, length: 0 }, { path: 'a.txt', seed: 4, length: 12 }, { path: 'b/äöü.bin', seed: 5, length: 300_000 }]
    }
  ]
  const accepted: ManifestVector[] = []
  for (const { name, title, kind, files, content = false, origins = [] } of contents) {
    const entries = files.map(file => ({
      path: file.path,
      size: file.length,
      cutting: { method: content ? 'content' as const : 'fixed' as const },
      async * stream () { if (file.length > 0) yield bytesOf(file) }
    }))
    const segmented = await Array.fromAsync(segmentFiles(entries))
    const built = await buildManifest({ name: title, kind, files: segmented, origins, createdAt: CREATED_AT, key })
    accepted.push(await manifestVector(name, title, built, files, KEY_SEED))
  }
  accepted.push(await firstVersion())
  const [one, five] = accepted as [ManifestVector, ManifestVector]
  const { manifest, rootBlock, pages, envelope } = one
  const other = await generateKeyPairFromSeed('Ed25519', unhex('08'.repeat(32)))
  const cid = dagCborCid((await hashBlock(unhex(rootBlock))).digest).bytes
  const seal = async (domain: string, type: string, of = key): Promise<string> => {
    return hex(await sealEnvelope(of, domain, new TextEncoder().encode(type), cid))
  }
  const flipped = unhex(envelope)
  flipped[flipped.byteLength - 1] = (flipped.at(-1) as number) ^ 1
  return {
    about: 'Manifests: blocks and envelope as they travel, and what follows from them. Files are xorshift32 from `seed`, the lowest byte of each word (x ^= x << 13, x ^= x >>> 17, x ^= x << 5).',
    accepted,
    refused: [
      { name: 'a signature with a wrong bit', manifest, rootBlock, pages, envelope: hex(flipped) },
      { name: 'the signature of another manifest', manifest, rootBlock, pages, envelope: five.envelope },
      { name: 'signed by somebody else than the publisher', manifest, rootBlock, pages, envelope: await seal('shoal-manifest', '/shoal/manifest', other) },
      { name: 'signed for another domain', manifest, rootBlock, pages, envelope: await seal('shoal-head', '/shoal/manifest') },
      { name: 'signed with another payload type', manifest, rootBlock, pages, envelope: await seal('shoal-manifest', '/shoal/head') },
      { name: 'another root', manifest, rootBlock: five.rootBlock, pages: five.pages, envelope },
      { name: 'another page', manifest, rootBlock, pages: five.pages, envelope }
    ]
  }
}

/** Version 1 is read still: entries have no lengths. */
async function firstVersion (): Promise<ManifestVector> {
  const key = await generateKeyPairFromSeed('Ed25519', unhex(KEY_SEED))
  const files = [{ path: 'old.bin', seed: 6, length: BLOCK + 1 }]
  const entries = files.map(file => ({ path: file.path, size: file.length, async * stream () { yield bytesOf(file) } }))
  const [file] = await Array.fromAsync(segmentFiles(entries))
  if (file === undefined) throw new Error('no file')
  const page = await hashBlock(encode([[file.path, file.size, file.cid.multihash.digest, file.leaves, null, null]]))
  const root = await hashBlock(encode({
    version: 1,
    name: 'old.bin',
    kind: 'file',
    publisher: publicKeyToProtobuf(key.publicKey),
    root: file.cid,
    segments: 1,
    blocks: 2,
    bytes: file.size,
    origins: [],
    createdAt: CREATED_AT,
    pages: [[dagCborCid(page.digest), page.bytes.byteLength, file.path, 0, 1, 2, file.size, 0]]
  }))
  const envelope = await sealEnvelope(key, 'shoal-manifest', new TextEncoder().encode('/shoal/manifest'), dagCborCid(root.digest).bytes)
  const manifest = await openManifest({ root, envelope, load: async () => page })
  return await manifestVector('a manifest of version 1', 'old.bin', { root, pages: [page], envelope, manifest }, files, KEY_SEED)
}

async function leaves (): Promise<LeafVectors> {
  const files: Pick<LeafVectors['files'][number], 'name' | 'method' | 'seed' | 'length'>[] = [
    { name: 'nothing', method: 'fixed', seed: 1, length: 0 },
    { name: 'one byte', method: 'fixed', seed: 1, length: 1 },
    { name: 'one whole leaf', method: 'fixed', seed: 1, length: BLOCK },
    { name: 'a leaf and a byte', method: 'fixed', seed: 1, length: BLOCK + 1 },
    { name: 'more links than a node has', method: 'fixed', seed: 9, length: 175 * BLOCK },
    { name: 'content-defined leaves', method: 'content', seed: 3, length: 4_000_000 }
  ]
  return {
    about: 'How files become leaves, and what the IPFS world calls them. Bytes as in manifests.json; `gear` is the table of the chunker gear-32, version 1.',
    gear: Array.from({ length: 256 }, (_, byte) => {
      let x = Math.imul((byte + 1) ^ (byte + 1) >>> 16, 0x85ebca6b)
      x = Math.imul(x ^ x >>> 13, 0xc2b2ae35)
      return (x ^ x >>> 16) >>> 0
    }),
    files: await Promise.all(files.map(async file => {
      const bytes = bytesOf(file)
      const [cut] = await Array.fromAsync(segmentFiles([{
        path: 'x', size: file.length, cutting: { method: file.method }, async * stream () { if (file.length > 0) yield bytes }
      }]))
      if (cut === undefined) throw new Error('no file')
      const { cid, offsets } = cut
      const blocks = cut.leaves.byteLength / 32
      const lengths = Array.from({ length: blocks }, (_, i) => {
        return offsets === undefined ? Math.min(BLOCK, file.length - i * BLOCK) : offsets[i + 1]! - offsets[i]!
      })
      return { ...file, lengths: file.method === 'fixed' ? [] : lengths, cid: cid.toString() }
    }))
  }
}

async function links (vector: ManifestVector): Promise<LinkVectors> {
  const publisher = peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', unhex(KEY_SEED))).toString()
  const live = (name: string): Promise<string> => liveSwarmIdOf(publisher, name)
  const { manifest, swarm } = vector
  return {
    about: 'Links, and the swarm that each leads to.',
    accepted: [
      { link: `shoal:${manifest}`, manifest, swarm },
      { link: `shoal:${manifest}?addr=%2Fip4%2F192.0.2.1%2Ftcp%2F4701%2Fp2p%2F${publisher}&origin=https%3A%2F%2Fcdn.example.com%2Fshow%2F`, manifest, swarm },
      { link: `shoal:${publisher}/show`, publisher, name: 'show', swarm: await live('show') },
      { link: `shoal:${publisher}/L%C3%A4rm%20live`, publisher, name: 'Lärm live', swarm: await live('Lärm live') }
    ],
    refused: [
      '', 'shoal:', `shoal://${manifest}`, manifest, `shoal:${manifest}#x`, `shoal:${manifest}?a=b`, `shoal:${manifest.toUpperCase()}`, `shoal:${vector.root}`,
      `shoal:${publisher}`, `shoal:${publisher}/`, `shoal:${publisher}/%ff`
    ]
  }
}

write('messages', messages())
write('announcements', announcements())
const made = await manifests()
write('manifests', made)
write('leaves', await leaves())
write('links', await links(made.accepted[0] as ManifestVector))
write('heads', await heads())
write('purges', await purges())
write('tokens', await tokens())
