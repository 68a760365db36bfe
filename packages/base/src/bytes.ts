const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hex. */
export function toHex (bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/** Inverse of `toHex`; `undefined` when it is not hex of whole bytes. */
export function fromHex (text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) return undefined
  return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16))
}

export function equalBytes (a: Uint8Array, b: Uint8Array): boolean {
  if (a.byteLength !== b.byteLength) return false
  for (let i = 0; i < a.byteLength; i++) if (a[i] !== b[i]) return false
  return true
}

const unsafe = (globalThis as { Buffer?: { allocUnsafeSlow?: (length: number) => Uint8Array<ArrayBuffer> } }).Buffer?.allocUnsafeSlow

/**
 * New bytes, not zeroed where the platform can spare that (Node.js): clearing memory only to fill it cost 2 % of a transfer. Whatever lay
 * in that memory before may show, so fill all of it before anybody else sees any of it.
 */
export function uncleared (length: number): Uint8Array<ArrayBuffer> {
  // a plain array, for a `Buffer` slices otherwise than readers of blocks expect
  return unsafe === undefined ? new Uint8Array(length) : new Uint8Array(unsafe(length).buffer)
}

/** Joins byte arrays into a new one. */
export function concat (parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.byteLength
  }
  return bytes
}
