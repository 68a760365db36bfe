/** A segment as a version of a live media playlist lists it. */
export interface ListedSegment {
  /** As the playlist writes it. */
  readonly uri: string
  readonly range: { readonly offset: number, readonly length: number } | undefined
  /** Tags that are about it alone, its range aside. */
  readonly tags: readonly string[]
  /** URI of its init segment, and the tag that says so. */
  readonly map: { readonly uri: string, readonly tag: string } | undefined
  /** The tag of its key, which says how the IV is made. */
  readonly key: string | undefined
}

/** A live media playlist at one moment. */
export interface PlaylistVersion {
  readonly version: number
  /** Target duration in seconds. */
  readonly target: number
  readonly independent: boolean
  readonly segments: readonly ListedSegment[]
}

/** Tags about a playlist as a whole, or about parts, which a recording has none of. */
const NOT_RECORDED = new RegExp(`^#(?:EXTM3U|EXT-X-(?:${[
  'VERSION', 'TARGETDURATION', 'MEDIA-SEQUENCE', 'DISCONTINUITY-SEQUENCE', 'PLAYLIST-TYPE', 'INDEPENDENT-SEGMENTS', 'START', 'ENDLIST',
  'ALLOW-CACHE', 'SERVER-CONTROL', 'PART-INF', 'PART', 'PRELOAD-HINT', 'RENDITION-REPORT', 'SKIP', 'DEFINE', 'I-FRAMES-ONLY'
].join('|')}))(?::|$)`)
const DISCONTINUITY = '#EXT-X-DISCONTINUITY'
const NO_KEY = '#EXT-X-KEY:METHOD=NONE'

/**
 * An HLS playlist that grows: what the versions of a live media playlist listed, one after the other. It can be played at any time, and
 * gone on with in another run, for its own text is all that it knows.
 */
export class Recording {
  readonly #lines: string[] = []
  readonly #known = new Set<string>()
  #version = 3
  #target = 1
  #independent = true
  #map: string | undefined
  #key: string | undefined

  /** @param before what an earlier run wrote */
  constructor (before?: string) {
    const version = before === undefined ? undefined : readVersion(before)
    if (version === undefined) return
    this.#heed(version)
    for (const segment of version.segments) this.#push(segment, segment.uri, segment.map?.tag)
  }

  /** @param uri of the file as the recording names it */
  has (uri: string, range: ListedSegment['range']): boolean {
    return this.#known.has(identity(uri, range))
  }

  /**
   * Adds the next segment.
   *
   * @param files the file and its init segment, as URIs that the recording can name them by
   * @param version that lists it
   * @param gap something before it is missing
   */
  add (segment: ListedSegment, files: { uri: string, map: string | undefined }, version: PlaylistVersion, gap: boolean): void {
    this.#heed(version)
    const tags = gap && this.#lines.length > 0 && !segment.tags.includes(DISCONTINUITY) ? [DISCONTINUITY, ...segment.tags] : segment.tags
    const map = files.map === undefined ? undefined : segment.map?.tag.replace(/\bURI="[^"]*"/, () => `URI="${files.map}"`)
    this.#push({ ...segment, tags }, files.uri, map)
  }

  text (ended: boolean): string {
    return [
      '#EXTM3U', `#EXT-X-VERSION:${this.#version}`, `#EXT-X-TARGETDURATION:${this.#target}`, '#EXT-X-MEDIA-SEQUENCE:0', '#EXT-X-PLAYLIST-TYPE:EVENT',
      ...this.#independent ? ['#EXT-X-INDEPENDENT-SEGMENTS'] : [], ...this.#lines, ...ended ? ['#EXT-X-ENDLIST'] : [], ''
    ].join('\n')
  }

  #heed ({ version, target, independent }: PlaylistVersion): void {
    this.#version = Math.max(this.#version, version)
    this.#target = Math.max(this.#target, target)
    this.#independent &&= independent
  }

  #push ({ range, tags, key = NO_KEY }: ListedSegment, uri: string, map: string | undefined): void {
    if (key !== (this.#key ?? NO_KEY)) this.#lines.push(key)
    if (map !== undefined && map !== this.#map) this.#lines.push(map)
    this.#key = key
    this.#map = map ?? this.#map
    this.#lines.push(...tags, ...range === undefined ? [] : [`#EXT-X-BYTERANGE:${range.length}@${range.offset}`], uri)
    this.#known.add(identity(uri, range))
  }
}

/** How a file is named in a playlist; both by their paths in one folder. */
export function relativeUri (playlist: string, file: string): string {
  const from = playlist.split('/').slice(0, -1)
  const to = file.split('/')
  let same = 0
  while (same < from.length && same < to.length - 1 && from[same] === to[same]) same++
  return [...from.slice(same).map(() => '..'), ...to.slice(same).map(encodeURIComponent)].join('/')
}

function identity (uri: string, range: ListedSegment['range']): string {
  return range === undefined ? uri : `${uri} ${range.length}@${range.offset}`
}

/** Reads a media playlist; `undefined` when it is none. Tags are kept as they are, whatever they mean. */
export function readVersion (text: string): PlaylistVersion | undefined {
  if (!text.startsWith('#EXTM3U')) return undefined
  const number = (tag: string): number | undefined => {
    const value = new RegExp(`^#EXT-X-${tag}:(\\d{1,9})`, 'm').exec(text)?.[1]
    return value === undefined ? undefined : Number(value)
  }
  const target = number('TARGETDURATION')
  if (target === undefined) return undefined
  let sequence = number('MEDIA-SEQUENCE') ?? 0
  const segments: ListedSegment[] = []
  const ends = new Map<string, number>()
  let map: ListedSegment['map']
  let key: string | undefined
  let length: RegExpExecArray | null = null
  let tags: string[] = []
  for (const line of text.split('\n').map(line => line.trim())) {
    if (line === '' || NOT_RECORDED.test(line)) continue
    if (line.startsWith('#EXT-X-KEY:')) key = line
    else if (line.startsWith('#EXT-X-MAP:')) {
      const uri = /\bURI="([^"]*)"/.exec(line)?.[1]
      map = uri === undefined ? undefined : { uri, tag: line }
    } else if (line.startsWith('#EXT-X-BYTERANGE:')) length = /:(\d{1,15})(?:@(\d{1,15}))?/.exec(line)
    else if (line.startsWith('#')) tags.push(line)
    else {
      // without an offset it goes on where the one before it ended
      const range = length === null ? undefined : { offset: Number(length[2] ?? ends.get(line) ?? 0), length: Number(length[1]) }
      if (range !== undefined) ends.set(line, range.offset + range.length)
      segments.push({ uri: line, range, tags, map, key: withIv(key, sequence++) })
      tags = []
      length = null
    }
  }
  return { version: number('VERSION') ?? 3, target, independent: /^#EXT-X-INDEPENDENT-SEGMENTS/m.test(text), segments }
}

/** Without an IV it is the number of the segment (RFC 8216 §5.2), which is another in a recording. */
function withIv (key: string | undefined, sequence: number): string | undefined {
  if (key === undefined || !/\bMETHOD=AES-128\b/.test(key) || /\bIV=/.test(key)) return key
  return `${key},IV=0x${sequence.toString(16).padStart(32, '0')}`
}
