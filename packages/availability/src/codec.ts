import { WireError, type Announcement, type CapacityClass, type Locality, type SegmentRun } from '@shoal/interface'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import { MAX_ADDR_BYTES, MAX_ADDRS, MAX_ANNOUNCEMENT_BYTES, MAX_DEPTH } from './defaults.js'

/**
 * An announcement on the wire, big-endian. Swarm and peer are gossipsub's topic and signer and are not repeated. What comes behind these
 * fields is passed over.
 *
 * | bytes | field |
 * |---|---|
 * | 1 | version: 1 |
 * | 1 | capacity class: the lowest two bits |
 * | 2 | share held × 65,535 |
 * | 4 | ttl in seconds |
 * | 8 | sequence, below 2^53 |
 * | 1 | number of addresses, at most 3; each: a byte of length, a binary multiaddr |
 * | varint | number of runs of whole segments; each: varint gap since the end of the run before, varint length, at least 1 |
 * | 1 | depth: the swarm is divided into 2^depth cells, at most 12 |
 * | 1 | the lowest bit: a locality hint follows |
 * | 3 | locality hint: site, 12 bits; region, 8 bits; the lowest four bits are 0 |
 *
 * An announcement may end behind the runs: depth 0, and no hint.
 */
export type AnnouncementBody = Omit<Announcement, 'peer' | 'swarm'>
export type Decoded = AnnouncementBody & { readonly depth: number }

const VERSION = 1
const FIXED_BYTES = 17
const INDEX_END = 2 ** 32
const P2P = 421
const HAS_LOCALITY = 1

/** Runs that do not fit are left out, the shortest first; so are addresses that are no multiaddrs, or too long. */
export function encodeAnnouncement (peer: string, body: AnnouncementBody): Uint8Array {
  const out = new Uint8Array(MAX_ANNOUNCEMENT_BYTES)
  const view = new DataView(out.buffer)
  const addrs = body.addrs.flatMap(text => packAddr(peer, text) ?? []).slice(0, MAX_ADDRS)
  view.setUint8(0, VERSION)
  view.setUint8(1, body.capacity)
  view.setUint16(2, Math.round(Math.min(1, Math.max(0, body.share)) * 0xffff))
  view.setUint32(4, body.ttl)
  view.setBigUint64(8, BigInt(body.sequence))
  view.setUint8(16, addrs.length)
  let at = FIXED_BYTES
  for (const addr of addrs) {
    out[at] = addr.byteLength
    out.set(addr, at + 1)
    at += 1 + addr.byteLength
  }
  const tail = packTail(body)
  const runs = packRuns(body.have.complete, MAX_ANNOUNCEMENT_BYTES - at - tail.byteLength)
  out.set(runs, at)
  out.set(tail, at + runs.byteLength)
  return out.subarray(0, at + runs.byteLength + tail.byteLength)
}

/**
 * Addresses come out with the signer's `/p2p/` at the end. Those of another peer and those with protocols unknown here are left out.
 *
 * @throws WireError when the bytes are no announcement of this version
 */
export function decodeAnnouncement (peer: string, bytes: Uint8Array): Decoded {
  if (bytes.byteLength > MAX_ANNOUNCEMENT_BYTES || bytes.byteLength < FIXED_BYTES) {
    throw new WireError(`expected an announcement of ${FIXED_BYTES} to ${MAX_ANNOUNCEMENT_BYTES} bytes, got ${bytes.byteLength}`)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint8(0) !== VERSION) throw new WireError(`expected an announcement of version ${VERSION}, got ${view.getUint8(0)}`)
  const sequence = Number(view.getBigUint64(8))
  if (!Number.isSafeInteger(sequence)) throw new WireError(`expected a sequence below 2^53, got ${sequence}`)
  const count = view.getUint8(16)
  if (count > MAX_ADDRS) throw new WireError(`expected at most ${MAX_ADDRS} addresses, got ${count}`)
  const addrs: string[] = []
  let at = FIXED_BYTES
  for (let i = 0; i < count; i++) {
    const end = at + 1 + (bytes[at] ?? Infinity)
    if (end > bytes.byteLength) throw new WireError(`expected address ${i + 1} of ${count}, got the end of the announcement`)
    const addr = unpackAddr(peer, bytes.subarray(at + 1, end))
    if (addr !== undefined) addrs.push(addr)
    at = end
  }
  const { runs: complete, length } = unpackRuns(bytes.subarray(at))
  return {
    capacity: (view.getUint8(1) & 3) as CapacityClass,
    share: view.getUint16(2) / 0xffff,
    ttl: view.getUint32(4),
    sequence,
    addrs,
    have: { complete, partial: [] },
    ...unpackTail(bytes.subarray(at + length))
  }
}

