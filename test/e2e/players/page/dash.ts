import { attachDash } from '@shoal/players/dash'
import { MediaPlayer } from 'dashjs'
import { BUFFER_SECONDS, type Open } from './seat.ts'

export const open: Open = async ({ video, show, shoal, options, trouble }) => {
  const player = MediaPlayer().create()
  player.updateSettings({
    streaming: {
      buffer: {
        bufferTimeDefault: BUFFER_SECONDS, bufferTimeAtTopQuality: BUFFER_SECONDS, bufferTimeAtTopQualityLongForm: BUFFER_SECONDS,
        bufferToKeep: 1, fastSwitchEnabled: true
      },
      abr: { autoSwitchBitrate: { video: false }, initialBitrate: { video: 30 } },
      // dash.js ends for good when its retries have ended
      retryAttempts: { MediaSegment: 30, InitializationSegment: 30 }
    }
  })
  attachDash(player, shoal, options)
  let failed = false
  player.on('error', (event: unknown) => {
    failed = true
    trouble(`${(event as { error: { code: number } }).error.code}`)
  })
  const url = show.origin + show.path
  player.initialize(video, url, true)
  return {
    quality (rung) { player.setRepresentationForTypeByIndex('video', rung, true) },
    again () {
      if (!failed) return
      failed = false
      // it has null before the first
      if ((player.getManifest() as unknown ?? undefined) === undefined) player.attachSource(url)
    },
    bandwidth: () => player.getAverageThroughput('video') * 1000
  }
}
