/** Vectors of what publishers and tenants sign: for `write.ts`. */

import { encode } from '@ipld/dag-cbor'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { CID } from 'multiformats/cid'
import { openPurge } from '@shoal/content'
import { segmentFiles } from '@shoal/content/publishing'
import { coversPath, readRevocationList, Tenant } from '@shoal/policy'
import { swarmIdsOf } from '@shoal/policy/swarm-ids'
import { buildHead } from '../../packages/content/dist/src/build-head.js'
import { buildPurge } from '../../packages/content/dist/src/build-purge.js'
import { dagCborCid, dagPbCid, rawCid } from '../../packages/content/dist/src/cid.js'
import { sealEnvelope } from '../../packages/content/dist/src/seal-envelope.js'
import { hashBlock } from '../../packages/content/dist/src/verify.js'
import { bytesOf, hex, unhex, type HeadVectors, type PurgeVectors, type TokenRequest, type TokenVectors } from './read.ts'
import { grantBody, purgeBody, readHead } from './signed.ts'

type Key = PrivateKey

const keyOf = (byte: string): Promise<Key> => generateKeyPairFromSeed('Ed25519', unhex(byte.repeat(32)))
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const peerOf = (key: Key): string => peerIdFromPrivateKey(key).toString()

/** The last bit of the signature, which comes last in an envelope. */
function flipped (bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes, (byte, at) => at === bytes.byteLength - 1 ? byte ^ 1 : byte)
}

