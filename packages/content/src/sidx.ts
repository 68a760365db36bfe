/** A subsegment as the index of a file names it. */
export interface Subsegment {
  /** Bytes from the end of the index. */
  readonly offset: number
  readonly length: number
  readonly seconds: number
}

const SIDX = 0x73696478

/** Reads a segment index box (ISO/IEC 14496-12 §8.16.3); nothing when it is none, or cut short. */
export function parseSidx (bytes: Uint8Array): Subsegment[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.byteLength < 32 || view.getUint32(4) !== SIDX) return []
  const long = view.getUint8(8) > 0
  // size, type, version and flags, reference id
  let at = 16
  const timescale = view.getUint32(at)
  at += long ? 12 : 8
  if (bytes.byteLength < at + 12 || timescale === 0) return []
  let offset = long ? Number(view.getBigUint64(at)) : view.getUint32(at)
  at += long ? 8 : 4
  const count = view.getUint16(at + 2)
  at += 4
  if (bytes.byteLength < at + 12 * count) return []
  return Array.from({ length: count }, (_, i) => {
    const length = view.getUint32(at + 12 * i) & 0x7fffffff
    const seconds = view.getUint32(at + 12 * i + 4) / timescale
    offset += length
    return { offset: offset - length, length, seconds }
  })
}
