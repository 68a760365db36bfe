import { WireError, type HaveDelta, type PartialSegment, type SegmentRun } from '@shoal/interface'
import type { ByteReader, ByteWriter } from './bytes.js'
import { FRAME_HEADER_BYTES, MAX_BITS_BYTES } from './limits.js'
import type { Have, SwarmHandle } from './types.js'

const INDEX_END = 2 ** 32
const RUN_BYTES = 8
const PARTIAL_BYTES = 10
const COUNTS_BYTES = 6

/** complete, dropped, partial: a u16 count each, then the entries. */
export function writeHave (out: ByteWriter, delta: HaveDelta): void {
  const dropped = delta.dropped ?? []
  out.u16(delta.complete.length)
  out.u16(dropped.length)
  out.u16(delta.partial.length)
  for (const run of delta.complete) writeRun(out, run)
  for (const run of dropped) writeRun(out, run)
  for (const { segment, first, bits } of delta.partial) {
    out.u32(segment)
    out.u32(first)
    out.u16(bits.byteLength)
    out.bytes(bits)
  }
}

/** @throws WireError when a run or a bit field leaves the 32-bit range of indices or is empty */
export function readHave (from: ByteReader): HaveDelta {
  const completes = from.u16()
  const drops = from.u16()
  const partials = from.u16()
  const complete: SegmentRun[] = []
  const dropped: SegmentRun[] = []
  const partial: PartialSegment[] = []
  for (let i = 0; i < completes; i++) complete.push(readRun(from))
  for (let i = 0; i < drops; i++) dropped.push(readRun(from))
  for (let i = 0; i < partials; i++) {
    const segment = from.u32()
    const first = from.u32()
    const length = from.u16()
    if (length === 0 || length > MAX_BITS_BYTES || first % 8 !== 0 || first + 8 * length > INDEX_END) {
      throw new WireError(`expected 1 to ${MAX_BITS_BYTES} bytes of block bits from a multiple of 8, got ${length} from ${first}`)
    }
    // a copy, for the caller keeps it longer than the frame
    partial.push({ segment, first, bits: from.bytes(length).slice() })
  }
  return dropped.length > 0 ? { complete, partial, dropped } : { complete, partial }
}

/** A have-map of any size as HAVE messages that each fit a frame of `frameCap` bytes; all but the last say `more`. */
export function splitHave (handle: SwarmHandle, delta: HaveDelta, frameCap: number): Have[] {
  const room = frameCap - FRAME_HEADER_BYTES - COUNTS_BYTES
  const parts: { complete: SegmentRun[], partial: PartialSegment[], dropped: SegmentRun[] }[] = []
  let used = Infinity
  function part (bytes: number): (typeof parts)[number] {
    if (used + bytes > room) {
      parts.push({ complete: [], partial: [], dropped: [] })
      used = 0
    }
    used += bytes
    return parts[parts.length - 1] as (typeof parts)[number]
  }
  for (const run of delta.complete) part(RUN_BYTES).complete.push(run)
  for (const run of delta.dropped ?? []) part(RUN_BYTES).dropped.push(run)
  for (const { segment, first, bits } of delta.partial) {
    for (let at = 0; at < bits.byteLength; at += MAX_BITS_BYTES) {
      const piece = bits.subarray(at, at + MAX_BITS_BYTES)
      part(PARTIAL_BYTES + piece.byteLength).partial.push({ segment, first: first + 8 * at, bits: piece })
    }
  }
  if (parts.length === 0) part(0)
  return parts.map((delta, i) => ({ type: 'have', handle, delta, more: i < parts.length - 1, bytes: 0 }))
}

function writeRun (out: ByteWriter, run: SegmentRun): void {
  out.u32(run.start)
  out.u32(run.count)
}

function readRun (from: ByteReader): SegmentRun {
  const start = from.u32()
  const count = from.u32()
  if (count === 0 || start + count > INDEX_END) {
    throw new WireError(`expected a run of segments below 2^32, got ${count} from ${start}`)
  }
  return { start, count }
}
