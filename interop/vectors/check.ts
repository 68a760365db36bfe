/**
 * Holds the packages to the vectors, which other implementations are held to as well.
 *
 *     node interop/vectors/check.ts
 */

import { deepStrictEqual, rejects, strictEqual, throws } from 'node:assert/strict'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { CID } from 'multiformats/cid'
import { BlockMismatchError, ManifestError, TokenError, WireError } from '@shoal/interface'
import { comparePurges, openManifest, openPurge, parseLink, swarmIdOf, verifyBlock } from '@shoal/content'
import { liveSwarmIdOf } from '@shoal/content/live'
import { buildManifest, segmentFiles } from '@shoal/content/publishing'
import { coversPath, readRevocationList, Tenant } from '@shoal/policy'
import { swarmIdsOf } from '@shoal/policy/swarm-ids'
import { swarmKey } from '../../packages/routing/dist/src/key.js'
import { Checks } from '../../test/support/checks.ts'
import { readAnnouncement, writeAnnouncement } from './announcement.ts'
import { readMessages, writeMessage } from './message.ts'
import { bytesOf, hex, readVectors, unhex, type ManifestVector, type TokenRequest } from './read.ts'
import { grantBody, purgeBody, readHead } from './signed.ts'

const checks = new Checks()

const messages = readVectors('messages')
for (const { name, frame, message, loose } of messages.accepted) {
  await checks.check(`message: ${name}`, () => {
    deepStrictEqual(plain(readMessages(unhex(frame))), [message])
    if (loose !== true) strictEqual(hex(writeMessage(message)), frame)
  })
}
for (const { name, frame } of messages.ignored) {
  await checks.check(`message ignored: ${name}`, () => { deepStrictEqual(readMessages(unhex(frame + frame)), [undefined, undefined]) })
}
for (const { name, frame } of messages.refused) {
  await checks.check(`message refused: ${name}`, () => { throws(() => readMessages(unhex(frame)), WireError) })
}

const announcements = readVectors('announcements')
for (const { name, from, bytes, announcement, loose } of announcements.accepted) {
  await checks.check(`announcement: ${name}`, () => {
    deepStrictEqual(plain(readAnnouncement(from, unhex(bytes))), announcement)
    if (loose !== true) strictEqual(hex(writeAnnouncement(from, announcement)), bytes)
  })
}
for (const { name, from, bytes } of announcements.refused) {
  await checks.check(`announcement refused: ${name}`, () => { throws(() => readAnnouncement(from, unhex(bytes)), WireError) })
}

const manifests = readVectors('manifests')
for (const vector of manifests.accepted) {
  await checks.check(`manifest: ${vector.name}`, async () => {
    const manifest = await open(vector)
    strictEqual(manifest.summary.publisher, vector.publisher)
    strictEqual(manifest.summary.root, vector.root)
    strictEqual(await swarmIdOf(vector.manifest), vector.swarm)
    strictEqual(swarmKey(vector.swarm).toString(), vector.providerKey)
    const segments: unknown[] = []
    for await (const { index, path, size, cid, blocks } of manifest.segments()) {
      const refs = Array.from({ length: blocks }, (_, block) => manifest.block(index, block))
      segments.push({ index, path, size, cid, digests: refs.map(ref => hex(ref.digest)), lengths: refs.map(ref => ref.size) })
    }
    deepStrictEqual(segments, vector.segments)
  })
  if (vector.name.includes('version 1')) continue
  await checks.check(`manifest made again: ${vector.name}`, async () => {
    const entries = vector.files.map(file => ({
      path: file.path,
      size: file.length,
      cutting: { method: vector.name.includes('content-defined') ? 'content' as const : 'fixed' as const },
      async * stream () { if (file.length > 0) yield bytesOf(file) }
    }))
    const built = await buildManifest({
      name: vector.title,
      kind: vector.kind,
      files: await Array.fromAsync(segmentFiles(entries)),
      origins: vector.name.includes('origin') ? ['https://cdn.example.com/show/'] : [],
      createdAt: vector.createdAt,
      key: await generateKeyPairFromSeed('Ed25519', unhex(vector.seed))
    })
    strictEqual(built.manifest.summary.cid, vector.manifest)
    strictEqual(hex(built.envelope), vector.envelope)
  })
}
for (const vector of manifests.refused) {
  await checks.check(`manifest refused: ${vector.name}`, async () => {
    await rejects(async () => { for await (const _ of (await open(vector)).segments()); })
  })
}

