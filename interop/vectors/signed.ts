/** What publishers and tenants sign, in the form that the vectors have: bytes are hex, what is not there is null. */

import { verifyBlock, type Purge } from '@shoal/content'
import { applyDelta, decodeWindow, openHead, type WindowEntry } from '@shoal/content/live'
import type { Grant } from '@shoal/policy'
import { dagCborCid, dagPbCid, rawCid } from '../../packages/content/dist/src/cid.js'
import { hex, unhex, type HeadBody, type HeadVector, type PurgeBody, type TokenGrant } from './read.ts'

const BLOCK = 262_144

/** What a head says, its window verified. @throws ManifestError, BlockMismatchError */
export async function readHead (
  { publisher, content, head, window, before }: Pick<HeadVector, 'publisher' | 'content' | 'head' | 'window' | 'before'>
): Promise<HeadBody> {
  const opened = await openHead(unhex(head), publisher, content)
  const made = before === undefined ? undefined : applyDelta(opened.delta ?? [], unhex(before), opened.window.size)
  const { bytes } = await verifyBlock(opened.window, opened.inline ?? made ?? unhex(before === undefined ? window ?? '' : ''))
  const { origins, policy, targetMs, ended, entries } = decodeWindow(bytes)
  return {
    epoch: opened.sequence.epoch,
    counter: opened.sequence.counter,
    window: dagCborCid(opened.window.digest).toString(),
    size: opened.window.size,
    digest: hex(opened.digest),
    ended,
    target: targetMs,
    origins,
    policy: policy as HeadBody['policy'],
    segments: await Promise.all(entries.map(segmentOf))
  }
}

async function segmentOf ({ index, playlist, path, size, digest, leaves, offsets, duration, rendition }: WindowEntry): Promise<HeadBody['segments'][number]> {
  const count = leaves.byteLength / 32
  const digests = Array.from({ length: count }, (_, i) => leaves.subarray(32 * i, 32 * i + 32))
  const only = digests[0] ?? new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array()))
  return {
    index,
    playlist,
    path,
    size,
    cid: (digest === undefined ? rawCid(only) : dagPbCid(digest)).toString(),
    digests: digests.map(hex),
    lengths: digests.map((_, i) => offsets === undefined ? Math.min(BLOCK, size - i * BLOCK) : offsets[i + 1]! - offsets[i]!),
    duration: duration ?? null,
    rendition: rendition ?? null
  }
}

export function purgeBody ({ publisher, content, sequence, all, paths, cids, reason, tag, digest }: Purge): PurgeBody {
  const [manifest, name] = 'manifest' in content ? [content.manifest, null] : [null, content.name]
  return { publisher, manifest, name, sequence, all, paths, cids, reason, tag: tag ?? null, digest: hex(digest) }
}

export function grantBody ({ id, peer, role, region, swarms, paths, notBefore, expires }: Grant): TokenGrant {
  return {
    id,
    peer,
    role,
    region: region ?? null,
    swarms: swarms === undefined ? null : [...swarms].map(([id, derived]) => ({ id, derived })),
    paths: paths ?? null,
    notBefore,
    expires
  }
}
