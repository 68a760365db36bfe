import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { cut, timescales } from './fragments.js'

const SEGMENT_SECONDS = 4
const PARTS = 4
const PART_SECONDS = SEGMENT_SECONDS / PARTS
/** Segments that the playlist lists: what a viewer may go back. */
const WINDOW = 8
/** Segments whose parts it lists, of the low-latency stream. */
const WITH_PARTS = 3
const BLOCK_MS = 3 * SEGMENT_SECONDS * 1000
const POLL_MS = 20
const CACHED = 64

const MASTER = (rate: number): string => `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=${rate},RESOLUTION=1280x720,FRAME-RATE=24,CODECS="avc1.640028,mp4a.40.2"
720p/index.m3u8
`

/** Gives the files of a live stream by their paths, as they are at this moment; undefined for what is not there, or not any more. */
export type LiveStream = (path: string, query: URLSearchParams) => Promise<Uint8Array | undefined>

/**
 * The film as an endless live stream: it begins again and again, with times that go on. With `low` each segment comes in parts of one
 * second (RFC 8216bis), and a playlist that is asked for by number waits until it is there.
 */
export async function liveStream (folder: string, low: boolean): Promise<LiveStream> {
  const files = (await readdir(join(folder, '720p'))).filter(name => name.endsWith('.m4s')).sort()
  const init = await readFile(join(folder, '720p', 'init.mp4'))
  const film = await Promise.all(files.map(async name => await readFile(join(folder, '720p', name))))
  const scales = timescales(init)
  const began = Date.now() - WINDOW * SEGMENT_SECONDS * 1000
  const made = new Map<number, readonly Uint8Array[]>()
  /** Parts that are complete by now. */
  const ready = (): number => Math.floor((Date.now() - began) / (PART_SECONDS * 1000))

  function partsOf (segment: number): readonly Uint8Array[] {
    let parts = made.get(segment)
    if (parts === undefined) {
      const shift = Math.floor(segment / film.length) * film.length * SEGMENT_SECONDS
      const how = { parts: PARTS, seconds: SEGMENT_SECONDS, shift, first: segment * PARTS + 1 }
      made.set(segment, parts = cut(film[segment % film.length] as Uint8Array, scales, how))
      if (made.size > CACHED) made.delete(made.keys().next().value as number)
    }
    return parts
  }

  function playlist (): string {
    const parts = ready()
    const whole = Math.floor(parts / PARTS)
    const first = Math.max(0, whole - WINDOW)
    const lines = ['#EXTM3U', '#EXT-X-VERSION:9', `#EXT-X-TARGETDURATION:${SEGMENT_SECONDS}`, '#EXT-X-INDEPENDENT-SEGMENTS']
    if (low) {
      lines.push(`#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${PART_SECONDS * 3}`, `#EXT-X-PART-INF:PART-TARGET=${PART_SECONDS}`)
    }
    lines.push(`#EXT-X-MEDIA-SEQUENCE:${first}`, '#EXT-X-MAP:URI="init.mp4"')
    for (let segment = first; segment * PARTS < parts && (low || segment < whole); segment++) {
      lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(began + segment * SEGMENT_SECONDS * 1000).toISOString()}`)
      for (let part = 0; low && segment >= whole - WITH_PARTS && part < PARTS && segment * PARTS + part < parts; part++) {
        lines.push(`#EXT-X-PART:DURATION=${PART_SECONDS},${part === 0 ? 'INDEPENDENT=YES,' : ''}URI="seg${segment}.${part}.m4s"`)
      }
      if (segment < whole) lines.push(`#EXTINF:${SEGMENT_SECONDS},`, `seg${segment}.m4s`)
    }
    // with no line behind it hls.js takes the last segment for one that is only begun, and is a segment off
    if (low) lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="seg${whole}.${parts % PARTS}.m4s"`)
    return [...lines, ''].join('\n')
  }

  return async (path, query) => {
    if (path === 'main.m3u8') return Buffer.from(MASTER(1_400_000))
    if (path === '720p/init.mp4') return init
    if (path === '720p/index.m3u8') {
      const [sequence, part] = [Number(query.get('_HLS_msn') ?? NaN), Number(query.get('_HLS_part') ?? PARTS - 1)]
      const wanted = sequence * PARTS + part + 1
      const until = Date.now() + BLOCK_MS
      while (ready() < wanted && wanted <= ready() + 3 * PARTS && Date.now() < until) await sleep(POLL_MS)
      return Buffer.from(playlist())
    }
    const [, segment, part] = /^720p\/seg(\d+)(?:\.(\d))?\.m4s$/.exec(path) ?? []
    if (segment === undefined) return undefined
    const end = Number(segment) * PARTS + (part === undefined ? PARTS : Number(part) + 1)
    // the one that the playlist gives a hint of
    while (low && part !== undefined && end === ready() + 1) await sleep(POLL_MS)
    if (end > ready() || end < ready() - 2 * WINDOW * PARTS || (part !== undefined && !low)) return undefined
    const parts = partsOf(Number(segment))
    return part === undefined ? Buffer.concat(parts) : parts[Number(part)]
  }
}
