import { readFile } from 'node:fs/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import { readAsHls, readPresentation } from '../src/live-presentation.js'
import type { MediaPlaylist } from '../src/live-playlist.js'

const fixture = async (name: string): Promise<string> => await readFile(new URL(`../../test/fixtures/${name}`, import.meta.url), 'utf8')

async function read (text: string, now = 0, uri = 'show/manifest.mpd'): Promise<MediaPlaylist | undefined> {
  const playlist = await readPresentation(text, decodeURIComponent(uri), { uri, significant: [] }, now)
  return playlist?.kind === 'media' ? playlist : undefined
}

const paths = (files: readonly { readonly path: string }[] = []): string[] => files.map(({ path }) => path)

describe('a live MPD', () => {
  it('lists what its timelines do, of every representation, and counts when the last of each is there', async () => {
    const playlist = await read(await fixture('ffmpeg/live-timeline/manifest.mpd'))
    expect(paths(playlist?.files)).to.deep.equal([0, 1].flatMap(i => {
      return [`show/init-stream${i}.m4s`, `show/chunk-stream${i}-00001.m4s`, `show/chunk-stream${i}-00002.m4s`]
    }))
    expect(playlist?.files[1]).to.deep.equal({
      path: 'show/chunk-stream0-00001.m4s', uri: 'show/chunk-stream0-00001.m4s', duration: 2_000, rendition: 'show/manifest.mpd#0'
    })
    expect(paths(playlist?.required)).to.deep.equal(['show/chunk-stream0-00002.m4s', 'show/chunk-stream1-00002.m4s'])
    expect(playlist).to.include({ targetMs: 2_048, lengthMs: 4_000, ended: false })
  })

  it('lists what the clock says where it counts by it, as far back as its window goes', async () => {
    const text = await fixture('ffmpeg/live-number/manifest.mpd')
    const started = Date.parse(/availabilityStartTime="([^"]+)"/.exec(text)?.[1] ?? '')
    const at = async (ms: number, mpd = text): Promise<string[]> => {
      const playlist = await read(mpd, started + ms)
      expect(playlist?.required).to.deep.equal([])
      return paths(playlist?.files).filter(path => path.includes('chunk-stream0'))
    }
    const chunks = (...numbers: readonly number[]): string[] => numbers.map(number => `show/chunk-stream0-${String(number).padStart(5, '0')}.m4s`)
    expect(await at(0)).to.deep.equal([])
    expect(await at(4_100)).to.deep.equal(chunks(1, 2))
    expect(await at(86_400_000)).to.deep.equal(chunks(43_199, 43_200))
    // years of it, but for the last minute
    expect(await at(100 * 365 * 86_400_000, text.replace(/timeShiftBufferDepth="[^"]*"/, ''))).to.have.length(30)
    expect(await at(100 * 365 * 86_400_000, text.replace(/timeShiftBufferDepth="[^"]*"/, 'timeShiftBufferDepth="PT3H"'))).to.have.length(1_000)
  })

  it('may be of another packager, and is over when it is static', async () => {
    const window = await read(await fixture('shaka/live-window/manifest.mpd'))
    expect(window?.ended).to.equal(false)
    expect(paths(window?.required)).to.deep.equal(['show/video/65536.m4s', 'show/audio/3.m4s'])
    for (const name of ['ffmpeg/dash-timeline', 'ffmpeg/dash-list', 'shaka/periods']) {
      expect(await read(await fixture(`${name}/manifest.mpd`)), name).to.include({ ended: true }).and.to.have.property('required').with.length(2)
    }
  })

  it('says nothing where it stands for more than can be listed', async () => {
    const text = await fixture('ffmpeg/live-number/manifest.mpd')
    expect((await read(text.replace(/timeShiftBufferDepth="[^"]*"/, 'timeShiftBufferDepth="P99Y"'), 4e12))?.files).to.deep.equal([])
    const open = (await fixture('ffmpeg/live-timeline/manifest.mpd')).replace(' r="1"', ' r="-1"')
    expect((await read(open, 4e12))?.files).to.deep.equal([])
    const whole = open.replace('type="dynamic"', 'type="static" mediaPresentationDuration="PT9H"')
    expect(paths((await read(whole))?.files).filter(path => path.includes('chunk-stream0'))).to.have.length(1_000)
    expect((await read(whole.replace('PT9H', 'P999Y')))?.files).to.deep.equal([])
  })

  it('says nothing where a few bytes stand for more than a parser gets through', async () => {
    const [counted, window] = [await fixture('ffmpeg/live-number/manifest.mpd'), await fixture('shaka/live-window/manifest.mpd')]
    const started = Date.parse(/availabilityStartTime="([^"]+)"/.exec(counted)?.[1] ?? '')
    const files = async (text: string): Promise<number | undefined> => (await read(text, started + 86_400_000))?.files.length
    expect(await files(counted)).to.be.above(0)
    expect(await files(window)).to.be.above(0)
    const wide = counted.replace(/timeShiftBufferDepth="[^"]*"/, 'timeShiftBufferDepth="PT8H"')
    for (const [from, to] of [
      ['duration="2000000"', 'duration="1e9"'], ['duration="2000000"', 'duration="&#49;e9"'], ['duration="2000000"', 'duration="PT1S"'],
      ['startNumber="1"', 'startNumber="1" endNumber="999999999"'], ['%05d', '%0999999999d'], ['startNumber="1"', 'startNumber="9007199254740991"']
    ] as const) {
      expect(wide, from).to.include(from)
      expect(await files(wide.replace(from, to)), to).to.equal(0)
    }
    // what one element says goes together with what another does
    const inherited = wide.replace('<SegmentTemplate timescale="1000000"', '<SegmentTemplate').replace('<Representation', '<SegmentTemplate timescale="1000000000"/><Representation')
    expect(await files(inherited)).to.equal(0)
    expect(await files(window.replace(/startNumber="\d+"/, 'startNumber="9007199254740991"'))).to.equal(0)
    for (const count of ['999999.5', '&#57;99999']) expect(await files(window.replace(/ r="\d+"/, ` r="${count}"`)), count).to.equal(0)
    const many = '<Representation id="x" bandwidth="1" codecs="avc1.42c00a" mimeType="video/mp4"/>'.repeat(400)
    expect(await files(wide.replace('</AdaptationSet>', `${many}</AdaptationSet>`))).to.equal(0)
  })

  it('is said in the words of HLS', async () => {
    const { master, media } = await readAsHls(await fixture('shaka/live/manifest.mpd'), 'a b/manifest.mpd', 0)
    expect(master.split('\n')).to.deep.equal([
      '#EXTM3U', '#EXT-X-VERSION:7',
      '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="main 1",DEFAULT=YES,AUTOSELECT=YES,URI="manifest-1.m3u8"',
      '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="subtitles",NAME="text 1",DEFAULT=NO,AUTOSELECT=YES,LANGUAGE="und",URI="manifest-2.m3u8"',
      '#EXT-X-STREAM-INF:BANDWIDTH=3928,CODECS="avc1.42c00a,mp4a.40.2",RESOLUTION=32x18,AUDIO="audio",SUBTITLES="subtitles"', 'manifest-0.m3u8', ''
    ])
    expect([...media.keys()]).to.deep.equal(['a b/manifest-1.m3u8', 'a b/manifest-2.m3u8', 'a b/manifest-0.m3u8'])
    expect(media.get('a b/manifest-1.m3u8')?.segments[1]).to.deep.equal({
      uri: '../a%20b/audio/16384.m4s',
      range: undefined,
      tags: ['#EXTINF:2.04800,'],
      map: { uri: '../a%20b/audio/init.mp4', tag: '#EXT-X-MAP:URI="../a%20b/audio/init.mp4"' },
      key: undefined
    })
    expect(media.get('a b/manifest-2.m3u8')?.segments[0]?.map).to.equal(undefined)
  })

  it('goes back a minute, in the words of HLS too, where it says nothing of it', async () => {
    const text = (await fixture('ffmpeg/live-number/manifest.mpd')).replace(/timeShiftBufferDepth="[^"]*"/, '')
      .replace(/availabilityStartTime="[^"]*"/, 'availabilityStartTime="1000-01-01T00:00:00Z"')
    const { media } = await readAsHls(text, 'x.mpd', Date.parse('2026-01-01'))
    expect([...media.values()].map(({ segments }) => segments.length)).to.deep.equal([30, 30])
  })

  it('is said in the words of HLS with its ranges, its periods, and with sound alone', async () => {
    const ranges = (await readAsHls(await fixture('ffmpeg/dash-range/manifest.mpd'), 'x.mpd', 0)).media.get('x-0.m3u8')
    expect(ranges?.segments[0]?.range).to.deep.equal({ offset: 828, length: 930 })
    expect(ranges?.segments[0]?.map?.tag).to.equal('#EXT-X-MAP:URI="manifest-stream0.mp4",BYTERANGE="828@0"')
    const periods = (await readAsHls(await fixture('shaka/periods/manifest.mpd'), 'x.mpd', 0)).media.get('x-0.m3u8')
    expect(periods?.segments.map(({ tags }) => tags.includes('#EXT-X-DISCONTINUITY'))).to.deep.equal([false, true, false])
    const sound = (await fixture('ffmpeg/dash-timeline/manifest.mpd')).replace(/<AdaptationSet id="0".*?<\/AdaptationSet>/s, '')
    const { master, media } = await readAsHls(sound, 'x.mpd', 0)
    expect(master).to.match(/\n#EXT-X-STREAM-INF:BANDWIDTH=250,CODECS="mp4a\.40\.2"\nx-1\.m3u8\n$/)
    expect(media.get('x-1.m3u8')?.segments).to.have.length(3)
    const evil = (await fixture('ffmpeg/live-timeline/manifest.mpd')).replace('Representation id="0"', 'Representation id="../../&quot;&#10;#x"')
    expect([...(await readAsHls(evil, 'x.mpd', 0)).media.keys()]).to.include('x-.._..__x.m3u8')
  })

  it('names nothing outside the content', async () => {
    const text = await fixture('ffmpeg/live-timeline/manifest.mpd')
    for (const base of ['../', '/', 'https://cdn.example.com/', '//cdn.example.com/']) {
      const playlist = await read(text.replace('<Period', `<BaseURL>${base}</BaseURL><Period`), 0, 'manifest.mpd')
      expect(paths(playlist?.files), base).to.deep.equal([])
    }
    expect(paths((await read(text.replace('<Period', '<BaseURL>a%20b/</BaseURL><Period')))?.files)[0]).to.equal('show/a b/init-stream0.m4s')
  })

  it('is none, or one, whatever the text is', async () => {
    const text = await fixture('ffmpeg/live-timeline/manifest.mpd')
    for (let end = 0; end < text.length; end += 97) expect(await read(text.slice(0, end))).to.equal(undefined)
    const texts = [text, await fixture('ffmpeg/live-number/manifest.mpd'), await fixture('shaka/live-window/manifest.mpd')]
    const number = fc.oneof(fc.nat(9), fc.nat(), fc.constantFrom('-1', '-1', '0.5', '1e9', '', Number.MAX_SAFE_INTEGER))
    const edits = fc.array(fc.tuple(fc.nat(80), number), { maxLength: 3 })
    await fc.assert(fc.asyncProperty(fc.constantFrom(...texts), edits, fc.nat(), async (mpd, edits, now) => {
      let edited = mpd
      for (const [at, value] of edits) {
        let count = 0
        edited = edited.replace(/\d+/g, digits => count++ === at ? String(value) : digits)
      }
      const playlist = await read(edited, now * 1000)
      for (const { path, duration = 0 } of playlist?.files ?? []) expect(path !== '' && duration >= 0).to.equal(true)
    }))
  })
})
