import { mpdOf, rangeOf, uriOf, type MediaGroup, type MpdListing, type Representation } from './mpd.js'
import type { ListedSegment, PlaylistVersion } from './recording.js'

/** An MPD in the words of HLS, over the same segments. */
export interface HlsView {
  readonly master: string
  /** By path: a media playlist for each representation, beside the MPD. */
  readonly media: ReadonlyMap<string, PlaylistVersion>
}

/**
 * Says what an MPD says as HLS does, to record what it lists: fMP4 and WebVTT are the same in both.
 *
 * @param path the MPD's own, in the content
 * @param uri the same, percent-encoded
 * @param now ms since 1970
 */
export function mpdAsHls (text: string, path: string, uri: string, now: number): HlsView {
  const { playlists = [], mediaGroups = {} } = mpdOf(text, uri, now)
  const media = new Map<string, PlaylistVersion>()
  const name = (representation: Representation): string => {
    const stem = path.replace(/\.mpd$/i, '')
    const id = clean(representation.attributes?.NAME).replace(/[^\w.-]/g, '_')
    const taken = `${stem}-${id}.m3u8`
    const file = media.has(taken) ? `${stem}-${id}-${media.size}.m3u8` : taken
    media.set(file, versionOf(representation, uri))
    return file.slice(file.lastIndexOf('/') + 1)
  }
  const lines = ['#EXTM3U', '#EXT-X-VERSION:7']
  const groups: string[] = []
  const codecs: string[] = []
  const renditionsOf = (type: string): Rendition[] => {
    const listed = Object.values(mediaGroups[type] ?? {}).flatMap(group => Object.entries(group))
    return listed.flatMap(([label, group]) => (group.playlists ?? []).map(representation => ({ label, group, representation })))
  }
  // where there is nothing to see, what there is to hear is the variants
  const variants = playlists.length > 0 ? playlists : renditionsOf('AUDIO').map(({ representation }) => representation)
  for (const type of playlists.length > 0 ? ['AUDIO', 'SUBTITLES'] : ['SUBTITLES']) {
    for (const [i, { label, group, representation }] of renditionsOf(type).entries()) {
      lines.push(`#EXT-X-MEDIA:${mediaTag(type, `${clean(label)} ${i + 1}`, group)},URI="${encodeURIComponent(name(representation))}"`)
      if (i > 0) continue
      groups.push(`${type}="${type.toLowerCase()}"`)
      if (type === 'AUDIO') codecs.push(clean(representation.attributes?.CODECS))
    }
  }
  for (const representation of variants) {
    const { BANDWIDTH, CODECS, RESOLUTION } = representation.attributes ?? {}
    const all = [clean(CODECS), ...codecs].filter(codec => codec !== '')
    const size = typeof RESOLUTION?.width === 'number' && typeof RESOLUTION.height === 'number' ? `${RESOLUTION.width}x${RESOLUTION.height}` : undefined
    const attributes = [
      `BANDWIDTH=${typeof BANDWIDTH === 'number' && BANDWIDTH > 0 ? Math.round(BANDWIDTH) : 1}`,
      ...all.length === 0 ? [] : [`CODECS="${all.join(',')}"`], ...size === undefined ? [] : [`RESOLUTION=${size}`], ...groups
    ]
    lines.push(`#EXT-X-STREAM-INF:${attributes.join(',')}`, encodeURIComponent(name(representation)))
  }
  return { master: [...lines, ''].join('\n'), media }
}

interface Rendition { readonly label: string, readonly group: MediaGroup, readonly representation: Representation }

function mediaTag (type: string, name: string, { language, default: chosen }: MediaGroup): string {
  const spoken = clean(language)
  return `TYPE=${type},GROUP-ID="${type.toLowerCase()}",NAME="${name}",DEFAULT=${chosen === true ? 'YES' : 'NO'},AUTOSELECT=YES` +
    (spoken === '' ? '' : `,LANGUAGE="${spoken}"`)
}

/** @param mpd its own URI */
function versionOf ({ segments = [], discontinuityStarts = [] }: Representation, mpd: string): PlaylistVersion {
  // as seen from the MPD's folder
  const up = '../'.repeat(mpd.split('/').length - 1)
  const located = (listing: MpdListing): string | undefined => {
    const uri = uriOf(listing)
    // without a URL of its own it seems to be the MPD
    return uri === undefined || uri === mpd ? undefined : up + uri
  }
  const listed = segments.map((segment, i): ListedSegment | undefined => {
    const uri = located(segment)
    if (uri === undefined) return undefined
    const map = segment.map === undefined ? undefined : located(segment.map)
    const range = segment.map === undefined ? undefined : rangeOf(segment.map)
    const where = range === undefined ? '' : `,BYTERANGE="${range.length}@${range.offset}"`
    return {
      uri,
      range: rangeOf(segment),
      tags: [...discontinuityStarts.includes(i) ? ['#EXT-X-DISCONTINUITY'] : [], `#EXTINF:${(segment.duration ?? 0).toFixed(5)},`],
      map: map === undefined ? undefined : { uri: map, tag: `#EXT-X-MAP:URI="${map}"${where}` },
      key: undefined
    }
  })
  const target = Math.ceil(segments.reduce((longest, { duration = 0 }) => Math.max(longest, duration), 1))
  return { version: 7, target, independent: false, segments: listed.filter(segment => segment !== undefined) }
}

/** Of what an MPD says, as it may stand in a playlist. */
function clean (value: unknown): string {
  return typeof value === 'string' ? value.replace(/["\r\n]/g, '') : ''
}
