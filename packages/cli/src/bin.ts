import { setFlagsFromString } from 'node:v8'
import { main } from './main.js'

// Blocks pass through as memory outside the heap, and by default V8 marks the whole heap anew for every few MiB of them. With this headroom
// it does so about half as often, at some 10 MB more in memory: doc/performance.md
setFlagsFromString('--heap-growing-percent=300')

const stop = new AbortController()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The first signal stops cleanly; without a handler the second one kills. */
function onSignal (): void {
  for (const name of SIGNALS) process.off(name, onSignal)
  stop.abort()
}

for (const name of SIGNALS) process.on(name, onSignal)
// Nobody reads on (`shoal … | head -1`): as with SIGPIPE, there is nothing left to do this for
process.stdout.on('error', () => { stop.abort() })
process.stderr.on('error', () => undefined)

const code = await main({
  argv: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stop.signal,
  // Loaded when it is needed: help and wrong usage answer at once
  createNode: async options => await (await import('shoal')).createShoal(options)
})
process.exit(code)
