import { attachVideoJs } from '@shoal/players/videojs'
import imported from 'video.js'
import { BUFFER_SECONDS, type Open } from './seat.ts'

// a CommonJS module, whose types say that it has a default export
const videojs = imported as unknown as typeof imported.default

interface Representation { readonly bandwidth: number, enabled (on: boolean): void }
interface Vhs { representations (): Representation[], bandwidth: number }

export const open: Open = async ({ video, show, shoal, options, trouble }) => {
  Object.assign((videojs as unknown as { Vhs: object }).Vhs, { GOAL_BUFFER_LENGTH: BUFFER_SECONDS, MAX_GOAL_BUFFER_LENGTH: BUFFER_SECONDS })
  const player = videojs(video, { html5: { vhs: { overrideNative: true, bandwidth: 60_000, useBandwidthFromLocalStorage: false } } })
  attachVideoJs(player, shoal, options)
  let failed = false
  player.on('error', () => {
    failed = true
    trouble(`${player.error()?.code} ${player.error()?.message}`)
  })
  const source = { src: show.origin + show.path, type: show.path.endsWith('.mpd') ? 'application/dash+xml' : 'application/x-mpegURL' }
  player.src(source)
  const vhs = (): Vhs | undefined => (player.tech(true) as unknown as { vhs?: Vhs }).vhs
  const only = (rung: 0 | 1): void => {
    const sorted = vhs()?.representations().sort((a, b) => a.bandwidth - b.bandwidth) ?? []
    // never none
    sorted[rung]?.enabled(true)
    sorted[1 - rung]?.enabled(false)
  }
  player.on('loadedmetadata', () => { only(0) })
  return {
    quality: only,
    again () {
      if (!failed) return
      failed = false
      const at = player.currentTime() ?? 0
      player.error(null as never)
      player.src(source)
      player.one('loadedmetadata', () => { player.currentTime(at); void player.play() })
    },
    bandwidth: () => vhs()?.bandwidth
  }
}
