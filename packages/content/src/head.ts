import { ManifestError, type BlockRef, type PeerName } from '@shoal/interface'
import { concat, equalBytes } from '@shoal/base'
import { CID } from 'multiformats/cid'
import { DAG_CBOR_CODE, isCidOf } from './cid.js'
import { openEnvelope } from './envelope.js'
import { BLOCK_SIZE_BYTES, MAX_ENVELOPE_BYTES, MAX_HEAD_BYTES } from './limits.js'
import { decodeCanonical, expect, readInt, readMap, readText, show } from './manifest-fields.js'
import { signerOf } from './signer.js'
import { sha256 } from './verify.js'
import { readDelta, type WindowDelta } from './window-delta.js'

/** Domain of the envelope's signature. */
export const HEAD_DOMAIN = 'shoal-head'

/** Payload type of the envelope: the payload is a statement in DAG-CBOR. */
export const HEAD_PAYLOAD_TYPE = new TextEncoder().encode('/shoal/head')

export const HEAD_VERSION = 1

/** Bytes before the envelope: its length, big endian. */
const HEAD_PREFIX_BYTES = 2

/** The newer of two is that with the higher epoch, or with the same epoch and the higher counter. */
export interface Sequence {
  /** ms since 1970 at the publisher's start, or more. */
  readonly epoch: number
  readonly counter: number
}

/** What a publisher says of a live content at one moment, verified. */
export interface Head {
  readonly sequence: Sequence
  /** The block that holds the window. */
  readonly window: BlockRef & { readonly size: number }
  /** SHA-256 of the statement: the same for the same head, whoever sent it. */
  readonly digest: Uint8Array
  /** How the window comes of that of the head before, whose counter is one less, where that is little; not verified yet. */
  readonly delta: WindowDelta | undefined
  /** The window's bytes where they came along; not verified yet. */
  readonly inline: Uint8Array | undefined
  /** What is signed, as it came: to pass on to those who have the window before. */
  readonly signed: Uint8Array
}

export function compareSequences (a: Sequence, b: Sequence): number {
  return a.epoch - b.epoch || a.counter - b.counter
}

/**
 * Reads a head and verifies that the publisher signed it for this content.
 *
 * @throws ManifestError malformed, absurd, for another content, or signed by somebody else; and nothing else
 */
export async function openHead (bytes: Uint8Array, publisher: PeerName, name: string): Promise<Head> {
  const { signed, envelope, inline } = split(bytes)
  const opened = await openEnvelope(envelope, HEAD_DOMAIN)
  if (typeof opened === 'string') throw new ManifestError(`the head of ${name} is not signed: ${opened}`)
  expect(equalBytes(opened.payloadType, HEAD_PAYLOAD_TYPE), () => 'expected the envelope of a head, got one of something else')
  const signer = signerOf(opened.publicKey)
  expect(signer === publisher, () => `expected a head signed by ${publisher}, got one by ${signer}`)
  const map = readMap(decodeCanonical(opened.payload, 'head'), 'the head')
  expect(map.version === HEAD_VERSION, () => `expected a head of version ${HEAD_VERSION}, got ${show(map.version)}; a newer Shoal may read it`)
  const named = readText(map.name, 'the name')
  expect(named === name, () => `expected a head of ${show(name)}, got one of ${show(named)}`)
  const cid = CID.asCID(map.window)
  expect(cid !== null && isCidOf(cid, DAG_CBOR_CODE), () => `expected the CID (version 1, dag-cbor, sha2-256) of a window, got ${cid?.toString() ?? show(map.window)}`)
  const size = readInt(map.size, "the window's size", 1, BLOCK_SIZE_BYTES)
  expect(inline === undefined || inline.byteLength === size, () => `expected a window of ${size} bytes in the head, got ${inline?.byteLength ?? 0}`)
  return {
    sequence: {
      epoch: readInt(map.epoch, 'the epoch', 0, Number.MAX_SAFE_INTEGER),
      counter: readInt(map.counter, 'the counter', 0, Number.MAX_SAFE_INTEGER)
    },
    window: { digest: cid.multihash.digest, size },
    digest: await sha256(opened.payload),
    delta: map.delta === undefined ? undefined : readDelta(map.delta),
    inline,
    signed
  }
}

/** The head with its window, for those who may not have the one before; without, where a message has no room for both. */
export function withWindow ({ signed }: Head, window: Uint8Array): Uint8Array {
  return signed.byteLength + window.byteLength <= MAX_HEAD_BYTES ? concat([signed, window]) : signed
}

function split (bytes: Uint8Array): { signed: Uint8Array, envelope: Uint8Array, inline: Uint8Array | undefined } {
  expect(bytes.byteLength <= MAX_HEAD_BYTES, () => `expected a head of at most ${MAX_HEAD_BYTES} bytes, got ${bytes.byteLength}`)
  const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)
  const end = HEAD_PREFIX_BYTES + length
  expect(length <= MAX_ENVELOPE_BYTES && end <= bytes.byteLength, () => {
    return `expected an envelope of at most ${MAX_ENVELOPE_BYTES} bytes in the head, got ${length} of ${bytes.byteLength}`
  })
  return {
    signed: bytes.subarray(0, end),
    envelope: bytes.subarray(HEAD_PREFIX_BYTES, end),
    inline: end < bytes.byteLength ? bytes.subarray(end) : undefined
  }
}
