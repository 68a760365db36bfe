import { ManifestError, type PeerName } from '@shoal/interface'
import { equalBytes } from '@shoal/base'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { DAG_CBOR_CODE, DAG_PB_CODE, isCidOf } from './cid.js'
import { openEnvelope } from './envelope.js'
import { MAX_PURGE_BYTES, MAX_PURGE_REASON_CHARACTERS, MAX_PURGE_TAG_CHARACTERS } from './limits.js'
import { decodeCanonical, expect, readBoolean, readInt, readList, readMap, readText, show } from './manifest-fields.js'
import { comparePaths, nameFault, pathFault } from './path.js'
import { signerOf } from './signer.js'
import { sha256 } from './verify.js'

/** Domain of the envelope's signature. */
export const PURGE_DOMAIN = 'shoal-purge'

/** Payload type of the envelope: the payload is a purge list in DAG-CBOR. */
export const PURGE_PAYLOAD_TYPE = new TextEncoder().encode('/shoal/purge')

export const PURGE_VERSION = 1

/** The content that a list is of: by its manifest's CID, or the live one of this name that the signer publishes. */
export type PurgedContent = { readonly manifest: string } | { readonly name: string }

/** Everything that is purged of one content, as its publisher says. */
export interface PurgeList {
  readonly content: PurgedContent
  /** ms since 1970 when it was made, or one more than the list before it: the highest counts. */
  readonly sequence: number
  /** The whole content. Then nothing else is named. */
  readonly all: boolean
  /** Paths of segments, and of folders, which end in `/`. None of a live content. In their order. */
  readonly paths: readonly string[]
  /** CIDs of segments, base32. In their order. */
  readonly cids: readonly string[]
  /** Why, for people. */
  readonly reason: string
  /** The tag that the last purge went by. */
  readonly tag: string | undefined
}

/** A list whose signature has been verified; whether its signer is the content's publisher is for the reader to see. */
export interface Purge extends PurgeList {
  readonly publisher: PeerName
  /** SHA-256 of the list as it was signed. */
  readonly digest: Uint8Array
  /** As it came, to pass on. */
  readonly bytes: Uint8Array
}

/** Above 0 when `a` is the newer of two lists of one content, 0 when they are the same. */
export function comparePurges (a: Purge, b: Purge): number {
  if (a.sequence !== b.sequence) return a.sequence - b.sequence
  const at = a.digest.findIndex((byte, i) => byte !== b.digest[i])
  return at < 0 ? 0 : (a.digest[at] as number) - (b.digest[at] as number)
}

/**
 * Reads a purge list and verifies its signature.
 *
 * @throws ManifestError malformed, absurd or not signed; and nothing else
 */
export async function openPurge (bytes: Uint8Array): Promise<Purge> {
  const opened = await openEnvelope(bytes, PURGE_DOMAIN, MAX_PURGE_BYTES)
  if (typeof opened === 'string') throw new ManifestError(`the purge is not signed: ${opened}`)
  expect(equalBytes(opened.payloadType, PURGE_PAYLOAD_TYPE), () => 'expected the envelope of a purge, got one of something else')
  return { ...decodePurge(opened.payload), publisher: signerOf(opened.publicKey), digest: await sha256(opened.payload), bytes }
}

/**
 * Reads what was signed. Fields it does not know are refused: what is to be purged is never ignored.
 *
 * @throws ManifestError and nothing else
 */
export function decodePurge (payload: Uint8Array): PurgeList {
  const { version, content, sequence, all, paths, cids, reason, tag, ...unknown } = readMap(decodeCanonical(payload, 'purge'), 'the purge')
  expect(version === PURGE_VERSION, () => `expected a purge of version ${PURGE_VERSION}, got ${show(version)}; a newer Shoal may read it`)
  expect(Object.keys(unknown).length === 0, () => `the purge has ${show(Object.keys(unknown)[0])}, which this version of Shoal cannot apply`)
  const list: PurgeList = {
    content: readContent(content),
    sequence: readInt(sequence, 'the sequence of a purge', 0, Number.MAX_SAFE_INTEGER),
    all: readBoolean(all, 'whether all is purged'),
    paths: readList(paths, 'the paths of a purge', MAX_PURGE_BYTES).map(readPath),
    cids: readList(cids, 'the CIDs of a purge', MAX_PURGE_BYTES).map(readSegmentCid),
    reason: readWords(reason, 'the reason of a purge', MAX_PURGE_REASON_CHARACTERS),
    tag: tag === undefined ? undefined : readWords(tag, 'the tag of a purge', MAX_PURGE_TAG_CHARACTERS)
  }
  checkOrder(list.paths, comparePaths)
  checkOrder(list.cids, comparePaths)
  const named = list.paths.length + list.cids.length
  expect(list.all ? named === 0 : named > 0, () => `expected a purge of all or of what it names, got ${list.all ? `all and ${named} names` : 'neither'}`)
  expect('manifest' in list.content || (!list.all && list.paths.length === 0), () => 'expected a purge of a live content to name CIDs and nothing else')
  return list
}

function readContent (value: unknown): PurgedContent {
  if (typeof value === 'string') {
    const fault = nameFault(value)
    expect(fault === undefined, () => `the name ${show(value)} ${fault ?? ''}`)
    return { name: value }
  }
  const cid = CID.asCID(value)
  expect(cid !== null && isCidOf(cid, DAG_CBOR_CODE), () => `expected the CID (version 1, dag-cbor, sha2-256) of a manifest or a name, got ${show(value)}`)
  return { manifest: cid.toString() }
}

function readPath (value: unknown): string {
  const path = readText(value, 'a path of a purge')
  const fault = pathFault(path.endsWith('/') ? path.slice(0, -1) : path)
  expect(fault === undefined, () => `the path ${show(path)} ${fault ?? ''}`)
  return path
}

function readSegmentCid (value: unknown): string {
  const cid = CID.asCID(value)
  expect(cid !== null && isCidOf(cid, raw.code, DAG_PB_CODE), () => `expected the CID (version 1, raw or dag-pb, sha2-256) of a segment, got ${show(value)}`)
  return cid.toString()
}

function readWords (value: unknown, what: string, max: number): string {
  const text = readText(value, what)
  expect(text.length <= max && text.isWellFormed(), () => `expected ${what} to have at most ${max} characters, got ${text.length}`)
  return text
}

/** One form for one list: rising, and nothing twice. */
function checkOrder (items: readonly string[], compare: (a: string, b: string) => number): void {
  for (let i = 1; i < items.length; i++) {
    const [before, item] = items.slice(i - 1, i + 1) as [string, string]
    expect(compare(before, item) < 0, () => `expected what is purged in its order, got ${show(item)} after ${show(before)}`)
  }
}
