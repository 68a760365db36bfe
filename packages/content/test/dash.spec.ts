import { expect } from 'chai'
import { mapMedia } from '../src/map-media.js'
import type { MediaMap } from '../src/media.js'
import { entryOf } from './helpers.js'

const mpd = (body: string, more = ''): string => `<?xml version="1.0" encoding="UTF-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:isoff-live:2011" type="static"
  minBufferTime="PT2S" mediaPresentationDuration="PT10S" ${more}>${body}</MPD>`

async function map (files: Readonly<Record<string, string | Uint8Array>>): Promise<MediaMap> {
  const encoder = new TextEncoder()
  const entries = Object.entries(files)
  return mapMedia(entries.map(([path, data]) => entryOf(path, typeof data === 'string' ? encoder.encode(data) : data, 7)))
}

function infos (media: MediaMap): Record<string, string> {
  return Object.fromEntries([...media.info].map(([path, { duration, rendition }]) => [path, `${rendition} ${duration ?? '-'}`]))
}

/** Files of one byte each. */
const bytes = (...paths: readonly string[]): Record<string, string> => Object.fromEntries(paths.map(path => [path, 'x']))

describe('DASH', () => {
  it('gives segments of a template by number, with a set of audio', async () => {
    const media = await map({
      'a/manifest.mpd': mpd(`<Period>
        <AdaptationSet contentType="video" mimeType="video/mp4">
          <SegmentTemplate timescale="1000" duration="4000" startNumber="1" initialization="init-$RepresentationID$.m4s"
            media="chunk-$RepresentationID$-$Number%05d$.m4s"/>
          <Representation id="v0" bandwidth="1000" width="640" height="360" codecs="avc1.64001e"/>
        </AdaptationSet>
        <AdaptationSet contentType="audio" mimeType="audio/mp4" lang="en">
          <SegmentTemplate timescale="1000" duration="5000" startNumber="0" media="audio/$Number$.m4s"/>
          <Representation id="a0" bandwidth="100" codecs="mp4a.40.2" audioSamplingRate="48000"/>
        </AdaptationSet>
      </Period>`),
      ...bytes('a/init-v0.m4s', 'a/chunk-v0-00001.m4s', 'a/chunk-v0-00002.m4s', 'a/chunk-v0-00003.m4s', 'a/audio/0.m4s', 'a/audio/1.m4s', 'a/other')
    })
    expect(infos(media)).to.deep.equal({
      'a/init-v0.m4s': 'a/manifest.mpd#v0 -',
      'a/chunk-v0-00001.m4s': 'a/manifest.mpd#v0 4000',
      'a/chunk-v0-00002.m4s': 'a/manifest.mpd#v0 4000',
      'a/chunk-v0-00003.m4s': 'a/manifest.mpd#v0 2000',
      'a/audio/0.m4s': 'a/manifest.mpd#a0 5000',
      'a/audio/1.m4s': 'a/manifest.mpd#a0 5000'
    })
  })

  it('gives segments of a timeline, of several periods, under base URLs', async () => {
    const period = (folder: string): string => `<Period duration="PT5S"><BaseURL>${folder}/</BaseURL>
      <AdaptationSet contentType="video" mimeType="video/mp4"><Representation id="1" bandwidth="1000" width="2" height="2" codecs="avc1.64001e">
        <SegmentTemplate timescale="10" initialization="i.mp4" media="$Time$.m4s"><SegmentTimeline><S t="0" d="20" r="1"/><S d="10"/></SegmentTimeline></SegmentTemplate>
      </Representation></AdaptationSet></Period>`
    const all = ['one', 'two'].flatMap(folder => ['i.mp4', '0.m4s', '20.m4s', '40.m4s'].map(name => `${folder}/${name}`))
    const media = await map({ 'x.mpd': mpd(period('one') + period('two')), ...bytes(...all) })
    expect(infos(media)).to.deep.equal(Object.fromEntries(all.map(path => {
      return [path, `x.mpd#1 ${path.endsWith('.mp4') ? '-' : path.endsWith('40.m4s') ? '1000' : '2000'}`]
    })))
  })

  it('cuts a file at the ranges of a list', async () => {
    const media = await map({
      'x.mpd': mpd(`<Period><AdaptationSet contentType="video" mimeType="video/mp4"><Representation id="v" bandwidth="1" width="2" height="2" codecs="avc1.64001e">
        <BaseURL>all.mp4</BaseURL>
        <SegmentList timescale="1" duration="5"><Initialization range="0-99"/><SegmentURL mediaRange="100-299"/><SegmentURL mediaRange="300-599"/></SegmentList>
      </Representation></AdaptationSet></Period>`),
      'all.mp4': 'x'.repeat(600)
    })
    expect(infos(media)).to.deep.equal({ 'all.mp4': 'x.mpd#v 10000' })
    expect(media.cutting('all.mp4')).to.deep.equal({ method: 'fixed', boundaries: [100, 300] })
  })

  it('cuts a file at the subsegments of its index', async () => {
    const file = new Uint8Array(1_000)
    const view = new DataView(file.buffer)
    // size, "sidx", version 0, id, timescale, time, first offset, count, then size, duration and flags of each
    const words = [56, 0x73696478, 0, 1, 1_000, 0, 0, 2, 300, 4_000, 0x90000000, 544, 6_000, 0x90000000]
    for (const [i, word] of words.entries()) view.setUint32(100 + 4 * i, word)
    const media = await map({
      'x.mpd': mpd(`<Period><AdaptationSet contentType="video" mimeType="video/mp4"><Representation id="v" bandwidth="1" width="2" height="2" codecs="avc1.64001e">
        <BaseURL>film.mp4</BaseURL><SegmentBase indexRange="100-155"><Initialization range="0-99"/></SegmentBase>
      </Representation></AdaptationSet></Period>`),
      'film.mp4': file
    })
    expect(infos(media)).to.deep.equal({ 'film.mp4': 'x.mpd#v 10000' })
    expect(media.cutting('film.mp4')).to.deep.equal({ method: 'fixed', boundaries: [100, 156, 456] })
  })

  it('takes what makes no sense, or leads elsewhere, for a file', async () => {
    const away = mpd(`<BaseURL>https://cdn.example.com/</BaseURL><Period><AdaptationSet mimeType="video/mp4"><SegmentTemplate duration="5" media="$Number$.m4s"/>
      <Representation id="v" bandwidth="1"/></AdaptationSet></Period>`)
    for (const text of ['', '<MPD', 'hello', '<a/>', mpd('<Period/>'), away]) {
      expect((await map({ 'x.mpd': text, '1.m4s': 'x' })).info.size).to.equal(0)
    }
  })

  it('does not list what no machine could', async () => {
    const template = (attributes: string, timeline = ''): string => `<Period><AdaptationSet mimeType="video/mp4">
      <SegmentTemplate media="$Number$.m4s" ${attributes}>${timeline}</SegmentTemplate><Representation id="v" bandwidth="1"/></AdaptationSet></Period>`
    for (const body of [
      template('timescale="1000"', '<SegmentTimeline><S t="0" d="1" r="2147483647"/></SegmentTimeline>'),
      template('timescale="4294967295" duration="1"')
    ]) expect((await map({ 'x.mpd': mpd(body), '1.m4s': 'x' })).info.size).to.equal(0)
  })
})
