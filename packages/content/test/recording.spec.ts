import { Parser } from 'm3u8-parser'
import { expect } from 'chai'
import fc from 'fast-check'
import { readVersion, Recording, relativeUri, type PlaylistVersion } from '../src/recording.js'

const HEAD = ['#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-TARGETDURATION:4']

function version (...lines: readonly string[]): PlaylistVersion {
  return readVersion([...HEAD, ...lines, ''].join('\n')) as PlaylistVersion
}

/** Adds what a version lists and is new, each under its own name. */
function take (recording: Recording, listed: PlaylistVersion, gap = false): void {
  const last = listed.segments.findLastIndex(({ uri, range }) => recording.has(uri, range))
  let missing = gap || last === -1
  for (const segment of listed.segments.slice(last + 1)) {
    recording.add(segment, { uri: segment.uri, map: segment.map?.uri }, listed, missing)
    missing = false
  }
}

interface ParsedSegment {
  readonly uri: string
  readonly discontinuity?: boolean
  readonly byterange?: object
  readonly key?: { readonly iv?: Uint32Array }
}

interface Parsed {
  readonly segments: readonly ParsedSegment[]
  readonly endList?: boolean
  readonly mediaSequence: number
}

function parse (text: string): Parsed {
  const parser = new Parser()
  parser.push(text)
  parser.end()
  return parser.manifest as Parsed
}

describe('recording', () => {
  it('is one playlist of all that the versions listed, however many were missed and wherever it was interrupted', () => {
    const steps = fc.array(fc.record({ move: fc.integer({ min: 1, max: 6 }), restart: fc.boolean() }), { minLength: 1, maxLength: 30 })
    fc.assert(fc.property(steps, fc.integer({ min: 1, max: 5 }), (steps, length) => {
      let recording = new Recording()
      let first = 0
      const expected: string[] = []
      // after versions that have nothing in common, nobody knows what was between them
      const gaps: string[] = []
      for (const { move, restart } of steps) {
        if (restart) recording = new Recording(recording.text(false))
        first += move
        const uris = Array.from({ length }, (_, i) => `${first + i}.ts`)
        take(recording, version(`#EXT-X-MEDIA-SEQUENCE:${first}`, ...uris.flatMap(uri => ['#EXTINF:4,', uri])))
        if (expected.length > 0 && move >= length) gaps.push(uris[0] as string)
        for (const uri of uris) if (!expected.includes(uri)) expected.push(uri)
      }
      const { segments, endList, mediaSequence } = parse(recording.text(true))
      expect(segments.map(({ uri }) => uri)).to.deep.equal(expected)
      expect([endList, mediaSequence]).to.deep.equal([true, 0])
      expect(segments.filter(({ discontinuity }) => discontinuity === true).map(({ uri }) => uri)).to.deep.equal(gaps)
    }))
  })

  it('keeps what is said of each segment, and nothing of parts', () => {
    const recording = new Recording()
    take(recording, version(
      '#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES', '#EXT-X-PART-INF:PART-TARGET=1', '#EXT-X-MEDIA-SEQUENCE:5', '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXT-X-MAP:URI="i.mp4",BYTERANGE="10@0"', '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z', '#EXTINF:4.004,', 'a.m4s',
      '#EXT-X-PART:DURATION=1,URI="b.0.m4s"', '#EXT-X-DISCONTINUITY', '#EXT-X-MAP:URI="j.mp4"', '#EXTINF:4,', 'b.m4s', '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="c"'
    ))
    expect(recording.text(false).split('\n')).to.deep.equal([
      '#EXTM3U', '#EXT-X-VERSION:6', '#EXT-X-TARGETDURATION:4', '#EXT-X-MEDIA-SEQUENCE:0', '#EXT-X-PLAYLIST-TYPE:EVENT', '#EXT-X-INDEPENDENT-SEGMENTS',
      '#EXT-X-MAP:URI="i.mp4",BYTERANGE="10@0"', '#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00Z', '#EXTINF:4.004,', 'a.m4s',
      '#EXT-X-MAP:URI="j.mp4"', '#EXT-X-DISCONTINUITY', '#EXTINF:4,', 'b.m4s', ''
    ])
  })

  it('says where ranges begin, and names files as it is told', () => {
    const ranges = ['#EXT-X-BYTERANGE:20@10', '#EXT-X-BYTERANGE:5'].flatMap(range => ['#EXTINF:4,', range, 'all.mp4'])
    const listed = version('#EXT-X-MAP:URI="all.mp4",BYTERANGE="9@0"', ...ranges)
    const recording = new Recording()
    for (const segment of listed.segments) recording.add(segment, { uri: 'all~1.mp4', map: 'all~1.mp4' }, listed, false)
    expect(recording.text(true)).to.include('#EXT-X-MAP:URI="all~1.mp4",BYTERANGE="9@0"').and.include('#EXT-X-BYTERANGE:5@30\nall~1.mp4')
    const { segments } = parse(recording.text(true))
    expect(segments.map(({ byterange }) => byterange)).to.deep.equal([{ length: 20, offset: 10 }, { length: 5, offset: 30 }])
    const again = new Recording(recording.text(false))
    for (const { range } of listed.segments) expect([again.has('all~1.mp4', range), again.has('all.mp4', range)]).to.deep.equal([true, false])
    expect(again.text(true)).to.equal(recording.text(true))
  })

  it('keeps the IV that a segment had by its number', () => {
    const recording = new Recording()
    const [key, none] = ['#EXT-X-KEY:METHOD=AES-128,URI="k"', '#EXT-X-KEY:METHOD=NONE']
    take(recording, version('#EXT-X-MEDIA-SEQUENCE:300', key, '#EXTINF:4,', 'a.ts', '#EXTINF:4,', 'b.ts', none, '#EXTINF:4,', 'c.ts'))
    const { segments } = parse(recording.text(true))
    expect(segments.map(({ key }) => key?.iv?.[3])).to.deep.equal([300, 301, undefined])
  })

  it('takes any text for a playlist or for none, and writes what it reads again', () => {
    const tags = ['#EXTINF:1,', '#EXT-X-BYTERANGE:1', '#EXT-X-BYTERANGE:9@1', '#EXT-X-MAP:URI="x"', '#EXT-X-MAP:', '#EXT-X-KEY:METHOD=AES-128']
    const line = fc.oneof(fc.string(), fc.constantFrom(...tags, 'a.ts'))
    fc.assert(fc.property(fc.array(line), lines => {
      expect(readVersion(lines.join('\n'))).to.equal(undefined)
      const listed = version(...lines)
      const recording = new Recording()
      take(recording, listed)
      const text = recording.text(false)
      expect(new Recording(text).text(false)).to.equal(text)
    }))
  })

  it('names files from where the playlist is', () => {
    expect(relativeUri('main.m3u8', 'v/a b.ts')).to.equal('v/a%20b.ts')
    expect(relativeUri('v/1/index.m3u8', 'v/2/a.ts')).to.equal('../2/a.ts')
    expect(relativeUri('v/index.m3u8', 'v/a.ts?sq=1')).to.equal('a.ts%3Fsq%3D1')
    const path = fc.array(fc.string({ minLength: 1 }).filter(part => !/[/\\]|^\.\.?$/.test(part)), { minLength: 1, maxLength: 4 }).map(parts => parts.join('/'))
    fc.assert(fc.property(path, path, (playlist, file) => {
      const base = `http://x.test/${playlist.split('/').map(encodeURIComponent).join('/')}`
      expect(decodeURIComponent(new URL(relativeUri(playlist, file), base).pathname.slice(1))).to.equal(file)
    }))
  })
})
