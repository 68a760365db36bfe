import { readPlaylist, type MasterPlaylist, type MediaPlaylist } from './live-playlist.js'
import type { HlsView } from './mpd-as-hls.js'
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

/**
 * Says what an MPD says in the words of HLS, to record what it lists.
 *
 * @param path the MPD's own, in the content
 * @param now ms since 1970
 */
export async function readAsHls (text: string, path: string, now: number): Promise<HlsView> {
  const { mpdAsHls } = await import('./mpd-as-hls.js')
  return mpdAsHls(text, path, path.split('/').map(encodeURIComponent).join('/'), now)
}
