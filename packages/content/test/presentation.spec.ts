import { expect } from 'chai'
import { buildManifest } from '../src/build-manifest.js'
import { concat } from '@shoal/base'
import { cuttingOf, mapMedia } from '../src/map-media.js'
import { segmentFiles, type SegmentedFile } from '../src/segment-files.js'
import { entryOf, keyOf, randomBytes } from './helpers.js'

const PARTS = [randomBytes(300_001, 1), randomBytes(200_000, 2), randomBytes(7, 3)] as const

const MANIFEST = 'bafyreibtpovzwu7ir4xfspc2qru6qctlgbeejaqiyf4eoraecpox3fl2ty'
const ROOT = 'bafybeihixeg36epidlff35p5tsrd6qemgvrtupfq2qvb3impck7mymkmga'

const PLAYLIST = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:3
#EXT-X-PART-INF:PART-TARGET=1
#EXT-X-MAP:URI="init.mp4"
#EXT-X-PART:DURATION=1,URI="1.0.m4s"
#EXT-X-PART:DURATION=1,URI="1.1.m4s"
#EXT-X-PART:DURATION=1,URI="1.2.m4s"
#EXTINF:3,
1.m4s
#EXT-X-ENDLIST
`

/** A low-latency stream, its archive as one file by ranges, and a large file beside it. */
const FILES: Readonly<Record<string, Uint8Array>> = {
  'hls/live.m3u8': new TextEncoder().encode(PLAYLIST),
  'hls/init.mp4': randomBytes(800, 4),
  ...Object.fromEntries(PARTS.map((bytes, i) => [`hls/1.${i}.m4s`, bytes])),
  'hls/1.m4s': concat(PARTS),
  'extras/disk.img': randomBytes(2_000_000, 5),
  'läs mig.txt': new TextEncoder().encode('hej')
}

/** @param chunk in which the bytes of each file come */
async function publish (paths: readonly string[], chunk: number): Promise<{ files: SegmentedFile[], cid: string, root: string }> {
  const entries = paths.map(path => entryOf(path, FILES[path] as Uint8Array, chunk))
  const media = await mapMedia(entries)
  const files: SegmentedFile[] = []
  for await (const file of segmentFiles(entries.map(entry => ({ ...entry, cutting: cuttingOf(entry, media) })))) files.push(file)
  const { manifest: { summary: { cid, root } } } = await buildManifest({
    name: 'show', kind: 'directory', files, media: media.info, origins: ['https://cdn.example.com/show/'], createdAt: 1_700_000_000_000, key: await keyOf(1)
  })
  return { files, cid, root }
}

describe('a presentation', () => {
  it('has the same CIDs everywhere, in whatever order and pieces its files come: a change of these is a change of every link', async () => {
    for (const [paths, chunk] of [[Object.keys(FILES), 65_536], [Object.keys(FILES).toReversed(), 1_000_003]] as const) {
      const { cid, root } = await publish(paths, chunk)
      expect([cid, root]).to.deep.equal([MANIFEST, ROOT])
    }
  })

  it('shares the blocks of low-latency parts with their final segment', async () => {
    const { files } = await publish(Object.keys(FILES), 65_536)
    const leaves = (path: string): Uint8Array => files.find(file => file.path === path)?.leaves as Uint8Array
    expect(leaves('hls/1.m4s')).to.deep.equal(concat(PARTS.map((_, i) => leaves(`hls/1.${i}.m4s`))))
    expect(leaves('hls/1.m4s')).to.have.length(4 * 32)
  })
})
