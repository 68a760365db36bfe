/** Publishes a file where it lies, by reference, and tells how long that took: wall and processor time in seconds. */

import { createShoal } from 'shoal'

const [file = '', data = ''] = process.argv.slice(2)
const shoal = await createShoal({ data, listen: ['/ip4/127.0.0.1/tcp/0'] })
const cpu = process.cpuUsage()
const started = performance.now()
const { bytes } = await shoal.publish(file)
const seconds = (performance.now() - started) / 1000
const { user, system } = process.cpuUsage(cpu)
await shoal.stop()
process.send?.({ bytes, seconds, cpu: (user + system) / 1e6 })
process.disconnect()
