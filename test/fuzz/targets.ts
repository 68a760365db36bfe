/** The decoders that read what strangers send, with right input to start from. */

import * as dagCbor from '@ipld/dag-cbor'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromString } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { multiaddr } from '@multiformats/multiaddr'
import { createHaveMap } from '@shoal/availability'
import { seededRandom, type Random } from '@shoal/base'
import { BLOCK_SIZE_BYTES, openManifest, openPurge, parseLink, Purged, type OpenedManifest } from '@shoal/content'
import { buildManifest, buildPurge, segmentFiles, type BuiltManifest, type FileEntry, type SegmentedFile } from '@shoal/content/publishing'
import { BootstrapError, InvalidLinkError, ManifestError, WireError, type BlockRef, type LoadBlock, type ShoalError, type VerifiedBlock } from '@shoal/interface'
import { hearsayAddrs, resolveBootstrap, usableAddrs } from '@shoal/routing'
import { decodeMessage, encodeDataHeader, encodeMessage, FrameReader, MAX_FRAME_BYTES, type Message } from '@shoal/wire'
import { decodePurge } from '../../packages/content/dist/src/purge.js'
import { decodeAnnouncement, encodeAnnouncement } from '../../packages/availability/dist/src/codec.js'
import { decodeMessage as decodeDhtMessage, encodeMessage as encodeDhtMessage, GET_PROVIDERS } from '../../packages/routing/dist/src/client/codec.js'
import { nodeOf, readPeer } from '../../packages/routing/dist/src/client/node.js'
import { mutateBytes, mutateText, mutateTree, pick } from './mutate.ts'

export interface Target {
  readonly name: string
  /** The only error that may come of bad input. */
  readonly error: new (message: string) => ShoalError
  /** Makes one input. Returns what feeds it. */
  make (random: Random): () => void | Promise<void>
}

/** A large manifest takes as long as some thousand small ones. */
const LARGE_SHARE = 0.001
const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const ADDR = '/dns4/example.com/tcp/443/wss'
const CID = 'bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
const SEGMENT = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

const trees = new Map<Uint8Array, unknown>()

/** Half of the inputs are well-formed CBOR that says something else. */
function mutateCbor (original: Uint8Array, others: readonly Uint8Array[], random: Random): Uint8Array {
  if (random() < 0.5) return mutateBytes(original, others, random)
  if (!trees.has(original)) trees.set(original, dagCbor.decode(original))
  const bytes = dagCbor.encode(encodable(mutateTree(trees.get(original), random)))
  // nothing longer ever gets to a decoder
  return bytes.subarray(0, BLOCK_SIZE_BYTES)
}

/** As far as DAG-CBOR has a form for it: half a surrogate pair has none. */
function encodable (value: unknown): unknown {
  if (typeof value === 'string') return value.toWellFormed()
  if (Array.isArray(value)) return value.map(encodable)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  // what has a "/" is taken for a link by the encoder
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key === '/' ? '//' : key.toWellFormed(), encodable(each)]))
}

/** Decoders do not hash: whoever calls them has. */
function block ({ digest }: BlockRef, bytes: Uint8Array): VerifiedBlock {
  return { digest, bytes } as VerifiedBlock
}

/** Small ones, with one page or none, and last a large one of several. */
async function manifests (): Promise<BuiltManifest[]> {
  const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(1))
  const random = seededRandom(1)
  const bytes = Uint8Array.from({ length: 700_000 }, () => random() * 256)
  const entry = (path: string, size: number): FileEntry => ({ path, size, async * stream () { yield bytes.subarray(0, size) } })
  const build = async (kind: 'file' | 'directory', entries: readonly FileEntry[], origins: readonly string[]): Promise<BuiltManifest> => {
    const files: SegmentedFile[] = []
    for await (const file of segmentFiles(entries)) files.push(file)
    const media = new Map(files.filter(({ path }) => path.endsWith('.ts')).map(({ path }) => [path, { duration: 4000, rendition: 'v/index.m3u8' }]))
    return buildManifest({ name: 'a.bin', kind, files, media, origins, createdAt: 1, key })
  }
  const many = Array.from({ length: 2500 }, (_, i) => entry(`${'deep/'.repeat(20)}${i}`, 10))
  return [
    await build('file', [entry('a.bin', 700_000)], []),
    await build('directory', [entry('x', 0), entry('v/index.m3u8', 50), entry('v/1.ts', 300_000), entry('v/2.ts', 262_144)], ['https://cdn.example/a/']),
    await build('directory', many, [])
  ]
}

