import { attachVideoJs } from '../src/videojs/index.js'
import { compliance, MEDIA, SECONDS, START } from './compliance.js'
import { vhsStub } from './videojs-stubs.js'

compliance({
  name: 'videojs',
  timed: true,
  keys: true,
  sees: true,
  seat: (shoal, options, origin) => {
    const { player, load } = vhsStub(origin.fetch, options.clock, SECONDS)
    const buffered = { length: 1, start: () => 0, end: () => START }
    attachVideoJs(player, shoal, { ...options, media: () => ({ ...MEDIA, ...options.media, buffered }) })
    return {
      load ({ url, type, range }) {
        const types = { fragment: 'segment', playlist: 'hls-playlist', key: 'segment-key' }
        return load(url, types[type], type === 'playlist' ? undefined : 'arraybuffer', range === undefined ? {} : { Range: `bytes=${range[0]}-${range[1] - 1}` })
      }
    }
  }
})
