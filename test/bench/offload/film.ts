/**
 * The film of the bench: every frame is a key frame, twelve a second, so that it can be cut anywhere and costs little to show. The pictures
 * are those of the demo's film; what a bit rate asks for beyond them is filled up with bytes that no frame refers to.
 */

import { readdir, readFile } from 'node:fs/promises'
import { createCipheriv, createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('../../../packages/demo/media/stream/720p/', import.meta.url))
export const CODECS = 'avc1.640028'
/** A decoder has some five frames in hand before it shows the first, which fewer a second would turn into a stall near the live edge. */
const FRAMES_PER_SECOND = 12
/** A frame that stands alone, as `sample_flags` of ISO/IEC 14496-12 §8.8.3.1 say it. */
const KEY_FRAME = 0x02000000
const VIDEO_TRACK = 1

export class Film {
  readonly init: Uint8Array
  readonly #frames: readonly Uint8Array[]
  readonly #timescale: number

  private constructor (init: Uint8Array, frames: readonly Uint8Array[], timescale: number) {
    this.init = init
    this.#frames = frames
    this.#timescale = timescale
  }

  static async read (): Promise<Film> {
    const init = await readFile(`${SOURCE}init.mp4`)
    const names = (await readdir(SOURCE)).filter(name => name.endsWith('.m4s')).sort()
    const frames = await Promise.all(names.map(async name => firstFrame(await readFile(SOURCE + name))))
    return new Film(videoOnly(init), frames, timescaleOf(init))
  }

  /** The film from `at` for `length` ms, filled up to `size` bytes. The same arguments give the same bytes. */
  cut (at: number, length: number, size: number): Uint8Array {
    const first = Math.round(at * FRAMES_PER_SECOND / 1000)
    const count = Math.round(length * FRAMES_PER_SECOND / 1000)
    const frames = Array.from({ length: count }, (_, i) => this.#frames[(first + i) % this.#frames.length] as Uint8Array)
    const duration = this.#timescale / FRAMES_PER_SECOND
    const moof = (offset: number): Buffer => box('moof', [
      box('mfhd', [words(0, first + 1)]),
      box('traf', [
        // duration and flags of every sample; offsets count from the start of this box
        box('tfhd', [words(0x020028, VIDEO_TRACK, duration, KEY_FRAME)]),
        box('tfdt', [words(0x01000000, 0, first * duration)]),
        box('trun', [words(0x000201, count, offset, ...frames.map(frame => frame.byteLength))])
      ])
    ])
    const head = moof(moof(0).byteLength + 8)
    const used = head.byteLength + 8 + frames.reduce((sum, frame) => sum + frame.byteLength, 0)
    const filling = noise(`${at} ${length} ${size}`, Math.max(0, size - used))
    return Buffer.concat([head, box('mdat', [...frames, filling])])
  }
}

function box (type: string, parts: readonly Uint8Array[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.byteLength, 8)
  return Buffer.concat([words(length), Buffer.from(type, 'latin1'), ...parts])
}

function words (...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, i * 4)
  return bytes
}

/** Bytes that look random and are the same for the same name. */
function noise (name: string, length: number): Buffer {
  const key = createHash('sha256').update(name).digest()
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(length))
}

interface Box { readonly type: string, readonly start: number, readonly body: Buffer, readonly whole: Buffer }

function boxes (bytes: Buffer, base = 0): Box[] {
  const found: Box[] = []
  for (let at = 0; at < bytes.byteLength;) {
    const size = bytes.readUInt32BE(at)
    found.push({
      type: bytes.toString('latin1', at + 4, at + 8), start: base + at, body: bytes.subarray(at + 8, at + size), whole: bytes.subarray(at, at + size)
    })
    at += size
  }
  return found
}

function inside (parent: Buffer, ...path: readonly string[]): Buffer {
  let body = parent
  for (const type of path) {
    const next = boxes(body).find(found => found.type === type)
    if (next === undefined) throw new Error(`expected the box ${path.join('/')} in the demo's film`)
    body = next.body
  }
  return body
}

/** The first sample of the first track, which is the video's key frame. */
function firstFrame (segment: Buffer): Uint8Array {
  const moof = boxes(segment).find(({ type }) => type === 'moof')
  if (moof === undefined) throw new Error('expected a fragment in the demo\'s film')
  const trun = inside(moof.body, 'traf', 'trun')
  const flags = trun.readUInt32BE(0)
  if ((flags & 0x305) !== 0x205) throw new Error(`expected offset, first flags and sizes in the demo's film, got flags ${flags.toString(16)}`)
  const from = moof.start + trun.readUInt32BE(8)
  return segment.subarray(from, from + trun.readUInt32BE(16))
}

function timescaleOf (init: Buffer): number {
  return inside(init, 'moov', 'trak', 'mdia', 'mdhd').readUInt32BE(12)
}

/** Without the sound, and without the edit list that made up for reordered frames. */
function videoOnly (init: Buffer): Buffer {
  let tracks = 0
  const moov = boxes(inside(init, 'moov')).flatMap(({ type, body, whole }) => {
    if (type === 'udta') return []
    if (type === 'mvex') return [box('mvex', boxes(body).filter(trex => trex.body.readUInt32BE(4) === VIDEO_TRACK).map(trex => trex.whole))]
    if (type !== 'trak') return [whole]
    return tracks++ === 0 ? [box('trak', boxes(body).filter(child => child.type !== 'edts').map(child => child.whole))] : []
  })
  return Buffer.concat(boxes(init).map(({ type, whole }) => type === 'moov' ? box('moov', moov) : whole))
}