async function manifestTargets (): Promise<Target[]> {
  const built = await manifests()
  const small = built.slice(0, -1)
  const roots = small.map(({ root }) => root.bytes)
  const load = (of: BuiltManifest, change: (bytes: Uint8Array) => Uint8Array): LoadBlock => async (_ref, at) => {
    const page = of.pages[(at - 1) % of.pages.length] as VerifiedBlock
    return block(page, change(page.bytes))
  }
  const choose = (random: Random): BuiltManifest => random() < LARGE_SHARE ? built.at(-1) as BuiltManifest : pick(small, random)
  const pages = small.flatMap(({ pages }) => pages.map(({ bytes }) => bytes))
  // opened once, for a signature takes longer than a page; anew when a changed page made sense, for that one is kept
  const opened = new Map<BuiltManifest, OpenedManifest>()
  let input: Uint8Array = new Uint8Array(0)
  return [
    {
      name: 'manifest root',
      error: ManifestError,
      make (random) {
        const of = choose(random)
        // with the digest that was signed, so that what decodes is read on
        const root = block(of.root, mutateCbor(of.root.bytes, roots, random))
        return async () => {
          const manifest = await openManifest({ root, envelope: of.envelope, load: load(of, bytes => bytes) })
          for await (const { index, blocks } of manifest.segments()) for (let i = 0; i < blocks; i++) manifest.block(index, i)
        }
      }
    },
    {
      name: 'manifest page',
      error: ManifestError,
      make (random) {
        const of = choose(random)
        const page = Math.floor(random() * of.pages.length)
        const wrong = mutateCbor((of.pages[page] as VerifiedBlock).bytes, pages, random)
        const place = random()
        return async () => {
          let manifest = opened.get(of)
          if (manifest === undefined) {
            manifest = await openManifest({ ...of, load: load(of, () => input) })
            opened.set(of, manifest)
          }
          input = wrong
          const index = Math.floor(place * manifest.summary.segments)
          const { blocks } = await manifest.segment(index)
          opened.delete(of)
          for (let i = 0; i < blocks; i++) manifest.block(index, i)
        }
      }
    },
    {
      name: 'manifest envelope',
      error: ManifestError,
      make (random) {
        const of = choose(random)
        const envelope = mutateBytes(of.envelope, built.map(({ envelope }) => envelope), random)
        return async () => { await openManifest({ ...of, envelope, load: load(of, bytes => bytes) }) }
      }
    }
  ]
}

function messages (): Message[] {
  const blocks = [0, 1, 1023]
  return [
    { type: 'hello', version: 1, minVersion: 1, frameCap: 60_000, credit: 2 ** 20, features: 0 },
    { type: 'join', handle: 1, swarm: '00'.repeat(32), token: 'token' },
    { type: 'join-refused', handle: 1, reason: 'unauthorised' },
    {
      type: 'have',
      handle: 1,
      more: false,
      bytes: 0,
      delta: {
        complete: [{ start: 0, count: 5 }, { start: 90, count: 1 }],
        partial: [{ segment: 7, first: 8, bits: new Uint8Array(9).fill(0x55) }],
        dropped: [{ start: 6, count: 1 }]
      }
    },
    { type: 'fetching', handle: 1, segment: 3 },
    { type: 'request', handle: 1, id: 1, segment: 3, blocks },
    { type: 'refuse', id: 1, reason: 'busy', blocks },
    { type: 'cancel', id: 1, blocks },
    { type: 'credit', bytes: 65_536 },
    { type: 'head', handle: 1, bytes: new Uint8Array(100), more: true },
    { type: 'purge', swarm: '00'.repeat(32), bytes: new Uint8Array(100) },
    { type: 'pex', handle: 1, peers: [{ peer: PEER, addrs: [ADDR, '/ip4/192.0.2.1/tcp/4001'] }, { peer: PEER, addrs: [] }] },
    { type: 'ping', nonce: 7 },
    { type: 'goodbye', reason: 'leaving' },
    { type: 'choke', handle: 1 }
  ]
}

/** Frames, as a session reads them; what they say goes where a session takes it. */
function wireTarget (): Target {
  const data = encodeDataHeader({ id: 1, block: 0, offset: 0, total: 5 }, 5)
  const frames = [...messages().map(encodeMessage), Uint8Array.from([...data, 1, 2, 3, 4, 5])]
  return {
    name: 'wire',
    error: WireError,
    make (random) {
      const have = createHaveMap({ segments: 100, blocks: 1000 })
      const reader = new FrameReader(MAX_FRAME_BYTES, {
        control (header, payload) {
          const message = decodeMessage(header, payload)
          if (message?.type === 'have') have.apply(message.delta)
          if (message?.type !== 'pex') return
          for (const { addrs } of message.peers) usableAddrs(hearsayAddrs(addrs, { scopes: new Set(['public']), relays: new Set() }), { from: 'node' })
        },
        data () {},
        piece () {},
        skipped () {}
      })
      const bytes = mutateBytes(pick(frames, random), frames, random)
      // half of the time the length is right all the same, so that the rest is looked at
      if (bytes.byteLength >= 8 && random() < 0.5) new DataView(bytes.buffer, bytes.byteOffset).setUint32(4, bytes.byteLength - 8)
      const chunks = random() < 0.5 ? bytes : [bytes.subarray(0, bytes.byteLength >> 1), bytes.subarray(bytes.byteLength >> 1)]
      return () => { reader.push(chunks) }
    }
  }
}

