import { createHlsLoader } from '@shoal/players/hls'
import Hls from 'hls.js'
import { BUFFER_SECONDS, type Open } from './seat.ts'

export const open: Open = async ({ video, show, shoal, options, trouble }) => {
  const hls = new Hls({
    ...createHlsLoader(shoal, { ...options, media: video }),
    maxBufferLength: BUFFER_SECONDS,
    maxMaxBufferLength: BUFFER_SECONDS,
    maxBufferSize: 1,
    backBufferLength: 0,
    startLevel: 0,
    enableWorker: false
  })
  let fatal = false
  hls.on(Hls.Events.ERROR, (_name, error) => {
    trouble(`${error.details}${error.fatal ? ' fatal' : ''} ${error.response?.code ?? ''}`)
    fatal ||= error.fatal
  })
  hls.loadSource(show.origin + show.path)
  hls.attachMedia(video)
  // until a test says so the player stays where it begins
  hls.on(Hls.Events.MANIFEST_PARSED, () => { hls.loadLevel = 0 })
  return {
    quality (rung) { hls.nextLevel = rung },
    again () {
      if (!fatal) return
      fatal = false
      if (hls.levels.length === 0) hls.loadSource(show.origin + show.path)
      else hls.startLoad()
    },
    bandwidth: () => hls.bandwidthEstimate
  }
}
