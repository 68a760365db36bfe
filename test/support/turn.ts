/**
 * A TURN server of our own (RFC 8656), for one user: passes on what comes by UDP over IPv4, to whomever the user has permitted. It answers
 * STUN as well. Permissions and channels last as long as their allocation.
 */

import { createHash, createHmac, randomBytes } from 'node:crypto'
import { createSocket, type Socket } from 'node:dgram'

export interface TurnUser { readonly username: string, readonly credential: string }

const REALM = 'shoal.test'
const MAGIC_COOKIE = 0x2112a442
const HEADER_BYTES = 20
const INTEGRITY_BYTES = 24
const LIFETIME_S = 600

const METHOD = { binding: 0x001, allocate: 0x003, refresh: 0x004, send: 0x006, data: 0x007, permit: 0x008, channel: 0x009 }
const INDICATION = 0x010
const SUCCESS = 0x100
const ERROR = 0x110
const ATTRIBUTE = {
  username: 0x06, integrity: 0x08, error: 0x09, channel: 0x0c, lifetime: 0x0d, peer: 0x12, data: 0x13, realm: 0x14, nonce: 0x15,
  relayed: 0x16, mapped: 0x20
}

interface Place { readonly address: string, readonly port: number }

interface Allocation {
  readonly socket: Socket
  readonly permitted: Set<string>
  readonly channels: Map<number, Place>
}

/** Resolves when it listens. */
export async function turnServer (address: string, port: number, { username, credential }: TurnUser): Promise<Socket> {
  const key = createHash('md5').update(`${username}:${REALM}:${credential}`).digest()
  const nonce = randomBytes(12).toString('hex')
  const allocations = new Map<string, Allocation>()
  const socket = await bound(address, port)

  socket.on('message', (message, from) => {
    const allocation = allocations.get(nameOf(from))
    if (message.length >= 4 && (message.readUInt8(0) & 0xc0) === 0x40) {
      const peer = allocation?.channels.get(message.readUInt16BE(0))
      if (peer !== undefined) allocation?.socket.send(message.subarray(4, 4 + message.readUInt16BE(2)), peer.port, peer.address)
      return
    }
    if (message.length < HEADER_BYTES || message.readUInt32BE(4) !== MAGIC_COOKIE) return
    const type = message.readUInt16BE(0)
    const attributes = attributesOf(message)
    const transaction = message.subarray(8, HEADER_BYTES)
    const reply = (answer: Buffer): void => { socket.send(answer, from.port, from.address) }
    if (type === METHOD.binding) {
      reply(frame(type | SUCCESS, transaction, [addressAttribute(ATTRIBUTE.mapped, from)]))
    } else if (type === (METHOD.send | INDICATION)) {
      const peer = placeOf(attributes.get(ATTRIBUTE.peer))
      const data = attributes.get(ATTRIBUTE.data)
      if (peer !== undefined && data !== undefined && allocation?.permitted.has(peer.address) === true) {
        allocation.socket.send(data, peer.port, peer.address)
      }
    } else if ((type & ERROR) === 0) {
      // whoever asks first has no nonce yet, and asks again
      const refused = (code: number, reason: string): void => {
        reply(frame(type | ERROR, transaction, [
          attribute(ATTRIBUTE.error, Buffer.concat([Buffer.from([0, 0, Math.floor(code / 100), code % 100]), Buffer.from(reason)])),
          attribute(ATTRIBUTE.realm, Buffer.from(REALM)), attribute(ATTRIBUTE.nonce, Buffer.from(nonce))
        ]))
      }
      if (attributes.get(ATTRIBUTE.username)?.toString() !== username || !proves(message, key)) {
        refused(401, 'Unauthorized')
        return
      }
      void granted(type, attributes, from).then(
        answer => { reply(frame(type | SUCCESS, transaction, answer, key)) },
        (error: Error) => { refused(400, error.message) })
    }
  })

  /** Does what a user asks; resolves with the attributes of the answer. */
  async function granted (method: number, attributes: ReadonlyMap<number, Buffer>, from: Place): Promise<Buffer[]> {
    const name = nameOf(from)
    if (method === METHOD.allocate) {
      const allocation = allocations.get(name) ?? { socket: await allocate(from), permitted: new Set(), channels: new Map() }
      allocations.set(name, allocation)
      return [
        addressAttribute(ATTRIBUTE.relayed, allocation.socket.address()), lifetime(LIFETIME_S), addressAttribute(ATTRIBUTE.mapped, from)
      ]
    }
    const allocation = allocations.get(name)
    if (allocation === undefined) throw new Error('no allocation')
    if (method === METHOD.refresh) {
      const asked = attributes.get(ATTRIBUTE.lifetime)?.readUInt32BE(0) ?? LIFETIME_S
      if (asked === 0) {
        allocation.socket.close()
        allocations.delete(name)
      }
      return [lifetime(asked === 0 ? 0 : LIFETIME_S)]
    }
    const peer = placeOf(attributes.get(ATTRIBUTE.peer))
    if (peer === undefined) throw new Error('no peer')
    allocation.permitted.add(peer.address)
    const channel = method === METHOD.channel ? attributes.get(ATTRIBUTE.channel)?.readUInt16BE(0) : undefined
    if (channel !== undefined) allocation.channels.set(channel, peer)
    return []
  }

  /** A port from which peers are spoken to on behalf of `client`. */
  async function allocate (client: Place): Promise<Socket> {
    const relayed = await bound(address, 0)
    relayed.on('message', (data, peer) => {
      const allocation = allocations.get(nameOf(client))
      if (allocation?.permitted.has(peer.address) !== true) return
      const channel = [...allocation.channels].find(([, place]) => nameOf(place) === nameOf(peer))?.[0]
      const message = channel === undefined
        ? frame(METHOD.data | INDICATION, randomBytes(12), [addressAttribute(ATTRIBUTE.peer, peer), attribute(ATTRIBUTE.data, data)])
        : Buffer.concat([numbers(channel, data.length), data])
      socket.send(message, client.port, client.address)
    })
    return relayed
  }

  return socket
}

