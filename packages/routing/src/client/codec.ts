import { WireError } from '@shoal/interface'
import { K, MAX_ADDR_BYTES, MAX_NAMED_ADDRS, MAX_NAMED_PROVIDERS, MAX_PEER_ID_BYTES } from '../defaults.js'
import { readFields, writeFields, type Field } from './protobuf.js'

/** Kinds of messages that a client sends, and servers answer with (https://github.com/libp2p/specs/tree/master/kad-dht#rpc-messages). */
export const ADD_PROVIDER = 2
export const GET_PROVIDERS = 3
export const FIND_NODE = 4

/** A peer as a message names it: multihash and binary multiaddrs, none of them looked into yet. */
export interface NamedPeer {
  readonly id: Uint8Array
  readonly addrs: readonly Uint8Array[]
}

export interface DhtMessage {
  readonly type: number
  readonly key: Uint8Array
  /** Servers that are closer to the key. */
  readonly closer: readonly NamedPeer[]
  readonly providers: readonly NamedPeer[]
}

const TYPE = 1
const KEY = 2
const CLOSER = 8
const PROVIDERS = 9
const PEER_ID = 1
const PEER_ADDR = 2

export function encodeMessage ({ type, key, closer, providers }: DhtMessage): Uint8Array {
  return writeFields([
    { field: TYPE, value: type },
    { field: KEY, value: key },
    ...closer.map(peer => ({ field: CLOSER, value: encodePeer(peer) })),
    ...providers.map(peer => ({ field: PROVIDERS, value: encodePeer(peer) }))
  ])
}

/**
 * Records and whatever else a message may hold are passed over, and so are peers without a name of a sensible length, peers and addresses
 * past the most that are of use, and addresses that are too long. Names and addresses are views, not copies.
 *
 * @throws WireError when it is no such message
 */
export function decodeMessage (bytes: Uint8Array): DhtMessage {
  let type = 0
  let key: Uint8Array = new Uint8Array(0)
  const closer: NamedPeer[] = []
  const providers: NamedPeer[] = []
  for (const each of readFields(bytes)) {
    switch (each.field) {
      case TYPE:
        if (typeof each.value !== 'number') throw new WireError('expected a number as type of a DHT message, got bytes')
        type = each.value
        break
      case KEY:
        key = bytesOf(each)
        break
      case CLOSER:
        if (closer.length < K) closer.push(...decodePeer(bytesOf(each)))
        break
      case PROVIDERS:
        if (providers.length < MAX_NAMED_PROVIDERS) providers.push(...decodePeer(bytesOf(each)))
        break
    }
  }
  return { type, key, closer, providers }
}

function encodePeer ({ id, addrs }: NamedPeer): Uint8Array {
  return writeFields([{ field: PEER_ID, value: id }, ...addrs.map(value => ({ field: PEER_ADDR, value }))])
}

/** One, or none where it has no name. */
function decodePeer (bytes: Uint8Array): NamedPeer[] {
  let id: Uint8Array | undefined
  const addrs: Uint8Array[] = []
  for (const each of readFields(bytes)) {
    if (each.field === PEER_ID) id = bytesOf(each)
    if (each.field !== PEER_ADDR) continue
    const addr = bytesOf(each)
    if (addrs.length < MAX_NAMED_ADDRS && addr.byteLength <= MAX_ADDR_BYTES) addrs.push(addr)
  }
  return id === undefined || id.byteLength === 0 || id.byteLength > MAX_PEER_ID_BYTES ? [] : [{ id, addrs }]
}

function bytesOf ({ field, value }: Field): Uint8Array {
  if (typeof value === 'number') throw new WireError(`expected bytes in field ${field} of a DHT message, got a number`)
  return value
}