export async function heads (): Promise<HeadVectors> {
  const [key, other] = [await keyOf('07'), await keyOf('08')]
  const publisher = peerOf(key)
  const content = 'Lärm live'
  const files = [
    { path: 'live.m3u8', seed: 1, length: 300 }, { path: 'a/seg1.m4s', seed: 2, length: 300_000 }, { path: 'a/seg2.m4s', seed: 3, length: 40 }
  ]
  const cut = await Promise.all(files.map(async file => (await Array.fromAsync(segmentFiles([{
    path: file.path, size: file.length, async * stream () { yield bytesOf(file) }
  }])))[0]!))
  const entries = cut.map(({ path, size, cid, leaves }, i) => ({
    index: 1000 + 2 * i,
    playlist: i === 0,
    path,
    size,
    digest: leaves.byteLength > 32 ? cid.multihash.digest : undefined,
    leaves,
    offsets: undefined,
    duration: i === 0 ? undefined : 2_000,
    rendition: i === 0 ? undefined : 'live.m3u8'
  }))
  const sequence = { epoch: 1_790_000_000_000, counter: 7 }
  const empty = { origins: [], policy: {}, targetMs: 0, ended: false, entries: [] }
  const window = { origins: ['https://cdn.example.com/live/'], policy: { token: publisher, residency: ['CH', 'EU'] }, targetMs: 2_000, ended: true, entries }
  const whole = await buildHead({ name: content, sequence, window, key })
  const nothing = await buildHead({ name: content, sequence: { epoch: 0, counter: 0 }, window: empty, key })

  /** Any statement over any window. */
  async function seal (
    { statement = {}, over = whole.block.bytes, inside = true, by = key, domain = 'shoal-head', type = '/shoal/head', payload }:
    { statement?: object, over?: Uint8Array, inside?: boolean, by?: Key, domain?: string, type?: string, payload?: Uint8Array } = {}
  ): Promise<Uint8Array> {
    const { digest } = await hashBlock(over)
    const said = { version: 1, name: content, ...sequence, window: dagCborCid(digest), size: over.byteLength }
    const envelope = await sealEnvelope(by, domain, utf8(type), payload ?? encode({ ...said, ...statement }))
    return Buffer.concat([Uint8Array.of(envelope.byteLength >>> 8, envelope.byteLength & 0xff), envelope, inside ? over : new Uint8Array()])
  }
  /** Any window. */
  const about = async (change: object): Promise<Uint8Array> =>
    seal({ over: encode({ version: 1, ended: false, target: 0, origins: [], segments: [], ...change }) })
  const entry = (index: number, path: string): unknown[] => [index, false, [path, 0, null, new Uint8Array(), null, null, null]]

  const apart = whole.head.subarray(0, whole.head.byteLength - whole.block.bytes.byteLength)
  const rest = { ...window, entries: entries.slice(1) }
  const later = await buildHead({ name: content, sequence: { ...sequence, counter: 8 }, window: rest, key, before: whole })
  const change = later.head.subarray(0, later.head.byteLength - later.block.bytes.byteLength)
  const good: [name: string, head: Uint8Array, window?: Uint8Array, before?: Uint8Array][] = [
    ['a window of three segments', whole.head],
    ['a window that is nothing yet', nothing.head],
    ['a window that is asked for as a block', apart, whole.block.bytes],
    ['what has changed since the head before', change, later.block.bytes, whole.block.bytes],
    ['the highest sequence', await seal({ statement: { epoch: Number.MAX_SAFE_INTEGER, counter: Number.MAX_SAFE_INTEGER } })],
    ['fields of the statement that are not known are passed over', await seal({ statement: { mood: 'good' } })],
    ['fields of the window that are not known are passed over', await about({ mood: 'good', segments: [entry(4_294_967_294, 'x')] })],
    ['two versions of a playlist', await about({ segments: [entry(1, 'a.m3u8'), entry(2, 'a.m3u8')] })]
  ]
  const [named, sized] = [Buffer.concat([encode('name'), encode(content)]), Buffer.concat([encode('size'), encode(whole.block.bytes.byteLength)])]
  const statement = encode({
    version: 1, name: content, epoch: 1, counter: 1, window: dagCborCid(whole.block.digest), size: whole.block.bytes.byteLength
  })
  const swapped = Buffer.concat([statement.subarray(0, 1), sized, named, statement.subarray(1 + sized.byteLength + named.byteLength)])
  const sizeless = encode({ version: 1, name: content, epoch: 1, counter: 1, window: dagCborCid(whole.block.digest) })
  const bad: [name: string, head: Uint8Array, window?: Uint8Array][] = [
    ['a signature with a wrong bit', Buffer.concat([flipped(apart), whole.block.bytes])],
    ['signed by somebody else', await seal({ by: other })],
    ['signed for another domain', await seal({ domain: 'shoal-manifest' })],
    ['signed with another payload type', await seal({ type: '/shoal/manifest' })],
    ['of another name', await seal({ statement: { name: 'Laerm live' } })],
    ['of version 2', await seal({ statement: { version: 2 } })],
    ['an epoch below 0', await seal({ statement: { epoch: -1 } })],
    ['a window of another codec', await seal({ statement: { window: rawCid(whole.block.digest) } })],
    ['a window of another size', await seal({ statement: { size: whole.block.bytes.byteLength + 1 } })],
    ['no size of the window', await seal({ payload: sizeless })],
    ['keys that are not in their order', await seal({ payload: swapped })],
    ['another window inside', Buffer.concat([apart, flipped(whole.block.bytes)])],
    ['another window as a block', apart, flipped(whole.block.bytes)],
    ['an envelope beyond the end', Uint8Array.of(0x0f, 0xff, ...apart.subarray(2))],
    ['nothing', new Uint8Array()],
    ['segments that are not in the order of their numbers', await about({ segments: [entry(2, 'a'), entry(1, 'b')] })],
    ['the number of the manifest', await about({ segments: [entry(4_294_967_295, 'x')] })],
    ['a path that leads out', await about({ segments: [entry(1, '../x')] })],
    ['a path that is a file and a folder', await about({ segments: [entry(1, 'a'), entry(2, 'a/b')] })],
    ['a policy that is not known', await about({ policy: { moon: 'full' } })],
    ['a window of version 2', await about({ version: 2 })],
    ['an origin that is not in its normal form', await about({ origins: ['https://CDN.example.com/live/'] })]
  ]
  const vector = ([name, head, block, before]: typeof good[number]): HeadVectors['refused'][number] => {
    const vector = { name, publisher, content, head: hex(head), window: block === undefined ? null : hex(block) }
    return before === undefined ? vector : { ...vector, before: hex(before) }
  }
  return {
    about: 'Heads of the live content `content` of `publisher`, as they travel, with the block of the window where that is not inside, and of the one before where the head says what has changed.',
    accepted: await Promise.all(good.map(async one => ({ ...vector(one), says: await readHead(vector(one)) }))),
    refused: bad.map(vector)
  }
}

