import { attachShaka } from '@shoal/players/shaka'
import imported from 'shaka-player'
import { BUFFER_SECONDS, type Open } from './seat.ts'

// a CommonJS module, whose types say that it has a default export
const shaka = imported as unknown as typeof imported.default

export const open: Open = async ({ video, show, shoal, options, trouble }) => {
  shaka.polyfill.installAll()
  const player = new shaka.Player()
  await player.attach(video)
  attachShaka(shaka, player, shoal, options)
  const abr = { enabled: false, defaultBandwidthEstimate: 60_000 }
  player.configure({ streaming: { bufferingGoal: BUFFER_SECONDS, bufferBehind: 1 }, abr })
  let failed = false
  player.addEventListener('error', (event: unknown) => {
    failed = true
    trouble(`${(event as { detail: { code: number } }).detail.code}`)
  })
  const load = (): void => {
    player.load(show.origin + show.path).catch((error: { code: number }) => {
      failed = true
      trouble(`load ${error.code}`)
    })
  }
  load()
  return {
    quality (rung) {
      const tracks = player.getVariantTracks().sort((a: { bandwidth: number }, b: { bandwidth: number }) => a.bandwidth - b.bandwidth)
      const track = tracks[rung]
      if (track !== undefined) player.selectVariantTrack(track, true)
    },
    again () {
      if (!failed) return
      failed = false
      if (player.getManifest() === null) load()
      else player.retryStreaming()
    },
    bandwidth: () => player.getStats().estimatedBandwidth
  }
}
