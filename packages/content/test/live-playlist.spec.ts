import { expect } from 'chai'
import fc from 'fast-check'
import { boundariesOf } from '../src/named-files.js'
import { readPlaylist, type MasterPlaylist, type MediaPlaylist } from '../src/live-playlist.js'

const MEDIA = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-TARGETDURATION:4
#EXT-X-MEDIA-SEQUENCE:12
#EXT-X-MAP:URI="init.mp4"
#EXTINF:4.0,
seg12.m4s?token=a
#EXTINF:3.5,
sub%20dir/seg13.m4s
`

function read (text: string, uri: string, significant: readonly string[] = []): MasterPlaylist | MediaPlaylist | undefined {
  return readPlaylist(text, { uri, significant })
}

describe('live playlist', () => {
  it('of media names its files in order, below its own folder', () => {
    expect(read(MEDIA, 'v/720%20p/index.m3u8?x=1')).to.deep.equal({
      kind: 'media',
      targetMs: 4_000,
      lengthMs: 7_500,
      ended: false,
      files: [
        { path: 'v/720 p/init.mp4', uri: 'v/720%20p/init.mp4', duration: undefined },
        { path: 'v/720 p/seg12.m4s', uri: 'v/720%20p/seg12.m4s?token=a', duration: 4_000 },
        { path: 'v/720 p/sub dir/seg13.m4s', uri: 'v/720%20p/sub%20dir/seg13.m4s', duration: 3_500 }
      ],
      required: [{ path: 'v/720 p/sub dir/seg13.m4s', uri: 'v/720%20p/sub%20dir/seg13.m4s', duration: 3_500 }]
    })
    expect(read(`${MEDIA}#EXT-X-ENDLIST\n`, 'a.m3u8')).to.include({ ended: true })
  })

  it('adds up what a file is played by ranges, and nothing that is played again', () => {
    const files = (lines: readonly string[]): unknown => read(['#EXTM3U', '#EXT-X-TARGETDURATION:4', ...lines].join('\n'), 'a.m3u8')
    expect(files(['#EXTINF:4,', 'slate.ts', '#EXTINF:4,', 'slate.ts'])).to.have.nested.property('files[0].duration', 4_000)
    expect(files(['#EXTINF:4,', '#EXT-X-BYTERANGE:10@0', 'all.ts', '#EXTINF:3,', '#EXT-X-BYTERANGE:10@10', 'all.ts']))
      .to.have.nested.property('files[0].duration', 7_000)
  })

  it('that is a master names its variants and renditions', () => {
    const text = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="en",URI="audio/en.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1000000,AUDIO="a"
720p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=500000,AUDIO="a"
https://elsewhere.test/index.m3u8
`
    const playlist = read(text, 'main.m3u8')
    expect(playlist?.kind === 'master' ? playlist.playlists.map(({ path }) => path) : []).to.deep.equal(['720p/index.m3u8', 'audio/en.m3u8'])
  })

  it('takes parts that are files, and leaves those that are ranges to their segment', () => {
    const head = '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-PART-INF:PART-TARGET=1.0\n#EXT-X-MEDIA-SEQUENCE:1\n'
    const files = (text: string): string[] => {
      const playlist = read(head + text, 'a.m3u8')
      expect(playlist).to.include({ kind: 'media', targetMs: 1_000 })
      return playlist?.kind === 'media' ? playlist.files.map(({ path }) => path) : []
    }
    expect(files('#EXT-X-PART:DURATION=1,URI="1.0.ts"\n#EXT-X-PART:DURATION=1,URI="1.1.ts"\n#EXTINF:2,\n1.ts\n#EXT-X-PART:DURATION=1,URI="2.0.ts"\n' +
      '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="2.1.ts"\n')).to.deep.equal(['1.0.ts', '1.1.ts', '1.ts', '2.0.ts'])
    expect(files('#EXT-X-PART:DURATION=1,URI="1.ts",BYTERANGE="10@0"\n#EXTINF:2,\n1.ts\n#EXT-X-PART:DURATION=1,URI="2.ts",BYTERANGE="10@0"\n'))
      .to.deep.equal(['1.ts'])
  })

  it('tells files apart by the query that is significant, and by no other', () => {
    const lines = ['#EXTM3U', '#EXT-X-TARGETDURATION:4', ...['seg?sq=1&token=a', 'seg?token=a&sq=2', 'seg?token=b'].flatMap(uri => ['#EXTINF:4,', uri])]
    const playlist = read(lines.join('\n'), 'v/a.m3u8?token=x', ['sq'])
    expect(playlist?.kind === 'media' ? playlist.files.map(({ path, uri }) => [path, uri]) : undefined).to.deep.equal([
      ['v/seg?sq=1', 'v/seg?sq=1&token=a'], ['v/seg?sq=2', 'v/seg?token=a&sq=2'], ['v/seg', 'v/seg?token=b']
    ])
  })

  it('says of what a segment consists: parts, or ranges of its file', () => {
    const head = '#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-PART-INF:PART-TARGET=1.0\n'
    const boundaries = (text: string, size: number, sizes: Record<string, number> = {}): number[] => {
      const playlist = read(head + text, 'v/a.m3u8')
      const file = playlist?.kind === 'media' ? playlist.files.find(({ path }) => path === 'v/1.m4s') : undefined
      return boundariesOf(file?.pieces ?? [], size, path => sizes[path])
    }
    const files = '#EXT-X-PART:DURATION=1,URI="1.0.m4s"\n#EXT-X-PART:DURATION=1,URI="1.1.m4s"\n#EXTINF:2,\n1.m4s\n'
    expect(boundaries(files, 8, { 'v/1.0.m4s': 3, 'v/1.1.m4s': 5 })).to.deep.equal([3])
    expect(boundaries(files, 9, { 'v/1.0.m4s': 3, 'v/1.1.m4s': 5 }), 'they are not all of it').to.deep.equal([])
    expect(boundaries(files, 8, { 'v/1.0.m4s': 3 }), 'one is not there').to.deep.equal([])
    const ranges = '#EXT-X-PART:DURATION=1,URI="1.m4s",BYTERANGE="3@0"\n#EXT-X-PART:DURATION=1,URI="1.m4s",BYTERANGE="4@3"\n#EXTINF:2,\n1.m4s\n'
    expect(boundaries(ranges, 7)).to.deep.equal([3])
    expect(boundaries('#EXT-X-MAP:URI="1.m4s",BYTERANGE="2@0"\n#EXTINF:2,\n#EXT-X-BYTERANGE:3@2\n1.m4s\n#EXTINF:2,\n#EXT-X-BYTERANGE:3\n1.m4s\n', 8))
      .to.deep.equal([2, 5])
    const piece = fc.record({ path: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }), offset: fc.option(fc.nat(20), { nil: undefined }), length: fc.option(fc.nat(20), { nil: undefined }) })
    fc.assert(fc.property(fc.array(piece), fc.nat(40), (pieces, size) => {
      const found = boundariesOf(pieces, size, path => path === 'a' ? 3 : undefined)
      for (const [i, at] of found.entries()) expect(at).to.be.above(found[i - 1] ?? 0).and.below(size)
    }))
  })

  it('names nothing outside the content', () => {
    for (const uri of ['../x.ts', '/x.ts', 'https://a.test/x.ts', 'a/%2e%2e/%2e%2e/x.ts', '..%2fx.ts', '%ff.ts', 'a\\b.ts']) {
      const playlist = read(`#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n${uri}\n`, 'index.m3u8')
      expect(playlist?.kind === 'media' ? playlist.files : undefined, uri).to.deep.equal([])
    }
  })

  it('reads any text, cut off anywhere', () => {
    expect(read('', 'a.m3u8')).to.equal(undefined)
    expect(read('hello', 'a.m3u8')).to.equal(undefined)
    for (let end = 0; end <= MEDIA.length; end++) read(MEDIA.slice(0, end), 'a.m3u8')
    const lines = fc.array(fc.oneof(fc.constantFrom(...MEDIA.split('\n')), fc.string()), { maxLength: 12 })
    fc.assert(fc.property(lines, lines => { read(`#EXTM3U\n${lines.join('\n')}`, 'a/b.m3u8') }))
  })
})
