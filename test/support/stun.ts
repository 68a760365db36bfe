/** A STUN server of our own (RFC 8489): tells whoever asks by UDP where the question came from, and nothing else. */

import { createSocket, type Socket } from 'node:dgram'

const HEADER_BYTES = 20
const BINDING_REQUEST = 0x0001
const BINDING_SUCCESS = 0x0101
const XOR_MAPPED_ADDRESS = 0x0020
const MAGIC_COOKIE = 0x2112a442

/** Resolves when it listens; IPv4 only. */
export async function stunServer (address: string, port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.on('message', (message, from) => {
    if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== BINDING_REQUEST || message.readUInt32BE(4) !== MAGIC_COOKIE) return
    socket.send(answer(message.subarray(4, HEADER_BYTES), from.address, from.port), from.port, from.address)
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.bind(port, address, resolve)
  })
  return socket
}

/** @param transaction cookie and id of the question */
function answer (transaction: Buffer, address: string, port: number): Buffer {
  const message = Buffer.alloc(HEADER_BYTES + 12)
  message.writeUInt16BE(BINDING_SUCCESS, 0)
  message.writeUInt16BE(12, 2)
  transaction.copy(message, 4)
  message.writeUInt16BE(XOR_MAPPED_ADDRESS, 20)
  message.writeUInt16BE(8, 22)
  // family IPv4
  message.writeUInt16BE(0x01, 24)
  message.writeUInt16BE(port ^ (MAGIC_COOKIE >>> 16), 26)
  const host = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  message.writeUInt32BE((host ^ MAGIC_COOKIE) >>> 0, 28)
  return message
}
