/** The HLS playlists of the bench, as they are at one moment. */

import { CODECS } from './film.ts'

export interface Rendition {
  readonly name: string
  /** Bits per second. */
  readonly rate: number
}

/** When a live stream's media are there, ms. */
export interface LiveTimes {
  /** On the wall clock, of media time 0. */
  readonly start: number
  readonly segment: number
  /** @default none */
  readonly part: number | undefined
  /** Segments that a playlist lists. */
  readonly window: number
}

export function master (renditions: readonly Rendition[]): string {
  return ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-INDEPENDENT-SEGMENTS', ...renditions.flatMap(({ name, rate }) => [
    `#EXT-X-STREAM-INF:BANDWIDTH=${rate},AVERAGE-BANDWIDTH=${rate},RESOLUTION=1280x720,FRAME-RATE=12,CODECS="${CODECS}"`,
    `${name}/index.m3u8`
  ]), ''].join('\n')
}

export function vod (segments: number, segmentMs: number): string {
  return ['#EXTM3U', '#EXT-X-VERSION:7', `#EXT-X-TARGETDURATION:${Math.ceil(segmentMs / 1000)}`, '#EXT-X-MEDIA-SEQUENCE:0', '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-MAP:URI="init.mp4"', ...Array.from({ length: segments }, (_, i) => `#EXTINF:${segmentMs / 1000},\n${segmentName(i)}`), '#EXT-X-ENDLIST', ''
  ].join('\n')
}

/** @param parts how many of them, or of segments where there are none, are complete by now */
export function live (times: LiveTimes, parts: number): string {
  const { start, segment, part, window } = times
  const each = part === undefined ? 1 : segment / part
  const whole = Math.floor(parts / each)
  const first = Math.max(0, whole - window)
  const lines = ['#EXTM3U', '#EXT-X-VERSION:9', `#EXT-X-TARGETDURATION:${Math.ceil(segment / 1000)}`]
  if (part !== undefined) {
    lines.push(`#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=${4 * part / 1000},HOLD-BACK=${3 * segment / 1000}`,
      `#EXT-X-PART-INF:PART-TARGET=${part / 1000}`)
  }
  lines.push(`#EXT-X-MEDIA-SEQUENCE:${first}`, '#EXT-X-MAP:URI="init.mp4"')
  for (let i = first; i * each < parts; i++) {
    lines.push(`#EXT-X-PROGRAM-DATE-TIME:${new Date(start + i * segment).toISOString()}`)
    // older parts than three target durations serve nobody
    for (let p = 0; part !== undefined && i >= whole - 3 && p < each && i * each + p < parts; p++) {
      lines.push(`#EXT-X-PART:DURATION=${part / 1000},INDEPENDENT=YES,URI="${partName(i, p)}"`)
    }
    if (i < whole) lines.push(`#EXTINF:${segment / 1000},`, segmentName(i))
  }
  // without a line behind the last segment hls.js takes that for the one that is begun, and counts it twice: it is two seconds off then
  if (part !== undefined) lines.push(`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="${partName(whole, parts % each)}"`)
  return [...lines, ''].join('\n')
}

export function segmentName (segment: number): string {
  return `seg${segment}.m4s`
}

export function partName (segment: number, part: number): string {
  return `seg${segment}.${part}.m4s`
}
