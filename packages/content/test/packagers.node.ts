import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join, sep } from 'node:path'
import { expect } from 'chai'
import { buildManifest } from '../src/build-manifest.js'
import { cuttingOf, mapMedia } from '../src/map-media.js'
import type { MediaMap } from '../src/media.js'
import { segmentFiles, type FileEntry, type SegmentedFile } from '../src/segment-files.js'
import { entryOf, keyOf } from './helpers.js'

const FIXTURES = fileURLToPath(new URL('../../test/fixtures/', import.meta.url))

interface Presentation {
  /** All its files, by path. */
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly entries: readonly FileEntry[]
  readonly media: MediaMap
}

/** @param lists which of the playlists and MPDs are there: a packager often writes both over the same segments */
async function load (folder: string, lists = /\.(?:m3u8|mpd)$/): Promise<Presentation> {
  const names = await readdir(join(FIXTURES, folder), { recursive: true, withFileTypes: true })
  const files = new Map<string, Uint8Array>()
  for (const entry of names) {
    if (!entry.isFile() || (/\.(?:m3u8|mpd)$/.test(entry.name) && !lists.test(entry.name))) continue
    const path = join(entry.parentPath, entry.name)
    files.set(path.slice(join(FIXTURES, folder).length + 1).split(sep).join('/'), new Uint8Array(await readFile(path)))
  }
  const entries = [...files].map(([path, bytes]) => entryOf(path, bytes, 1_000))
  return { files, entries, media: await mapMedia(entries) }
}

/** `2000 2000` for the durations of a rendition's segments in the order of their paths; init segments are counted apart. */
function summary ({ media }: Presentation): Record<string, string> {
  const renditions: Record<string, string> = {}
  for (const [, { rendition, duration }] of [...media.info].toSorted(([a], [b]) => a < b ? -1 : 1)) {
    renditions[rendition] = [renditions[rendition] ?? [], duration ?? 'init'].flat().join(' ')
  }
  return renditions
}

/** Files that no playlist names. */
function unnamed ({ files, media }: Presentation): string[] {
  return [...files.keys()].filter(path => !media.info.has(path) && !/\.(?:m3u8|mpd)$/.test(path))
}

/** Where the boxes with the media in an MP4 file end. */
function mediaEnds (bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const ends: number[] = []
  for (let at = 0; at < bytes.byteLength;) {
    const end = at + view.getUint32(at)
    if (new TextDecoder().decode(bytes.subarray(at + 4, at + 8)) === 'mdat') ends.push(end)
    at = end
  }
  return ends
}

async function segment ({ entries, media }: Presentation): Promise<SegmentedFile[]> {
  const segmented: SegmentedFile[] = []
  for await (const file of segmentFiles(entries.map(entry => ({ ...entry, cutting: cuttingOf(entry, media) })))) segmented.push(file)
  return segmented
}