export async function purges (): Promise<PurgeVectors> {
  const key = await keyOf('07')
  const manifest = dagCborCid((await hashBlock(utf8('a manifest'))).digest).toString()
  const [one, two] = [await hashBlock(utf8('1')), await hashBlock(utf8('2'))].map(({ digest }) => rawCid(digest).toString()) as [string, string]
  const node = dagPbCid((await hashBlock(utf8('3'))).digest).toString()
  const blank = { content: { manifest }, sequence: 1_790_000_000_000, all: false, paths: [] as string[], cids: [] as string[], reason: '', tag: undefined as string | undefined }
  const made = {
    'paths and folders, and a tag': { ...blank, paths: ['a/', 'a/b.m4s', '\u{1F41F}.ts', 'ﬁ.ts'], reason: 'asked for', tag: 'season-1' },
    'segments by their CIDs': { ...blank, cids: [one, two, node], sequence: Number.MAX_SAFE_INTEGER },
    'all of a content': { ...blank, all: true, sequence: 0 },
    'segments of a live content': { ...blank, content: { name: 'Lärm live' }, cids: [one] }
  }
  const cids = [one, two, node].sort().map(cid => CID.parse(cid))
  const said = { version: 1, content: CID.parse(manifest), sequence: 5, all: false, paths: ['a'], cids: [] as unknown[], reason: '' }
  const seal = async (change: object, domain = 'shoal-purge', type = '/shoal/purge'): Promise<string> =>
    hex(await sealEnvelope(key, domain, utf8(type), encode({ ...said, ...change })))
  const raw = async (payload: Uint8Array): Promise<string> => hex(await sealEnvelope(key, 'shoal-purge', utf8('/shoal/purge'), payload))
  const signed = unhex(await seal({}))
  const backwards = encode(said)
  // "all" and "cids" change places
  const swapped = Buffer.concat([backwards.subarray(0, 1), backwards.subarray(6, 12), backwards.subarray(1, 6), backwards.subarray(12)])
  const accepted = await Promise.all(Object.entries(made).map(async ([name, list]) => {
    const bytes = await buildPurge(list, key)
    return { name, purge: hex(bytes), says: purgeBody(await openPurge(bytes)) }
  }))
  const rivals = [await seal({ reason: 'a' }), await seal({ reason: 'b' })]
  const opened = await Promise.all(rivals.map(async purge => purgeBody(await openPurge(unhex(purge)))))
  const [first, second] = opened[0]!.digest < opened[1]!.digest ? rivals : rivals.toReversed()
  return {
    about: 'Purge lists as they travel: signed envelopes, without the frame and the swarm in front of them.',
    accepted,
    newer: [
      { name: 'a higher sequence', purges: [await seal({ sequence: 5 }), await seal({ sequence: 6 })] },
      { name: 'the same sequence and a higher SHA-256', purges: [first!, second!] }
    ],
    refused: [
      { name: 'a signature with a wrong bit', purge: hex(flipped(signed)) },
      { name: 'bytes behind the envelope', purge: `${hex(signed)}00` },
      { name: 'signed for another domain', purge: await seal({}, 'shoal-head') },
      { name: 'signed with another payload type', purge: await seal({}, 'shoal-purge', '/shoal/head') },
      { name: 'version 2', purge: await seal({ version: 2 }) },
      { name: 'a key that is not known', purge: await seal({ until: 1 }) },
      { name: 'a sequence of 2^53', purge: await seal({ sequence: 2n ** 53n }) },
      { name: 'nothing', purge: await seal({ paths: [] }) },
      { name: 'all and a path', purge: await seal({ all: true }) },
      { name: 'paths that are not in their order', purge: await seal({ paths: ['b', 'a'] }) },
      { name: 'paths in the order of UTF-16', purge: await seal({ paths: ['\u{1F41F}.ts', 'ﬁ.ts'] }) },
      { name: 'a path twice', purge: await seal({ paths: ['a', 'a'] }) },
      { name: 'CIDs that are not in their order', purge: await seal({ cids: cids.toReversed() }) },
      { name: 'the CID of a manifest among the segments', purge: await seal({ cids: [CID.parse(manifest)] }) },
      { name: 'a path that leads out', purge: await seal({ paths: ['../x'] }) },
      { name: 'a path from the root', purge: await seal({ paths: ['/x'] }) },
      { name: 'of a segment', purge: await seal({ content: CID.parse(one) }) },
      { name: 'all of a live content', purge: await seal({ content: 'show', all: true, paths: [] }) },
      { name: 'a path of a live content', purge: await seal({ content: 'show' }) },
      { name: 'a reason of 257 characters', purge: await seal({ reason: 'x'.repeat(257) }) },
      { name: 'keys that are not in their order', purge: await raw(swapped) }
    ]
  }
}

