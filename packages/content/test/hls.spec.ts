import { expect } from 'chai'
import fc from 'fast-check'
import { contentTypeOf } from '../src/content-type.js'
import { mapHls } from '../src/hls.js'
import type { MediaInfo } from '../src/media.js'
import { entryOf } from './helpers.js'

async function map (files: Readonly<Record<string, string>>): Promise<Readonly<Record<string, MediaInfo>>> {
  const encoder = new TextEncoder()
  return Object.fromEntries(await mapHls(Object.entries(files).map(([path, text]) => entryOf(path, encoder.encode(text), 7))))
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

  it('says nothing of a file that is listed by byte ranges', async () => {
    const playlist = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXT-X-MAP:URI="all.mp4",BYTERANGE="800@0"
#EXTINF:4,
#EXT-X-BYTERANGE:1000@800
all.mp4
#EXTINF:4,
#EXT-X-BYTERANGE:1000
all.mp4
#EXT-X-ENDLIST
`
    expect(await map({ 'x.m3u8': playlist, 'all.mp4': '' })).to.deep.equal({})
  })

  it('takes a playlist that makes no sense for a file', async () => {
    for (const text of ['', 'hello', '\ufeff#EXTM3', '#EXTM3U\n#EXTINF:x,\n', '#EXTM3U\n#EXT-X-KEY:METHOD\n#EXT-X-MAP:\n#EXTINF:-1,\na.ts\n#EXT-X-BYTERANGE:zz']) {
      const result = await map({ 'x.m3u8': text, 'a.ts': '' })
      expect(Object.keys(result).every(path => path === 'a.ts')).to.equal(true)
    }
    const invalid = entryOf('x.m3u8', Uint8Array.from([...new TextEncoder().encode(MEDIA), 0xff, 0xfe]))
    expect((await mapHls([invalid, entryOf('seg0.m4s', new Uint8Array(1))])).size).to.equal(0)
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

describe('content type', () => {
  it('goes by the extension', () => {
    expect(contentTypeOf('a/b/SEG1.M4S')).to.equal('video/iso.segment')
    expect(contentTypeOf('index.m3u8')).to.equal('application/vnd.apple.mpegurl')
    for (const path of ['a', 'html', 'a.html/b', 'a.', 'a.constructor', '']) expect(contentTypeOf(path)).to.equal('application/octet-stream')
  })
})