function packTail ({ depth = 0, locality }: AnnouncementBody): Uint8Array {
  if (locality === undefined) return Uint8Array.of(depth, 0)
  const hint = locality.site << 12 | locality.region << 4
  return Uint8Array.of(depth, HAS_LOCALITY, hint >>> 16 & 0xff, hint >>> 8 & 0xff, hint & 0xff)
}

function unpackTail (bytes: Uint8Array): { depth: number, locality?: Locality } {
  const [depth = 0, flags = 0, ...hint] = bytes.subarray(0, 5)
  if (depth > MAX_DEPTH) throw new WireError(`expected a depth of at most ${MAX_DEPTH}, got ${depth}`)
  if ((flags & HAS_LOCALITY) === 0) return { depth }
  const [high, middle, low] = hint
  if (high === undefined || middle === undefined || low === undefined) throw new WireError('expected a locality hint, got the end of the announcement')
  return { depth, locality: { site: high << 4 | middle >>> 4, region: (middle & 15) << 4 | low >>> 4 } }
}

function packAddr (peer: string, text: string): Uint8Array[] | undefined {
  try {
    const bytes = withoutPeer(peer, multiaddr(text))?.bytes
    return bytes === undefined || bytes.byteLength === 0 || bytes.byteLength > MAX_ADDR_BYTES ? undefined : [bytes]
  } catch {
    return undefined
  }
}

function unpackAddr (peer: string, bytes: Uint8Array): string | undefined {
  try {
    const addr = withoutPeer(peer, multiaddr(bytes))
    return addr === undefined || addr.getComponents().length === 0 ? undefined : `${addr.toString()}/p2p/${peer}`
  } catch {
    return undefined
  }
}

/** The address without the peer id at its end; `undefined` when that is another's. */
function withoutPeer (peer: string, addr: Multiaddr): Multiaddr | undefined {
  const last = addr.getComponents().at(-1)
  if (last?.code !== P2P) return addr
  return last.value === peer ? addr.decapsulateCode(P2P) : undefined
}

/** The largest runs that fit, in rising order. */
function packRuns (runs: readonly SegmentRun[], room: number): Uint8Array {
  const bySize = [...runs].sort((a, b) => b.count - a.count)
  let fits = 0
  // each run takes two bytes or more, and more runs never take less
  for (let low = 1, high = Math.min(bySize.length, room >>> 1); low <= high;) {
    const middle = (low + high) >>> 1
    if (encodeRuns(bySize.slice(0, middle)).length <= room) {
      fits = middle
      low = middle + 1
    } else high = middle - 1
  }
  return Uint8Array.from(encodeRuns(bySize.slice(0, fits)))
}

function encodeRuns (runs: SegmentRun[]): number[] {
  const out: number[] = []
  pushVarint(out, runs.length)
  let end = 0
  for (const { start, count } of runs.sort((a, b) => a.start - b.start)) {
    pushVarint(out, start - end)
    pushVarint(out, count)
    end = start + count
  }
  return out
}

function unpackRuns (bytes: Uint8Array): { runs: SegmentRun[], length: number } {
  let at = 0
  function varint (): number {
    let value = 0
    for (let scale = 1; scale < 2 ** 35; scale *= 128) {
      const byte = bytes[at++]
      if (byte === undefined) throw new WireError('expected a run of segments, got the end of the announcement')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    throw new WireError('expected a varint of at most 5 bytes, got a longer one')
  }
  const runs: SegmentRun[] = []
  let end = 0
  for (let left = varint(); left > 0; left--) {
    const start = end + varint()
    const count = varint()
    end = start + count
    if (count === 0 || end > INDEX_END) throw new WireError(`expected a run of segments below 2^32, got ${count} from ${start}`)
    runs.push({ start, count })
  }
  return { runs, length: at }
}

function pushVarint (out: number[], value: number): void {
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) out.push((rest & 0x7f) | 0x80)
  out.push(rest)
}
