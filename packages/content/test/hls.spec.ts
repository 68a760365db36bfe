import { expect } from 'chai'
import fc from 'fast-check'
import { contentTypeOf } from '../src/content-type.js'
import { cuttingOf, mapMedia } from '../src/map-media.js'
import type { MediaInfo, MediaMap } from '../src/media.js'
import { entryOf } from './helpers.js'

async function mapped (files: Readonly<Record<string, string>>): Promise<MediaMap> {
  const encoder = new TextEncoder()
  return mapMedia(Object.entries(files).map(([path, text]) => entryOf(path, encoder.encode(text), 7)))
}

async function map (files: Readonly<Record<string, string>>): Promise<Readonly<Record<string, MediaInfo>>> {
  return Object.fromEntries((await mapped(files)).info)
}

const MASTER = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=1280000,RESOLUTION=640x360
360p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2560000,RESOLUTION=1280x720
720p/index.m3u8
`

const MEDIA = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:6
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6.006,
seg0.m4s
#EXTINF:4.5,
seg%201.m4s?x=1
#EXT-X-ENDLIST
`

describe('HLS', () => {
  it('gives durations and renditions', async () => {
    const files = Object.fromEntries(['360p', '720p'].flatMap(rendition => [
      [`${rendition}/index.m3u8`, MEDIA], [`${rendition}/init.mp4`, ''], [`${rendition}/seg0.m4s`, ''], [`${rendition}/seg 1.m4s`, '']
    ]))
    const of360 = '360p/index.m3u8'
    const of720 = '720p/index.m3u8'
    expect(await map({ 'master.m3u8': MASTER, 'poster.jpg': '', ...files })).to.deep.equal({
      '360p/init.mp4': { duration: undefined, rendition: of360 },
      '360p/seg0.m4s': { duration: 6_006, rendition: of360 },
      '360p/seg 1.m4s': { duration: 4_500, rendition: of360 },
      '720p/init.mp4': { duration: undefined, rendition: of720 },
      '720p/seg0.m4s': { duration: 6_006, rendition: of720 },
      '720p/seg 1.m4s': { duration: 4_500, rendition: of720 }
    })
  })

  it('resolves URIs against the playlist and leaves the rest of the world alone', async () => {
    const playlist = ['#EXTM3U', '#EXT-X-TARGETDURATION:6', ...[
      '../media/./a.ts', '../../../etc/passwd', '/media/a.ts', 'https://example.com/media/b.ts', 'missing.ts', 'data:,x', '%E0%A4%A.ts'
    ].flatMap(uri => ['#EXTINF:2,', uri])].join('\n')
    expect(await map({ 'lists/x.m3u8': playlist, 'media/a.ts': '', 'media/b.ts': '' })).to.deep.equal({
      'media/a.ts': { duration: 2_000, rendition: 'lists/x.m3u8' }
    })
  })

  it('finds files by the query that is significant, and by no other', async () => {
    const uris = ['a%20b.ts?token=1&v=1', 'a%20b.ts?v=2', 'a%20b.ts', 'c.ts?token=1', 'c.ts?v=1']
    const playlist = ['#EXTM3U', '#EXT-X-TARGETDURATION:6', ...uris.flatMap((uri, i) => [`#EXTINF:${i + 1},`, uri])].join('\n')
    const entries = ['x.m3u8', 'a b.ts?v=1', 'a b.ts?v=2', 'a b.ts', 'c.ts'].map(path => entryOf(path, new TextEncoder().encode(playlist)))
    const { info } = await mapMedia(entries, { significantQuery: ['v'] })
    expect(Object.fromEntries([...info].map(([path, { duration }]) => [path, duration]))).to.deep.equal({
      'a b.ts?v=1': 1_000, 'a b.ts?v=2': 2_000, 'a b.ts': 3_000, 'c.ts': 4_000
    })
  })

  it('cuts a file at its byte ranges and adds up their durations', async () => {
    const playlist = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-MAP:URI="all.mp4",BYTERANGE="800@0"
#EXTINF:4,
#EXT-X-BYTERANGE:1000@800
all.mp4
#EXTINF:3.5,
#EXT-X-BYTERANGE:1000
all.mp4
#EXT-X-ENDLIST
`
    const media = await mapped({ 'x.m3u8': playlist, 'all.mp4': 'x'.repeat(2_800) })
    expect(Object.fromEntries(media.info)).to.deep.equal({ 'all.mp4': { duration: 7_500, rendition: 'x.m3u8' } })
    expect(media.cutting('all.mp4')).to.deep.equal({ method: 'fixed', boundaries: [800, 1_800] })
  })

  it('cuts a final segment where its parts end, in files of their own or by ranges', async () => {
    const playlist = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-PART-INF:PART-TARGET=1
#EXT-X-PART:DURATION=1,URI="s1.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=1,URI="s1.1.m4s"
#EXTINF:2,
s1.m4s
#EXT-X-PART:DURATION=1,URI="s2.m4s",BYTERANGE="40@0"
#EXT-X-PART:DURATION=1,URI="s2.m4s",BYTERANGE="60"
#EXTINF:2,
s2.m4s
#EXT-X-PART:DURATION=1,URI="s3.0.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="s3.1.m4s"
`
    const sizes = { 's1.0.m4s': 30, 's1.1.m4s': 50, 's1.m4s': 80, 's2.m4s': 100, 's3.0.m4s': 9, 's3.1.m4s': 9 }
    const files = Object.fromEntries(Object.entries(sizes).map(([path, size]) => [path, 'x'.repeat(size)]))
    const media = await mapped({ 'v.m3u8': playlist, ...files })
    expect(media.cutting('s1.m4s')).to.deep.equal({ method: 'fixed', boundaries: [30] })
    expect(media.cutting('s2.m4s')).to.deep.equal({ method: 'fixed', boundaries: [40] })
    expect(Object.fromEntries([...media.info].map(([path, { duration }]) => [path, duration]))).to.deep.equal({
      's1.0.m4s': 1_000, 's1.1.m4s': 1_000, 's1.m4s': 2_000, 's2.m4s': 2_000, 's3.0.m4s': 1_000, 's3.1.m4s': undefined
    })
  })

  it('takes keys, discontinuities, alternate audio and I-frames for what they are', async () => {
    const media = await mapped({
      'master.m3u8': `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",DEFAULT=YES,URI="en/a.m3u8"
#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="en",URI="en/s.m3u8"
#EXT-X-SESSION-KEY:METHOD=AES-128,URI="keys/1.bin"
#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="a",SUBTITLES="s"
v.m3u8
#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="i.m3u8"
`,
      'v.m3u8': `#EXTM3U
#EXT-X-TARGETDURATION:6
#EXT-X-KEY:METHOD=AES-128,URI="keys/2.bin?x=1",IV=0x00000000000000000000000000000001
#EXTINF:6,
1.ts
#EXT-X-DISCONTINUITY
#EXTINF:2,
ad.ts
#EXT-X-DISCONTINUITY
#EXTINF:2,
ad.ts
`,
      'i.m3u8': '#EXTM3U\n#EXT-X-I-FRAMES-ONLY\n#EXTINF:2,\n#EXT-X-BYTERANGE:1@2\n1.ts\n',
      'en/a.m3u8': '#EXTM3U\n#EXTINF:2,\n1.aac\n',
      'en/s.m3u8': '#EXTM3U\n#EXTINF:60,\n1.vtt\n',
      'keys/1.bin': 'k',
      'keys/2.bin': 'k',
      '1.ts': 'xxxxxx',
      'ad.ts': 'x',
      'en/1.aac': 'x',
      'en/1.vtt': 'x'
    })
    expect([...media.keys]).to.have.members(['keys/1.bin', 'keys/2.bin'])
    expect(Object.fromEntries(media.info)).to.deep.equal({
      '1.ts': { duration: 6_000, rendition: 'v.m3u8' },
      'ad.ts': { duration: 2_000, rendition: 'v.m3u8' },
      'en/1.aac': { duration: 2_000, rendition: 'en/a.m3u8' },
      'en/1.vtt': { duration: 60_000, rendition: 'en/s.m3u8' }
    })
    expect(media.cutting('1.ts')).to.deep.equal({ method: 'fixed' })
  })

  it('takes a playlist that makes no sense for a file', async () => {
    for (const text of ['', 'hello', '\ufeff#EXTM3', '#EXTM3U\n#EXTINF:x,\n', '#EXTM3U\n#EXT-X-KEY:METHOD\n#EXT-X-MAP:\n#EXTINF:-1,\na.ts\n#EXT-X-BYTERANGE:zz']) {
      const result = await map({ 'x.m3u8': text, 'a.ts': '' })
      expect(Object.keys(result).every(path => path === 'a.ts')).to.equal(true)
    }
    const invalid = entryOf('x.m3u8', Uint8Array.from([...new TextEncoder().encode(MEDIA), 0xff, 0xfe]))
    expect((await mapMedia([invalid, entryOf('seg0.m4s', new Uint8Array(1))])).info.size).to.equal(0)
  })

  it('survives any lines', async () => {
    const tag = fc.constantFrom('EXTINF', 'EXT-X-MAP', 'EXT-X-BYTERANGE', 'EXT-X-KEY', 'EXT-X-DEFINE', 'EXT-X-DATERANGE', 'EXT-X-PART', 'EXT-X-STREAM-INF', 'EXT-X-MEDIA', 'EXT-X-PRELOAD-HINT', 'EXT-X-SKIP', 'EXT-X-PROGRAM-DATE-TIME')
    const line = fc.oneof(fc.string({ unit: 'binary' }), fc.tuple(tag, fc.string()).map(([name, rest]) => `#${name}:${rest}`), fc.constantFrom('a.ts', 'URI="a.ts"'))
    await fc.assert(fc.asyncProperty(fc.array(line), async lines => {
      const result = await map({ 'x.m3u8': `#EXTM3U\n${lines.join('\n')}`, 'a.ts': '' })
      for (const [path, info] of Object.entries(result)) {
        expect(['a.ts', 'x.m3u8']).to.include(path)
        expect(info.duration === undefined || (Number.isSafeInteger(info.duration) && info.duration >= 0)).to.equal(true)
      }
    }))
  })
})

describe('cutting of files', () => {
  it('goes by content where that may pay', async () => {
    const media = await mapped({ 'x.m3u8': '#EXTM3U\n#EXTINF:1,\nseg.bin\n', 'seg.bin': 'x' })
    const method = (path: string, size: number): string => cuttingOf({ path, size }, media).method
    expect(method('disk.img', 2 ** 30)).to.equal('content')
    expect(method('disk.img', 2 ** 20 - 1)).to.equal('fixed')
    expect(method('film.mp4', 2 ** 30)).to.equal('fixed')
    expect(method('seg.bin', 2 ** 30)).to.equal('fixed')
  })
})

describe('content type', () => {
  it('goes by the extension', () => {
    expect(contentTypeOf('a/b/SEG1.M4S')).to.equal('video/iso.segment')
    expect(contentTypeOf('index.m3u8')).to.equal('application/vnd.apple.mpegurl')
    for (const path of ['a', 'html', 'a.html/b', 'a.', 'a.constructor', '']) expect(contentTypeOf(path)).to.equal('application/octet-stream')
  })
})