function announcementTarget (): Target {
  const have = { complete: [{ start: 0, count: 500 }, { start: 1000, count: 7 }], partial: [] }
  const right = [
    encodeAnnouncement(PEER, { capacity: 2, share: 0.5, ttl: 60, sequence: 7, addrs: [ADDR, `/ip4/192.0.2.1/tcp/1/p2p/${PEER}`], have }),
    encodeAnnouncement(PEER, { capacity: 0, share: 0, ttl: 0, sequence: 2 ** 53 - 1, addrs: [], have: { complete: [], partial: [] } })
  ]
  return {
    name: 'announcement',
    error: WireError,
    make (random) {
      const bytes = mutateBytes(pick(right, random), right, random)
      return () => {
        const { have, addrs } = decodeAnnouncement(PEER, bytes)
        createHaveMap({ segments: 2000, blocks: 10_000 }).apply(have)
        usableAddrs(addrs, { from: 'browser-public' })
      }
    }
  }
}

/** Answers of DHT servers, as far as a client reads them. */
function dhtTarget (): Target {
  const id = peerIdFromString(PEER).toMultihash().bytes
  const named = { id, addrs: [ADDR, '/ip4/192.0.2.1/tcp/4001', `/ip6/2001:db8::1/udp/1/quic-v1/p2p/${PEER}`].map(addr => multiaddr(addr).bytes) }
  const right = [1, 3, 200].map(count => {
    const peers = Array.from({ length: count }, () => named)
    return encodeDhtMessage({ type: GET_PROVIDERS, key: new Uint8Array(34), closer: peers, providers: peers })
  })
  return {
    name: 'DHT answer',
    error: WireError,
    make (random) {
      const bytes = mutateBytes(pick(right, random), right, random)
      return async () => {
        const { closer, providers } = decodeDhtMessage(bytes)
        for (const peer of [...closer, ...providers]) {
          const read = readPeer(peer)
          if (read !== undefined) await nodeOf(read.peer, read.addrs)
        }
      }
    }
  }
}

/** Lists as they are signed, which anybody can do; and what is signed by nobody. */
async function purgeTarget (): Promise<Target> {
  const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(1))
  const list = { sequence: 1, reason: 'why', tag: undefined, all: false, paths: [], cids: [] }
  const signed = [
    await buildPurge({ ...list, content: { manifest: CID }, paths: ['a/', 'b/1.ts'], tag: 'old' }, key),
    await buildPurge({ ...list, content: { manifest: CID }, all: true }, key),
    await buildPurge({ ...list, content: { name: 'show' }, cids: [SEGMENT] }, key)
  ]
  const payloads = await Promise.all(signed.map(async bytes => (await RecordEnvelope.openAndCertify(bytes, 'shoal-purge')).payload))
  return {
    name: 'purge',
    error: ManifestError,
    make (random) {
      if (random() < 0.1) {
        const bytes = mutateBytes(pick(signed, random), signed, random)
        return async () => { await openPurge(bytes) }
      }
      const bytes = mutateCbor(pick(payloads, random), payloads, random)
      return () => { new Purged(decodePurge(bytes)).has({ path: 'a/b', cid: SEGMENT }) }
    }
  }
}

function linkTarget (): Target {
  const right = [`shoal:${CID}`, `shoal:${CID}?addr=${encodeURIComponent(`${ADDR}/p2p/${PEER}`)}&origin=https%3A%2F%2Fa.example%2F`, `shoal:${PEER}/show`]
  return {
    name: 'link',
    error: InvalidLinkError,
    make (random) {
      const text = mutateText(pick(right, random), right, random)
      return () => { parseLink(text) }
    }
  }
}

function bootstrapTarget (): Target {
  const right = [JSON.stringify({ peerId: PEER, addrs: [ADDR, '/ip4/192.0.2.1/tcp/4001', `/ip6/2001:db8::1/udp/1/quic-v1/p2p/${PEER}`] })]
  return {
    name: 'bootstrap list',
    error: BootstrapError,
    make (random) {
      const body = mutateText(pick(right, random), right, random)
      return async () => {
        const addrs = await resolveBootstrap(['https://node.example/'], { fetch: async () => new Response(body) })
        usableAddrs(addrs, { from: 'node' })
      }
    }
  }
}

/** The manifest's decoders, the most often wrong first; and all others. */
export async function targets (): Promise<{ manifest: readonly Target[], others: readonly Target[] }> {
  return { manifest: await manifestTargets(), others: [
    wireTarget(), announcementTarget(), dhtTarget(), await purgeTarget(), linkTarget(), bootstrapTarget()
  ] }
}