describe('what packagers write', () => {
  const TWO = '2000 2000'
  const SIX = '2000 2000 2000'
  type Row = readonly [folder: string, lists: RegExp, renditions: Readonly<Record<string, string>>, unnamed?: readonly string[]]
  const presentations: readonly Row[] = [
    ['ffmpeg/hls-ts', /m3u8/, { 'low/index.m3u8': TWO, 'high/index.m3u8': TWO }],
    ['ffmpeg/hls-fmp4', /m3u8/, {
      'video/index.m3u8': `init ${SIX}`, 'video/index_vtt.m3u8': SIX, 'audio/index.m3u8': 'init 2048 2048 1920 128'
    }],
    ['ffmpeg/hls-range', /m3u8/, { 'index.m3u8': '6000' }],
    ['ffmpeg/hls-aes', /m3u8/, { 'index.m3u8': SIX, 'ads.m3u8': TWO }, ['1.key']],
    // it writes a fourth segment of sound, which the MPD's six seconds have no place for
    ['ffmpeg/dash-number', /mpd/, { 'manifest.mpd#0': `${SIX} init`, 'manifest.mpd#1': `${SIX} init` }, ['chunk-stream1-00004.m4s']],
    ['ffmpeg/dash-timeline', /mpd/, { 'manifest.mpd#0': `${SIX} init`, 'manifest.mpd#1': '1920 2048 2032 init' }],
    ['ffmpeg/dash-timeline', /m3u8/, { 'media_0.m3u8': `${SIX} init`, 'media_1.m3u8': '1920 2048 2032 init' }],
    ['ffmpeg/dash-list', /mpd/, { 'manifest.mpd#0': `${SIX} init`, 'manifest.mpd#1': `${SIX} init` }],
    ['ffmpeg/dash-range', /mpd/, { 'manifest.mpd#0': '6000', 'manifest.mpd#1': '6000' }],
    ['shaka/demand', /m3u8/, { 'video.m3u8': '6000', 'audio.m3u8': '6000', 'en.m3u8': '6000' }],
    ['shaka/demand', /mpd/, { 'manifest.mpd#0': '6000', 'manifest.mpd#1': '6000', 'manifest.mpd#2': '6000' }],
    ['shaka/live', /m3u8/, { 'video/index.m3u8': `${SIX} init`, 'audio/index.m3u8': '2048 2048 1904 init', 'en/index.m3u8': SIX }],
    ['shaka/live', /mpd/, { 'manifest.mpd#0': `${SIX} init`, 'manifest.mpd#1': '2048 2048 1904 init', 'manifest.mpd#2': SIX }],
    ['shaka/periods', /m3u8/, { 'stream_1.m3u8': `init ${SIX}`, 'stream_0.m3u8': 'init 2048 2048 1904' }],
    ['shaka/periods', /mpd/, { 'manifest.mpd#0': `init ${SIX}`, 'manifest.mpd#1': 'init 2048 2048 1904' }],
    ['shaka/aes', /m3u8/, { 'video.m3u8': SIX }]
  ]

  for (const [folder, lists, renditions, others = []] of presentations) {
    it(`is understood: ${folder}, ${lists.source}`, async () => {
      const presentation = await load(folder, lists)
      expect(summary(presentation)).to.deep.equal(renditions)
      expect(unnamed(presentation)).to.have.members(others)
    })
  }

  it('has its keys left to the origin', async () => {
    expect([...(await load('ffmpeg/hls-aes')).media.keys]).to.deep.equal(['1.key'])
    expect([...(await load('shaka/aes')).media.keys]).to.deep.equal([])
  })

  it('is cut where its segments end, whichever playlist says so', async () => {
    for (const [folder, path, lists] of [
      ['ffmpeg/hls-range', 'index.m4s', /m3u8/],
      ['ffmpeg/dash-range', 'manifest-stream0.mp4', /mpd/],
      ['ffmpeg/dash-range', 'manifest-stream1.mp4', /mpd/],
      ['shaka/demand', 'video.mp4', /m3u8/],
      ['shaka/demand', 'audio.mp4', /mpd/]
    ] as const) {
      const presentation = await load(folder, lists)
      const ends = mediaEnds(presentation.files.get(path) as Uint8Array)
      const file = (await segment(presentation)).find(segmented => segmented.path === path)
      expect(ends).to.have.length(3)
      expect([...file?.offsets ?? []], `${folder}/${path}`).to.include.members(ends)
    }
  })

  it('is stated in a manifest, with what its playlists say', async () => {
    for (const folder of new Set(presentations.map(([folder]) => folder))) {
      const presentation = await load(folder)
      const files = await segment(presentation)
      const { manifest } = await buildManifest({
        name: 'show', kind: 'directory', files, media: presentation.media.info, createdAt: 1_700_000_000_000, key: await keyOf(1)
      })
      for (const [path, bytes] of presentation.files) {
        const { size, duration, rendition } = await manifest.find(path)
        expect(size).to.equal(bytes.byteLength)
        const said = presentation.media.info.get(path)
        expect([duration, rendition]).to.deep.equal([said?.duration === undefined ? undefined : said.duration / 1000, said?.rendition])
      }
    }
  })
})
