import type { PrivateKey } from '@libp2p/interface'
import * as dagCbor from '@ipld/dag-cbor'
import { PublishError, type VerifiedBlock } from '@shoal/interface'
import { dagCborCid } from './cid.js'
import { concat } from '@shoal/base'
import { encodeEntry, joinPage, listHead } from './encode-manifest.js'
import { HEAD_DOMAIN, HEAD_PAYLOAD_TYPE, HEAD_VERSION, type Sequence } from './head.js'
import { BLOCK_SIZE_BYTES, MAX_DELTA_BYTES, MAX_HEAD_BYTES } from './limits.js'
import { encodePolicy } from './policy-fields.js'
import { sealEnvelope } from './seal-envelope.js'
import { decodeWindow, WINDOW_VERSION, type Window, type WindowEntry } from './window.js'
import { deltaOf, type WindowPieces } from './window-delta.js'
import { hashBlock } from './verify.js'

export interface HeadInit {
  readonly name: string
  readonly sequence: Sequence
  readonly window: Window
  /** The publisher's. */
  readonly key: PrivateKey
  /** The head whose counter is one less. @default none: whoever has the window of that one gets this one no cheaper */
  readonly before?: BuiltHead | undefined
}

export interface BuiltHead {
  /** To send and to pass on. */
  readonly head: Uint8Array
  /** The bytes of the window, field by field. */
  readonly pieces: WindowPieces
  /** The window's own block, to serve where it is not inside the head. */
  readonly block: VerifiedBlock
  /** Segments that the window had no room for: the oldest. */
  readonly left: readonly WindowEntry[]
}

/**
 * Signs what a live content consists of now. What does not fit in one block is left out, the oldest segments first; playlists stay, and
 * what has no duration: init segments, without which the others cannot be played.
 *
 * @throws PublishError what no window may hold
 */
export async function buildHead ({ name, sequence, window, key, before }: HeadInit): Promise<BuiltHead> {
  const { entries, left } = fit(window)
  const pieces = [encodeFront(window, entries.length), ...entries]
  const bytes = concat(pieces)
  try {
    decodeWindow(bytes)
  } catch (error) {
    throw new PublishError(`the live content ${JSON.stringify(name)} cannot be stated: ${(error as Error).message}`, { cause: error })
  }
  const block = await hashBlock(bytes)
  const statement = { version: HEAD_VERSION, name, ...sequence, window: dagCborCid(block.digest), size: bytes.byteLength }
  const delta = before === undefined ? undefined : deltaOf(before.pieces, pieces)
  const short = delta !== undefined && dagCbor.encode(delta).byteLength <= Math.min(MAX_DELTA_BYTES, bytes.byteLength / 2)
  const envelope = await sealEnvelope(key, HEAD_DOMAIN, HEAD_PAYLOAD_TYPE, dagCbor.encode(short ? { ...statement, delta } : statement))
  const signed = concat([Uint8Array.of(envelope.byteLength >>> 8, envelope.byteLength & 0xff), envelope])
  const whole = signed.byteLength + bytes.byteLength <= MAX_HEAD_BYTES
  return { head: whole ? concat([signed, bytes]) : signed, pieces, block, left }
}

/** Bytes of everything but the segments, far above what origins of the longest kind can take. */
const ROOM_BYTES = BLOCK_SIZE_BYTES - 40 * 1024

function fit ({ entries }: Window): { entries: Uint8Array[], left: WindowEntry[] } {
  const encoded = entries.map(entry => ({ entry, bytes: encodeWindowEntry(entry) }))
  let size = encoded.reduce((sum, { bytes }) => sum + bytes.byteLength, 0)
  const left: WindowEntry[] = []
  const kept = encoded.filter(({ entry, bytes }) => {
    if (size <= ROOM_BYTES || entry.playlist || entry.duration === undefined) return true
    size -= bytes.byteLength
    left.push(entry)
    return false
  })
  return { entries: kept.map(({ bytes }) => bytes), left }
}

/** `[number, playlist, entry]`: the head of a list of three, then its parts as they are encoded alone. */
function encodeWindowEntry (entry: WindowEntry): Uint8Array {
  return joinPage([dagCbor.encode(entry.index), dagCbor.encode(entry.playlist), encodeEntry(entry, undefined)])
}

/** All but the segments, which are encoded already; a map's fields come in the order of their length, then of their bytes. */
function encodeFront ({ origins, policy, targetMs, ended }: Window, segments: number): Uint8Array {
  const asked = encodePolicy(policy)
  const fields = { ended, target: targetMs, origins, version: WINDOW_VERSION }
  const bytes = dagCbor.encode(Object.keys(asked).length > 0 ? { ...fields, policy: asked } : fields)
  // the head of the map, one field longer: that with the longest key comes last
  bytes[0] = (bytes[0] as number) + 1
  return concat([bytes, dagCbor.encode('segments'), listHead(segments)])
}
