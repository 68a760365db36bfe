import { WireError, type PeerHint } from '@shoal/interface'
import { fromHex } from '@shoal/base'
import { ByteWriter, utf8 } from './bytes.js'
import { DATA_TYPE, FLAG_MORE, FRAME_TYPES } from './frame-types.js'
import { writeHave } from './have.js'
import {
  DATA_HEADER_BYTES, FRAME_HEADER_BYTES, MAX_ADDR_BYTES, MAX_ADDRS_PER_PEER, MAX_BLOCKS_PER_MESSAGE, MAX_HEAD_BYTES, MAX_PEER_BYTES,
  MAX_PEX_PEERS, MAX_PURGE_BYTES, MAX_REASON_BYTES, MAX_TOKEN_BYTES
} from './limits.js'
import { reasonCode } from './reasons.js'
import type { DataHeader, Head, Message, Pex, Revoked, SwarmHandle } from './types.js'

/**
 * One message as a whole frame.
 *
 * @throws WireError when the message breaks a limit of the protocol: the peer would close the session
 */
export function encodeMessage (message: Message): Uint8Array {
  const out = new ByteWriter()
  out.u8(FRAME_TYPES[message.type])
  out.u8('more' in message && message.more ? FLAG_MORE : 0)
  out.u16('handle' in message ? message.handle : 0)
  out.u32(0)
  writePayload(out, message)
  out.setU32(4, out.length - FRAME_HEADER_BYTES)
  return out.finish()
}

/** Everything of a DATA frame but the `length` bytes of the block that follow it. */
export function encodeDataHeader (header: DataHeader, length: number): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + DATA_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, DATA_TYPE)
  view.setUint32(4, DATA_HEADER_BYTES + length)
  view.setUint32(8, header.id)
  view.setUint32(12, header.block)
  view.setUint32(16, header.offset)
  view.setUint32(20, header.total)
  return bytes
}

/** A head as HEAD messages that each fit a frame of `frameCap` bytes. @throws WireError when it is empty or over 64 KiB */
export function splitHead (handle: SwarmHandle, head: Uint8Array, frameCap: number): Head[] {
  return split('head', handle, head, frameCap)
}

/** A tenant's list of revoked tokens as REVOKED messages, in the same way. @throws WireError when it is empty or over 64 KiB */
export function splitRevoked (handle: SwarmHandle, list: Uint8Array, frameCap: number): Revoked[] {
  return split('revoked', handle, list, frameCap)
}

function split<T extends 'head' | 'revoked'> (
  type: T, handle: SwarmHandle, value: Uint8Array, frameCap: number
): { type: T, handle: SwarmHandle, bytes: Uint8Array, more: boolean }[] {
  if (value.byteLength === 0 || value.byteLength > MAX_HEAD_BYTES) {
    throw new WireError(`expected a ${type} of 1 to ${MAX_HEAD_BYTES} bytes, got ${value.byteLength}`)
  }
  const room = frameCap - FRAME_HEADER_BYTES
  const messages: { type: T, handle: SwarmHandle, bytes: Uint8Array, more: boolean }[] = []
  for (let at = 0; at < value.byteLength; at += room) {
    messages.push({ type, handle, bytes: value.subarray(at, at + room), more: at + room < value.byteLength })
  }
  return messages
}

/** Peers as PEX messages that each fit a frame of `frameCap` bytes. Names and addresses that are too long or too many are left out. */
export function splitPex (handle: SwarmHandle, peers: readonly PeerHint[], frameCap: number): Pex[] {
  const room = frameCap - FRAME_HEADER_BYTES - 1
  const messages: { type: 'pex', handle: SwarmHandle, peers: PeerHint[] }[] = []
  let used = Infinity
  for (const { peer, addrs } of peers) {
    const fitting = addrs.filter(addr => utf8(addr).byteLength <= MAX_ADDR_BYTES).slice(0, MAX_ADDRS_PER_PEER)
    const size = 2 + utf8(peer).byteLength + fitting.reduce((sum, addr) => sum + 2 + utf8(addr).byteLength, 0)
    if (utf8(peer).byteLength > MAX_PEER_BYTES) continue
    if (used + size > room || messages.at(-1)?.peers.length === MAX_PEX_PEERS) {
      messages.push({ type: 'pex', handle, peers: [] })
      used = 0
    }
    messages.at(-1)?.peers.push({ peer, addrs: fitting })
    used += size
  }
  return messages
}

