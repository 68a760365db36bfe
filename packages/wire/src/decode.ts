import { WireError, type PeerHint } from '@shoal/interface'
import { toHex } from '@shoal/base'
import { ByteReader } from './bytes.js'
import { FLAG_MORE, messageName } from './frame-types.js'
import type { FrameHeader } from './frame.js'
import { readHave } from './have.js'
import {
  MAX_ADDR_BYTES, MAX_ADDRS_PER_PEER, MAX_BLOCKS_PER_MESSAGE, MAX_CREDIT_BYTES, MAX_PEER_BYTES, MAX_PEX_PEERS, MAX_PURGE_BYTES,
  MAX_REASON_BYTES, MAX_TOKEN_BYTES, MIN_CREDIT_BYTES, MIN_FRAME_CAP_BYTES
} from './limits.js'
import { reasonOf } from './reasons.js'
import type { Hello, Message } from './types.js'

/**
 * The message in a whole control frame, `undefined` when this version does not know its type. Fields behind the known ones are ignored.
 *
 * @throws WireError when the payload is short, breaks a limit or makes no sense; nothing else is ever thrown
 */
export function decodeMessage (header: FrameHeader, payload: Uint8Array): Message | undefined {
  const type = messageName(header.type)
  if (type === undefined) return undefined
  const from = new ByteReader(payload)
  const more = (header.flags & FLAG_MORE) !== 0
  switch (type) {
    case 'hello': return readHello(from)
    case 'goodbye': return { type, reason: from.text(Math.min(payload.byteLength, MAX_REASON_BYTES)) }
    case 'ping':
    case 'pong': return { type, nonce: from.u32() }
    case 'request':
    case 'subscribe': return { type, handle: handleOf(header), id: from.u32(), segment: from.u32(), blocks: readBlocks(from) }
    case 'refuse': return { type, id: from.u32(), reason: reasonOf(from.u8()), blocks: readBlocks(from) }
    case 'cancel': return { type, id: from.u32(), blocks: readBlocks(from) }
    case 'credit': return { type, bytes: from.u32() }
    case 'join': return { type, handle: handleOf(header), swarm: toHex(from.bytes(32)), token: readToken(from) }
    case 'join-refused': return { type, handle: handleOf(header), reason: reasonOf(from.u8()) }
    case 'have': return { type, handle: handleOf(header), delta: readHave(from), more, bytes: payload.byteLength }
    case 'fetching': return { type, handle: handleOf(header), segment: from.u32() }
    case 'purge': return { type, swarm: toHex(from.bytes(32)), bytes: readPurge(from) }
    case 'head':
    case 'revoked': return { type, handle: handleOf(header), bytes: from.rest().slice(), more }
    case 'pex': return { type, handle: handleOf(header), peers: readHints(from) }
    case 'leave':
    case 'choke':
    case 'unchoke': return { type, handle: handleOf(header) }
  }
}

function handleOf (header: FrameHeader): number {
  if (header.handle === 0) throw new WireError(`expected the handle of a swarm in a frame of type ${header.type}, got 0`)
  return header.handle
}

function readHello (from: ByteReader): Hello {
  const hello: Hello = { type: 'hello', version: from.u16(), minVersion: from.u16(), frameCap: from.u32(), credit: from.u32(), features: from.u32() }
  if (hello.frameCap < MIN_FRAME_CAP_BYTES) {
    throw new WireError(`expected a frame cap of at least ${MIN_FRAME_CAP_BYTES} bytes, got ${hello.frameCap}`)
  }
  if (hello.credit < MIN_CREDIT_BYTES || hello.credit > MAX_CREDIT_BYTES) {
    throw new WireError(`expected a first credit of ${MIN_CREDIT_BYTES} to ${MAX_CREDIT_BYTES} bytes, got ${hello.credit}`)
  }
  return hello
}

function readToken (from: ByteReader): string | undefined {
  const length = from.u16()
  if (length > MAX_TOKEN_BYTES) throw new WireError(`expected a token of at most ${MAX_TOKEN_BYTES} bytes, got ${length}`)
  return length === 0 ? undefined : from.text(length)
}

function readPurge (from: ByteReader): Uint8Array {
  const bytes = from.rest()
  if (bytes.byteLength === 0 || bytes.byteLength > MAX_PURGE_BYTES) {
    throw new WireError(`expected a purge of 1 to ${MAX_PURGE_BYTES} bytes, got ${bytes.byteLength}`)
  }
  return bytes.slice()
}

function readBlocks (from: ByteReader): number[] {
  const count = from.u16()
  if (count === 0 || count > MAX_BLOCKS_PER_MESSAGE) {
    throw new WireError(`expected 1 to ${MAX_BLOCKS_PER_MESSAGE} blocks in a message, got ${count}`)
  }
  const blocks: number[] = []
  for (let i = 0; i < count; i++) blocks.push(from.u32())
  return blocks
}

function readHints (from: ByteReader): PeerHint[] {
  const count = from.u8()
  if (count > MAX_PEX_PEERS) throw new WireError(`expected at most ${MAX_PEX_PEERS} peers in a message, got ${count}`)
  const hints: PeerHint[] = []
  for (let i = 0; i < count; i++) {
    const peer = readText(from, from.u8(), MAX_PEER_BYTES, 'peer id')
    const length = from.u8()
    if (length > MAX_ADDRS_PER_PEER) throw new WireError(`expected at most ${MAX_ADDRS_PER_PEER} addresses of a peer, got ${length}`)
    const addrs: string[] = []
    for (let j = 0; j < length; j++) addrs.push(readText(from, from.u16(), MAX_ADDR_BYTES, 'address'))
    hints.push({ peer, addrs })
  }
  return hints
}

function readText (from: ByteReader, length: number, limit: number, what: string): string {
  if (length === 0 || length > limit) throw new WireError(`expected a ${what} of 1 to ${limit} bytes, got ${length}`)
  return from.text(length)
}
