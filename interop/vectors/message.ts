/** Messages in the form that the vectors have: what is empty or false is left out, bytes are hex. */

import { decodeMessage, encodeDataHeader, encodeMessage, FrameReader, MAX_FRAME_BYTES, type Message } from '@shoal/wire'
import { hex, unhex, type Json } from './read.ts'

/** What the frames in these bytes say; `undefined` for those that are passed over. @throws WireError */
export function readMessages (bytes: Uint8Array): (Json | undefined)[] {
  const found: (Json | undefined)[] = []
  let data: { header: object, pieces: Uint8Array[] } | undefined
  let left = 0
  const reader = new FrameReader(MAX_FRAME_BYTES, {
    control: (header, payload) => {
      const message = decodeMessage(header, payload)
      found.push(message === undefined ? undefined : toJson(message))
    },
    data: (header, length) => {
      data = { header, pieces: [] }
      left = length
    },
    piece: bytes => {
      data?.pieces.push(bytes)
      left -= bytes.byteLength
      if (left === 0) found.push({ type: 'data', ...data?.header, value: hex(Buffer.concat(data?.pieces ?? [])) })
    },
    skipped: () => { found.push(undefined) }
  })
  // a byte at a time: frames come in pieces of any length
  for (let at = 0; at < bytes.byteLength; at++) reader.push(bytes.subarray(at, at + 1) as never)
  return found
}

function toJson (message: Message): Json {
  const { delta, bytes, peers, more, token, ...rest } = message as unknown as {
    delta?: { complete: object[], dropped?: object[], partial: { segment: number, first: number, bits: Uint8Array }[] }
    bytes?: Uint8Array | number
    peers?: unknown
    more?: boolean
    token?: string
  } & Json
  return {
    ...rest,
    ...more === true && { more },
    ...token !== undefined && { token },
    ...delta !== undefined && {
      ...delta.complete.length > 0 && { complete: delta.complete },
      ...delta.dropped !== undefined && { dropped: delta.dropped },
      ...delta.partial.length > 0 && { partial: delta.partial.map(({ segment, first, bits }) => ({ segment, first, bits: hex(bits) })) }
    },
    ...bytes instanceof Uint8Array ? { value: hex(bytes) } : rest['type'] === 'credit' && { bytes },
    ...peers !== undefined && { peers }
  }
}

export function writeMessage (json: Json): Uint8Array {
  const { value, complete = [], dropped, partial = [], ...rest } = json as Json & {
    value?: string, complete?: object[], dropped?: object[], partial?: { segment: number, first: number, bits: string }[]
  }
  if (json['type'] === 'data') {
    const bytes = unhex(value ?? '')
    return Buffer.concat([encodeDataHeader(rest as never, bytes.byteLength), bytes])
  }
  return encodeMessage({
    ...rest,
    ...value !== undefined && { bytes: unhex(value) },
    ...json['type'] === 'have' && { delta: { complete, ...dropped !== undefined && { dropped }, partial: partial.map(entry => ({ ...entry, bits: unhex(entry.bits) })) } }
  } as unknown as Message)
}