function writePayload (out: ByteWriter, message: Message): void {
  switch (message.type) {
    case 'hello':
      out.u16(message.version)
      out.u16(message.minVersion)
      out.u32(message.frameCap)
      out.u32(message.credit)
      out.u32(message.features)
      break
    case 'join':
      writeJoin(out, message.swarm, message.token)
      break
    case 'join-refused':
      out.u8(reasonCode(message.reason))
      break
    case 'have':
      writeHave(out, message.delta)
      break
    case 'fetching':
      out.u32(message.segment)
      break
    case 'head':
    case 'revoked':
      out.bytes(message.bytes)
      break
    case 'purge':
      writePurge(out, message.swarm, message.bytes)
      break
    case 'pex':
      out.u8(message.peers.length)
      for (const hint of message.peers) writeHint(out, hint)
      break
    case 'request':
    case 'subscribe':
      out.u32(message.id)
      out.u32(message.segment)
      writeBlocks(out, message.blocks)
      break
    case 'refuse':
      out.u32(message.id)
      out.u8(reasonCode(message.reason))
      writeBlocks(out, message.blocks)
      break
    case 'cancel':
      out.u32(message.id)
      writeBlocks(out, message.blocks)
      break
    case 'credit':
      out.u32(message.bytes)
      break
    case 'ping':
    case 'pong':
      out.u32(message.nonce)
      break
    case 'goodbye':
      out.bytes(cutUtf8(message.reason, MAX_REASON_BYTES))
      break
    case 'leave':
    case 'choke':
    case 'unchoke':
      break
  }
}

function writeJoin (out: ByteWriter, swarm: string, token: string | undefined): void {
  const bytes = utf8(token ?? '')
  if (bytes.byteLength > MAX_TOKEN_BYTES) {
    throw new WireError(`expected a token of at most ${MAX_TOKEN_BYTES} bytes, got ${bytes.byteLength}: use a shorter token`)
  }
  writeSwarm(out, swarm)
  out.u16(bytes.byteLength)
  out.bytes(bytes)
}

function writePurge (out: ByteWriter, swarm: string, bytes: Uint8Array): void {
  if (bytes.byteLength === 0 || bytes.byteLength > MAX_PURGE_BYTES) {
    throw new WireError(`expected a purge of 1 to ${MAX_PURGE_BYTES} bytes, got ${bytes.byteLength}`)
  }
  writeSwarm(out, swarm)
  out.bytes(bytes)
}

function writeSwarm (out: ByteWriter, swarm: string): void {
  const id = fromHex(swarm)
  if (id?.byteLength !== 32) throw new WireError(`expected a swarm id of 64 hex digits, got ${JSON.stringify(swarm)}`)
  out.bytes(id)
}

function writeBlocks (out: ByteWriter, blocks: readonly number[]): void {
  if (blocks.length === 0 || blocks.length > MAX_BLOCKS_PER_MESSAGE) {
    throw new WireError(`expected 1 to ${MAX_BLOCKS_PER_MESSAGE} blocks in a message, got ${blocks.length}`)
  }
  out.u16(blocks.length)
  for (const block of blocks) out.u32(block)
}

function writeHint (out: ByteWriter, { peer, addrs }: PeerHint): void {
  const name = utf8(peer)
  out.u8(name.byteLength)
  out.bytes(name)
  out.u8(addrs.length)
  for (const addr of addrs) {
    const bytes = utf8(addr)
    out.u16(bytes.byteLength)
    out.bytes(bytes)
  }
}

/** Cuts between characters, never inside one. */
function cutUtf8 (text: string, limit: number): Uint8Array {
  const bytes = utf8(text)
  let end = Math.min(limit, bytes.byteLength)
  while (end < bytes.byteLength && ((bytes[end] as number) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}
