import { parseArgs } from 'node:util'
import { startDemo } from './demo.js'

const USAGE = 'Usage: npm start -- [--port PORT]'

function wrongUsage (message: string): never {
  process.stderr.write(`${message}\n${USAGE}\n`)
  process.exit(2)
}

function readPort (): number | undefined {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string' }, help: { type: 'boolean' } } })
    if (values.help === true) { process.stdout.write(`${USAGE}\n`); process.exit(0) }
    if (values.port === undefined) return undefined
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 0 || port > 65_535) wrongUsage(`--port takes a number from 0 to 65535, not ${values.port}`)
    return port
  } catch (error) {
    return wrongUsage((error as Error).message)
  }
}

const port = readPort()
try {
  const demo = await startDemo({ port })
  process.stdout.write(`
  Shoal demo

  Page     ${demo.url}
  Origin   ${demo.origin.url}
  Node     ${demo.node.peerId}
  Link     ${demo.link}
  Film     ${demo.segments} files, ${(demo.bytes / 1e6).toFixed(1)} MB

  Open the page in several tabs or browsers of this machine: each is a peer of its own, and they serve each other over WebRTC.
  A node beside the origin seeds too. Switch the origin or the relay off on the page and watch them go on. Ctrl-C stops everything.

`)
  const stop = (): void => {
    // a second signal ends the process at once
    process.once('SIGINT', () => process.exit(1))
    demo.stop().then(() => process.exit(0), (error: unknown) => { process.stderr.write(`${String(error)}\n`); process.exit(1) })
  }
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
} catch (error) {
  const taken = (error as { code?: unknown }).code === 'EADDRINUSE'
  process.stderr.write(taken ? `Port ${port} is in use: choose another with --port, or none for a free one.\n` : `The demo could not start: ${(error as Error).message}\n`)
  process.exit(1)
}
