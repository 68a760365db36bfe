import { readPlaylist, type MasterPlaylist, type MediaPlaylist } from './live-playlist.js'
import type { Base } from './named-files.js'

/**
 * Reads an HLS playlist, or an MPD for one.
 *
 * @param path in the content
 * @param now ms since 1970
 * @returns `undefined` when it is neither, or not yet
 */
export async function readPresentation (
  text: string, path: string, base: Base, now: number
): Promise<MasterPlaylist | MediaPlaylist | undefined> {
  if (!text.includes('<MPD')) return readPlaylist(text, base)
  // the parser of MPDs brings one of XML along
  const { readMpd } = await import('./live-mpd.js')
  return readMpd(text, path, base, now)
}