for (const { name, method, seed, length, lengths, cid } of readVectors('leaves').files) {
  await checks.check(`leaves: ${name}`, async () => {
    const [cut] = await Array.fromAsync(segmentFiles([{
      path: 'x', size: length, cutting: { method }, async * stream () { if (length > 0) yield bytesOf({ seed, length }) }
    }]))
    strictEqual(cut?.cid.toString(), cid)
    if (method === 'content') deepStrictEqual([...cut.offsets ?? []].slice(1).map((end, i) => end - (cut.offsets?.[i] ?? 0)), lengths)
  })
}

const links = readVectors('links')
for (const { link, swarm, manifest, publisher, name } of links.accepted) {
  await checks.check(`link: ${link}`, async () => {
    const parsed = parseLink(link)
    if (parsed.kind === 'manifest') {
      strictEqual(parsed.manifest, manifest)
      strictEqual(await swarmIdOf(parsed.manifest), swarm)
    } else {
      deepStrictEqual([parsed.publisher, parsed.name], [publisher, name])
      strictEqual(await liveSwarmIdOf(parsed.publisher, parsed.name), swarm)
    }
  })
}
for (const link of links.refused) await checks.check(`link refused: ${JSON.stringify(link)}`, () => { throws(() => parseLink(link), { name: 'InvalidLinkError' }) })

const heads = readVectors('heads')
for (const { says, ...vector } of heads.accepted) {
  await checks.check(`head: ${vector.name}`, async () => { deepStrictEqual(plain(await readHead(vector)), says) })
}
for (const vector of heads.refused) {
  await checks.check(`head refused: ${vector.name}`, async () => {
    await rejects(readHead(vector), error => error instanceof ManifestError || error instanceof BlockMismatchError)
  })
}

const purges = readVectors('purges')
for (const { name, purge, says } of purges.accepted) {
  await checks.check(`purge: ${name}`, async () => { deepStrictEqual(purgeBody(await openPurge(unhex(purge))), says) })
}
for (const { name, purges: [older, newer] } of purges.newer) {
  await checks.check(`purge that counts: ${name}`, async () => {
    strictEqual(Math.sign(comparePurges(await openPurge(unhex(older)), await openPurge(unhex(newer)))), -1)
  })
}
for (const { name, purge } of purges.refused) {
  await checks.check(`purge refused: ${name}`, async () => { await rejects(openPurge(unhex(purge)), ManifestError) })
}

const tokens = readVectors('tokens')
const judged = async (token: string, { revoked, regions, ...request }: TokenRequest): ReturnType<Tenant['judge']> => {
  const tenant = new Tenant(tokens.tenant)
  if (revoked !== null) strictEqual(await tenant.revoke(revoked), true)
  return await tenant.judge(token, { ...request, regions: regions ?? undefined })
}
for (const { name, token, request, grant, covers } of tokens.accepted) {
  await checks.check(`token: ${name}`, async () => {
    const granted = await judged(token, request)
    deepStrictEqual(grantBody(granted), grant)
    for (const [path, covered] of Object.entries(covers)) strictEqual(coversPath(granted, path), covered, path)
  })
}
for (const { name, token, request, reason } of tokens.refused) {
  await checks.check(`token refused: ${name}`, async () => {
    await rejects(judged(token, request), error => error instanceof TokenError && error.reason === reason)
  })
}
await checks.check('lists of what is revoked, one after the other', async () => {
  const tenant = new Tenant(tokens.tenant)
  for (const { name, list, counts, reason, says } of tokens.revocations) {
    if (reason === null) strictEqual(await tenant.revoke(list), counts, name)
    else await rejects(tenant.revoke(list), error => error instanceof TokenError && error.reason === reason, name)
    if (says === null) continue
    const { sequence, tokens: ids, peers } = readRevocationList(tenant.list ?? '')
    deepStrictEqual({ sequence, tokens: [...ids], peers: [...peers] }, says, name)
  }
})
for (const { secret, swarm, id } of tokens.hidden) {
  await checks.check(`hidden swarm: ${swarm.slice(0, 8)}`, async () => { strictEqual(await (await swarmIdsOf(secret))(swarm), id) })
}

checks.end()

async function open ({ manifest, rootBlock, pages, envelope }: Pick<ManifestVector, 'manifest' | 'rootBlock' | 'pages' | 'envelope'>): ReturnType<typeof openManifest> {
  const root = await verifyBlock({ digest: CID.parse(manifest).multihash.digest }, unhex(rootBlock))
  return await openManifest({ root, envelope: unhex(envelope), load: async (ref, at) => await verifyBlock(ref, unhex(pages[at - 1] ?? '')) })
}

/** As it would be in a file. */
function plain (value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
