/** What reads and writes playlists of live contents. */

import { readVersion, Recording, relativeUri } from '@shoal/content/live'
import { ManifestError } from '@shoal/interface'
import { mutateText, pick } from './mutate.ts'
import type { Target } from './target.ts'

/** A live playlist, as whoever records it reads it. No text is wrong. */
export function playlistTarget (): Target {
  const right = [[
    '#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-TARGETDURATION:4', '#EXT-X-MEDIA-SEQUENCE:9', '#EXT-X-KEY:METHOD=AES-128,URI="k"',
    '#EXT-X-MAP:URI="i.mp4",BYTERANGE="9@0"', '#EXTINF:4,', '#EXT-X-BYTERANGE:20@9', 'a.mp4', '#EXT-X-DISCONTINUITY', '#EXTINF:4,', 'b.mp4', ''
  ].join('\n')]
  return {
    name: 'live playlist',
    error: ManifestError,
    make (random) {
      const text = mutateText(pick(right, random), right, random)
      return () => {
        const version = readVersion(text)
        if (version === undefined) return
        const recording = new Recording(text)
        for (const segment of version.segments) {
          recording.add(segment, { uri: relativeUri('v/a', segment.uri.toWellFormed()), map: segment.map?.uri }, version, false)
        }
        new Recording(recording.text(true)).text(true)
      }
    }
  }
}