async function bound (address: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, address, resolve)
  })
  return socket
}

function nameOf ({ address, port }: Place): string {
  return `${address}:${port}`
}

function numbers (...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length)
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, 2 * i)
  return bytes
}

function attribute (type: number, value: Buffer): Buffer {
  return Buffer.concat([numbers(type, value.length), value, Buffer.alloc(-value.length & 3)])
}

function lifetime (seconds: number): Buffer {
  return attribute(ATTRIBUTE.lifetime, numbers(0, seconds))
}

/** Exclusive-or with the cookie: routers that rewrite addresses in what they pass on do not see it. */
function addressAttribute (type: number, { address, port }: Place): Buffer {
  const value = Buffer.alloc(8)
  value.writeUInt16BE(0x01, 0)
  value.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 2)
  Buffer.from(address.split('.').map(Number)).copy(value, 4)
  value.writeUInt32BE((value.readUInt32BE(4) ^ MAGIC_COOKIE) >>> 0, 4)
  return attribute(type, value)
}

function placeOf (value: Buffer | undefined): Place | undefined {
  if (value?.length !== 8) return undefined
  const host = (value.readUInt32BE(4) ^ MAGIC_COOKIE) >>> 0
  return { address: [24, 16, 8, 0].map(bits => host >>> bits & 0xff).join('.'), port: value.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16) }
}

/** The first of each type. */
function attributesOf (message: Buffer): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (let at = HEADER_BYTES; at + 4 <= message.length;) {
    const [type, length] = [message.readUInt16BE(at), message.readUInt16BE(at + 2)]
    if (!found.has(type)) found.set(type, message.subarray(at + 4, at + 4 + length))
    at += 4 + length + (-length & 3)
  }
  return found
}

/** @param key by which the message shows that it comes from one who knows the credential */
function frame (type: number, transaction: Buffer, attributes: readonly Buffer[], key?: Buffer): Buffer {
  const body = Buffer.concat(attributes)
  const header = Buffer.concat([numbers(type, body.length + (key === undefined ? 0 : INTEGRITY_BYTES)), Buffer.alloc(4), transaction])
  header.writeUInt32BE(MAGIC_COOKIE, 4)
  const message = Buffer.concat([header, body])
  return key === undefined ? message : Buffer.concat([message, attribute(ATTRIBUTE.integrity, createHmac('sha1', key).update(message).digest())])
}

/** Whether the message ends with the proof of one who has the key, whatever comes behind that. */
function proves (message: Buffer, key: Buffer): boolean {
  const proof = attributesOf(message).get(ATTRIBUTE.integrity)
  if (proof?.length !== INTEGRITY_BYTES - 4) return false
  const signed = Buffer.from(message.subarray(0, proof.byteOffset - message.byteOffset - 4))
  // the length counts up to the end of the proof
  signed.writeUInt16BE(signed.length - HEADER_BYTES + INTEGRITY_BYTES, 2)
  return createHmac('sha1', key).update(signed).digest().equals(proof)
}
