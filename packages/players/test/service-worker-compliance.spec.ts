import { compliance } from './compliance.js'
import { workerStub } from './service-worker-stubs.js'

compliance({
  name: 'service worker',
  timed: false,
  keys: false,
  sees: false,
  seat: async (shoal, options, origin) => {
    const { load, ready, end } = workerStub(origin.fetch, shoal, options)
    await ready
    return { end, load: ({ url, range }) => load(url, range === undefined ? {} : { range: `bytes=${range[0]}-${range[1] - 1}` }) }
  }
})
