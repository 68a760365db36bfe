/** Reads a file and hashes it as any program of Node.js would, and tells how long that took: wall and processor time in seconds. */

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

const [file = ''] = process.argv.slice(2)
const cpu = process.cpuUsage()
const started = performance.now()
const hash = createHash('sha256')
let bytes = 0
for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Uint8Array>) {
  hash.update(chunk)
  bytes += chunk.byteLength
}
hash.digest()
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpu)
process.send?.({ bytes, seconds, cpu: (user + system) / 1e6 })
process.disconnect()
