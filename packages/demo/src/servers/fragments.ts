/** Cuts and shifts fragmented MP4 (ISO/IEC 14496-12): so a short film is an endless live stream, in parts where it should be. */

interface Sample {
  readonly size: number
  /** As it stands in the `trun` box: size, and what comes with it. */
  readonly record: Uint8Array
  readonly at: number
}

interface Track {
  readonly tfhd: Uint8Array
  readonly time: bigint
  /** Units of time of a sample. */
  readonly duration: number
  readonly flags: number
  /** Of the first sample, which begins with a key frame. */
  readonly firstFlags: number | undefined
  readonly samples: readonly Sample[]
}

const FIRST_FLAGS = 0x4
const SIZE = 0x200
const OFFSET = 0x800

/** Boxes of `bytes` from `from` to `to`: type, where the box begins and where it ends. */
function * boxes (bytes: Uint8Array, from = 0, to = bytes.length): Generator<{ type: string, start: number, end: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  for (let at = from; at + 8 <= to;) {
    const size = view.getUint32(at)
    if (size < 8 || at + size > to) throw new Error(`a box of ${size} bytes at ${at} does not fit`)
    yield { type: String.fromCharCode(...bytes.subarray(at + 4, at + 8)), start: at, end: at + size }
    at += size
  }
}

function inside (bytes: Uint8Array, path: readonly string[], from = 0, to = bytes.length): { start: number, end: number }[] {
  const [type, ...rest] = path
  const found = [...boxes(bytes, from, to)].filter(box => box.type === type)
  return rest.length === 0 ? found : found.flatMap(({ start, end }) => inside(bytes, rest, start + 8, end))
}

/** Ticks per second of the tracks of an init segment, in their order. */
export function timescales (init: Uint8Array): number[] {
  const view = new DataView(init.buffer, init.byteOffset)
  return inside(init, ['moov', 'trak', 'mdia', 'mdhd']).map(({ start }) => view.getUint32(start + (init[start + 8] === 1 ? 28 : 20)))
}

function tracksOf (segment: Uint8Array): Track[] {
  const view = new DataView(segment.buffer, segment.byteOffset)
  const [moof] = inside(segment, ['moof'])
  if (moof === undefined) throw new Error('expected a fragment, found none')
  return inside(segment, ['moof', 'traf']).map(traf => {
    const [tfhd, tfdt, trun] = ['tfhd', 'tfdt', 'trun'].map(type => inside(segment, [type], traf.start + 8, traf.end)[0])
    if (tfhd === undefined || tfdt === undefined || trun === undefined) throw new Error('expected a track with its times and samples')
    const flags = view.getUint32(trun.start + 8) & 0xffffff
    let at = trun.start + 16
    let data = moof.start + view.getInt32(at)
    at += 4
    const firstFlags = (flags & FIRST_FLAGS) === 0 ? undefined : view.getUint32(at)
    if (firstFlags !== undefined) at += 4
    const step = 4 + ((flags & OFFSET) === 0 ? 0 : 4)
    if ((flags & SIZE) === 0 || (flags & 0x500) !== 0) throw new Error('expected samples with sizes of their own, and durations that are all the same')
    const samples = Array.from({ length: view.getUint32(trun.start + 12) }, (_, n) => {
      const record = segment.subarray(at + n * step, at + (n + 1) * step)
      const size = view.getUint32(at + n * step)
      const sample = { size, record, at: data }
      data += size
      return sample
    })
    return {
      tfhd: segment.subarray(tfhd.start, tfhd.end),
      time: view.getBigUint64(tfdt.start + 12),
      duration: view.getUint32(tfhd.start + 16),
      flags,
      firstFlags,
      samples
    }
  })
}

/**
 * One segment in so many parts, `shift` seconds later than it says. The parts one after the other are a segment again.
 *
 * @param seconds of the segment
 */
export function cut (segment: Uint8Array, scales: readonly number[], { parts, seconds, shift, first }: {
  readonly parts: number
  readonly seconds: number
  readonly shift: number
  /** Number of the first fragment. */
  readonly first: number
}): Uint8Array[] {
  const tracks = tracksOf(segment)
  const begin = Number(tracks[0]?.time ?? 0n) / (scales[0] as number)
  return Array.from({ length: parts }, (_, part) => {
    const until = begin + seconds * (part + 1) / parts
    const from = begin + seconds * part / parts
    return fragment(segment, first + part, tracks.map((track, n) => {
      const scale = scales[n] as number
      const indexAt = (time: number): number => Math.max(0, Math.round((time * scale - Number(track.time)) / track.duration))
      const [start, end] = [part === 0 ? 0 : indexAt(from), part === parts - 1 ? track.samples.length : indexAt(until)]
      return {
        ...track,
        time: track.time + BigInt(start * track.duration) + BigInt(Math.round(shift * scale)),
        firstFlags: start === 0 ? track.firstFlags : undefined,
        samples: track.samples.slice(start, end)
      }
    }))
  })
}

function fragment (source: Uint8Array, sequence: number, tracks: readonly Track[]): Uint8Array {
  const make = (offset: number): Uint8Array => {
    let data = offset
    const trafs = tracks.map(({ tfhd, time, flags, firstFlags, samples }) => {
      const own = (flags & ~FIRST_FLAGS) | (firstFlags === undefined ? 0 : FIRST_FLAGS)
      const head = [u32(own), u32(samples.length), u32(data), ...firstFlags === undefined ? [] : [u32(firstFlags)]]
      for (const { size } of samples) data += size
      return box('traf', tfhd, box('tfdt', u32(0x01000000), u64(time)), box('trun', ...head, ...samples.map(({ record }) => record)))
    })
    return box('moof', box('mfhd', u32(0), u32(sequence)), ...trafs)
  }
  // how long it is does not depend on the offsets in it
  const moof = make(make(0).length + 8)
  return Buffer.concat([moof, box('mdat', ...tracks.flatMap(({ samples }) => samples.map(({ at, size }) => source.subarray(at, at + size))))])
}

function box (type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = Buffer.concat(parts)
  return Buffer.concat([u32(body.length + 8), Buffer.from(type, 'latin1'), body])
}

function u32 (value: number): Uint8Array {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function u64 (value: bigint): Uint8Array {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(value)
  return bytes
}
