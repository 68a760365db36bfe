import { attachVideoJs } from '../src/videojs/index.js'
import { compliance } from './compliance.js'
import { MEDIA, SECONDS, START } from './seat.js'
import { vhsStub } from './videojs-stubs.js'
import type { Media } from '../src/core/types.js'

compliance({
  name: 'videojs',
  timed: true,
  keys: true,
  sees: true,
  seat: (shoal, options, origin) => {
    const { player, load } = vhsStub(origin.fetch, options.clock, SECONDS)
    attachVideoJs(player, shoal, {
      ...options,
      media: () => {
        const media: Media = { ...MEDIA, ...options.media }
        // what is asked for is what comes behind the buffer, which one that has nothing to show has not
        return { ...media, buffered: { length: media.readyState === 0 ? 0 : 1, start: () => 0, end: () => START } }
      }
    })
    return {
      load ({ url, type, range }) {
        const types = { fragment: 'segment', playlist: 'hls-playlist', key: 'segment-key' }
        return load(url, types[type], type === 'playlist' ? undefined : 'arraybuffer', range === undefined ? {} : { Range: `bytes=${range[0]}-${range[1] - 1}` })
      }
    }
  }
})
