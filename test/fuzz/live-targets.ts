/** The decoders of live contents: what their publisher says of them at one moment. */

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { decodeWindow, LiveManifest, openHead, type Head, type WindowEntry } from '@shoal/content/live'
import { buildHead, type SegmentedFile } from '@shoal/content/publishing'
import { ManifestError, type VerifiedBlock } from '@shoal/interface'
import { openEnvelope } from '../../packages/content/dist/src/envelope.js'
import { HEAD_DOMAIN, HEAD_PAYLOAD_TYPE } from '../../packages/content/dist/src/head.js'
import { sealEnvelope } from '../../packages/content/dist/src/seal-envelope.js'
import { block, fileMaker, POLICY } from './manifest-targets.ts'
import { mutateBytes, pick } from './mutate.ts'
import { mutateCbor } from './mutate-cbor.ts'
import type { Target } from './target.ts'

const NAME = 'show'
const PREFIX_BYTES = 2
/** A signature takes longer than all the rest of a head, and without a new one only the first bytes are looked into. */
const SIGNED_SHARE = 0.2

function entryOf (file: SegmentedFile, index: number, playlist: boolean): WindowEntry {
  const { path, size, leaves, offsets, cid } = file
  const shown = playlist ? { duration: undefined, rendition: undefined } : { duration: 2000, rendition: 'live.m3u8' }
  return { index, playlist, path, size, leaves, offsets, digest: leaves.byteLength > 32 ? cid.multihash.digest : undefined, ...shown }
}

function join (envelope: Uint8Array, inline: Uint8Array): Uint8Array {
  return Uint8Array.from([envelope.byteLength >>> 8, envelope.byteLength & 0xff, ...envelope, ...inline])
}

/** As a node does with a head that it was sent, and with its window. */
function readOn (head: Head, root: VerifiedBlock, publisher: string): void {
  const manifest = new LiveManifest(publisher, NAME, { head, window: decodeWindow(root.bytes) }, root)
  void manifest.summary
  for (const { index, blocks } of manifest.window) for (let i = 0; i < blocks; i++) manifest.block(index, i)
}

/** Heads first, then windows. */
export async function liveTargets (): Promise<[head: Target, window: Target]> {
  const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(1))
  const publisher = peerIdFromPrivateKey(key).toString()
  const file = fileMaker()
  const playlist = entryOf(await file('live.m3u8', 200), 7, true)
  const segments = await Promise.all(Array.from({ length: 5 }, async (_, i) => entryOf(await file(`${i}.m4s`, 100_000 * i), 10 + i, false)))
  const parts = entryOf(await file('5.m4s', 600_000, { method: 'fixed', boundaries: [200_000, 400_000] }), 20, false)
  const windows = [
    { origins: [], policy: {}, targetMs: 2000, ended: true, entries: [] },
    { origins: ['https://a.example/live/'], policy: POLICY, targetMs: 4000, ended: false, entries: [playlist, ...segments, parts] }
  ]
  const right = await Promise.all(windows.map(async (window, counter) => {
    const { head, block } = await buildHead({ name: NAME, sequence: { epoch: 1, counter }, window, key })
    const envelope = head.subarray(PREFIX_BYTES, head.byteLength - block.bytes.byteLength)
    const opened = await openEnvelope(envelope, HEAD_DOMAIN)
    if (typeof opened === 'string') throw new Error(opened)
    return { block, bytes: head, statement: opened.payload, head: await openHead(head, publisher, NAME) }
  }))
  const statements = right.map(({ statement }) => statement)
  const heads = right.map(({ bytes }) => bytes)
  const blocks = right.map(({ block }) => block.bytes)
  return [
    {
      name: 'head',
      error: ManifestError,
      async make (random) {
        const of = pick(right, random)
        const bytes = random() < SIGNED_SHARE
          ? join(await sealEnvelope(key, HEAD_DOMAIN, HEAD_PAYLOAD_TYPE, mutateCbor(of.statement, statements, random)), of.block.bytes)
          : mutateBytes(of.bytes, heads, random)
        return async () => {
          const head = await openHead(bytes, publisher, NAME)
          if (head.inline !== undefined) readOn(head, block(head.window, head.inline), publisher)
        }
      }
    },
    {
      name: 'window',
      error: ManifestError,
      make (random) {
        const of = pick(right, random)
        const bytes = mutateCbor(of.block.bytes, blocks, random)
        return () => { readOn(of.head, block(of.block, bytes), publisher) }
      }
    }
  ]
}
