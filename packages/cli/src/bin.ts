import './heap.js'
import { main } from './main.js'

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
