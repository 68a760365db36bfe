import { attachDash } from '../src/dash/index.js'
import { compliance } from './compliance.js'
import { SECONDS, START } from './seat.js'
import { dashStub } from './dash-stubs.js'

compliance({
  name: 'dash',
  timed: true,
  keys: true,
  sees: true,
  seat: (shoal, options, origin) => {
    const { player, load } = dashStub(origin.fetch, options.clock)
    attachDash(player, shoal, options)
    return {
      load ({ url, type, range }) {
        const types = { fragment: 'MediaSegment', playlist: 'MPD', key: 'license' }
        return load(url, {
          type: types[type], responseType: type === 'playlist' ? '' : 'arraybuffer', startTime: START, duration: SECONDS, range: range === undefined ? undefined : `${range[0]}-${range[1] - 1}`
        })
      }
    }
  }
})
