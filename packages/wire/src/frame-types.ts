import type { Message } from './types.js'

/** Frame type of DATA, the only one on a data stream. */
export const DATA_TYPE = 0x20

/** Flag: the value goes on in the next frame of this type and swarm. */
export const FLAG_MORE = 0x01

/** Frame types of control messages. */
export const FRAME_TYPES: Readonly<Record<Message['type'], number>> = {
  'hello': 0x01,
  'goodbye': 0x02,
  'ping': 0x03,
  'pong': 0x04,
  'join': 0x10,
  'join-refused': 0x11,
  'leave': 0x12,
  'have': 0x13,
  'fetching': 0x14,
  'head': 0x15,
  'pex': 0x16,
  'choke': 0x17,
  'unchoke': 0x18,
  'revoked': 0x19,
  'request': 0x21,
  'refuse': 0x22,
  'cancel': 0x23,
  'credit': 0x24,
  'subscribe': 0x30,
  'purge': 0x31
}

const NAMES: (Message['type'] | undefined)[] = []
for (const [name, type] of Object.entries(FRAME_TYPES)) NAMES[type] = name as Message['type']

/** Name of a frame type, `undefined` when this version does not know it. */
export function messageName (type: number): Message['type'] | undefined {
  return NAMES[type]
}