export async function tokens (): Promise<TokenVectors> {
  const [key, other, bearer] = [await keyOf('09'), await keyOf('08'), await keyOf('0a')]
  const [tenant, peer] = [peerOf(key), peerOf(bearer)]
  const [swarm, derived, second] = ['a1'.repeat(32), 'b2'.repeat(32), 'c3'.repeat(32)] as const
  const NBF = 1_790_000_000

  const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString('base64url')
  async function sign (claims: object, { by = key, header = {} }: { by?: Key, header?: object } = {}): Promise<string> {
    const text = `${base64(JSON.stringify({ alg: 'EdDSA', typ: 'shoal+jwt', ...header }))}.${base64(JSON.stringify(claims))}`
    return `${text}.${base64(await by.sign(utf8(text)))}`
  }
  const claims = { jti: 'token-1', iss: tenant, sub: peer, role: 'viewer', nbf: NBF, exp: NBF + 3_600 }
  const request: TokenRequest = { peer, swarm, regions: null, wall: (NBF + 60) * 1_000, revoked: null }
  const list = async (more: object, by = key, header: object = {}): Promise<string> =>
    sign({ iss: tenant, seq: 1, tokens: [], peers: [], ...more }, { by, header: { typ: 'shoal-revocations+jwt', ...header } })

  const good: [name: string, token: string, asked?: Partial<TokenRequest>, paths?: readonly string[]][] = [
    ['every content of the tenant', await sign(claims), {}, ['', 'a/b']],
    ['some contents, one of which is hidden', await sign({ ...claims, role: 'edge', swarms: [swarm, `${second}:${derived}`] }), { swarm: derived }],
    ['some paths', await sign({ ...claims, paths: ['a/', 'b'] }), {}, ['a/x', 'a', 'bb', 'c/a/', '']],
    ['no path at all', await sign({ ...claims, paths: [] }), {}, ['a']],
    ['a region', await sign({ ...claims, region: 'CH' }), { regions: ['EU', 'CH'] }],
    ['a region that nobody asks for', await sign({ ...claims, region: 'moon' })],
    ['the first millisecond', await sign(claims), { wall: (NBF - 60) * 1_000 }],
    ['the last millisecond', await sign(claims), { wall: (NBF + 3_660) * 1_000 - 1 }],
    ['claims and a role that are not known', await sign({ ...claims, role: 'captain', mood: 'good' })],
    ['a list that names others', await sign(claims), { revoked: await list({ tokens: ['token-2'], peers: [tenant] }) }]
  ]
  const [head, body, signature] = (await sign(claims)).split('.') as [string, string, string]
  const wrong = base64(flipped(Buffer.from(signature, 'base64url')))
  const bad: [name: string, reason: string, token: string, asked?: Partial<TokenRequest>][] = [
    ['no JWT', 'malformed', 'nonsense'],
    ['two parts', 'malformed', `${head}.${body}`],
    ['padding', 'malformed', `${head}.${body}=.${signature}`],
    ['over 4,096 characters', 'malformed', await sign({ ...claims, mood: 'x'.repeat(4_096) })],
    ['a signature with a wrong bit', 'forged', `${head}.${body}.${wrong}`],
    ['signed by another key', 'forged', await sign(claims, { by: other })],
    ['another algorithm', 'malformed', await sign(claims, { header: { alg: 'none' } })],
    ['a list in the place of a token', 'malformed', await sign(claims, { header: { typ: 'shoal-revocations+jwt' } })],
    ['no type', 'malformed', await sign(claims, { header: { typ: undefined } })],
    ['a header that must be understood', 'malformed', await sign(claims, { header: { crit: ['moon'], moon: 1 } })],
    ['of another tenant', 'other-tenant', await sign({ ...claims, iss: peerOf(other) }, { by: other })],
    ['shown by another peer', 'other-peer', await sign(claims), { peer: peerOf(other) }],
    ['ended', 'expired', await sign(claims), { wall: (NBF + 3_660) * 1_000 }],
    ['not begun', 'early', await sign(claims), { wall: (NBF - 60) * 1_000 - 1 }],
    ['for other contents', 'other-content', await sign({ ...claims, swarms: [second] })],
    ['for no content', 'other-content', await sign({ ...claims, swarms: [] })],
    ['by the public id of a hidden swarm', 'other-content', await sign({ ...claims, swarms: [`${swarm}:${derived}`] })],
    ['for another region', 'other-region', await sign({ ...claims, region: 'CH' }), { regions: ['EU'] }],
    ['for no region', 'other-region', await sign(claims), { regions: ['EU'] }],
    ['taken back by its id', 'revoked', await sign(claims), { revoked: await list({ tokens: ['token-1'] }) }],
    ['its peer taken back', 'revoked', await sign(claims), { revoked: await list({ peers: [peer] }) }],
    ...await Promise.all(Object.entries({
      'no id': { jti: undefined }, 'an empty id': { jti: '' }, 'an id of 129 characters': { jti: 'x'.repeat(129) }, 'no peer': { sub: undefined },
      'no role': { role: undefined }, 'half a second': { nbf: NBF + 0.5 }, 'a time as text': { exp: String(NBF + 3_600) },
      'an end that is its beginning': { exp: NBF }, 'an end behind the year 9999': { exp: 253_402_300_800 },
      'a swarm in capitals': { swarms: [swarm.toUpperCase()] }, '65 swarms': { swarms: Array.from({ length: 65 }, () => swarm) },
      'paths that are no list': { paths: 'a/' }, 'a path that is no text': { paths: [1] }, 'a region that is no text': { region: 1 }
    }).map(async ([name, change]): Promise<typeof bad[number]> => [name, 'malformed', await sign({ ...claims, ...change })]))
  ]
  const lists: [name: string, list: string, reason: string | null, counts: boolean][] = [
    ['the first', await list({ seq: 5, tokens: ['token-1'], peers: [peer] }), null, true],
    ['one that is older', await list({ seq: 4 }), null, false],
    ['another of the same sequence', await list({ seq: 5 }), null, false],
    ['a newer one, which says everything again', await list({ seq: 6, tokens: [] }), null, true],
    ['signed by another key', await list({ seq: 7 }, other), 'forged', false],
    ['of another tenant', await list({ seq: 7, iss: peerOf(other) }, other), 'other-tenant', false],
    ['a token in the place of a list', await list({ seq: 7 }, key, { typ: 'shoal+jwt' }), 'malformed', false],
    ['the sequence 0', await list({ seq: 0 }), 'malformed', false],
    ['no peers', await list({ seq: 7, peers: undefined }), 'malformed', false],
    ['an id that is no text', await list({ seq: 7, tokens: [1] }), 'malformed', false]
  ]
  const secret = base64(unhex('0b'.repeat(32)))
  const derive = await swarmIdsOf(secret)
  const judged = async (token: string, asked: TokenRequest): Promise<ReturnType<typeof grantBody>> => {
    const judge = new Tenant(tenant)
    if (asked.revoked !== null) await judge.revoke(asked.revoked)
    return grantBody(await judge.judge(token, { ...asked, regions: asked.regions ?? undefined }))
  }
  return {
    about: 'Tokens of `tenant` and what they grant to whoever shows them; its lists of what is revoked, which come one after the other; ids of hidden swarms.',
    tenant,
    accepted: await Promise.all(good.map(async ([name, token, asked = {}, paths = []]) => {
      const grant = await judged(token, { ...request, ...asked })
      const covers = Object.fromEntries(paths.map(path => [path, coversPath({ paths: grant.paths ?? undefined }, path)]))
      return { name, token, request: { ...request, ...asked }, grant, covers }
    })),
    refused: bad.map(([name, reason, token, asked = {}]) => ({ name, token, request: { ...request, ...asked }, reason })),
    revocations: lists.map(([name, text, reason, counts]) => {
      const said = counts ? readRevocationList(text) : undefined
      const says = said === undefined ? null : { sequence: said.sequence, tokens: [...said.tokens], peers: [...said.peers] }
      return { name, list: text, counts, reason, says }
    }),
    hidden: await Promise.all([swarm, second].map(async id => ({ secret, swarm: id, id: await derive(id) })))
  }
}
