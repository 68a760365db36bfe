/**
 * Bad input, end to end with real nodes: what comes in wrong ends in a typed error or a refused peer that names what was wrong, the node
 * goes on serving well-behaved peers, and nothing half-written or wrong is ever served.
 *
 *     node test/e2e/bad-input.ts [peers|origins|files|disk|operator|crash …]
 */

import { Checks } from '../support/checks.ts'
import { endAll } from '../support/processes.ts'
import { cleanUp } from './bad-input/bench.ts'
import { crash } from './bad-input/crash.ts'
import { disk } from './bad-input/disk.ts'
import { files } from './bad-input/files.ts'
import { operator } from './bad-input/operator.ts'
import { origins } from './bad-input/origins.ts'
import { peers } from './bad-input/peers.ts'

/** Run side by side: the second spends its time waiting for time-outs. */
const lanes = [{ peers, disk, crash }, { origins, files, operator }]
const asked = process.argv.slice(2)
const checks = new Checks()

try {
  await Promise.all(lanes.map(async lane => {
    for (const [name, part] of Object.entries(lane)) if (asked.length === 0 || asked.includes(name)) await part(checks)
  }))
} finally {
  await cleanUp()
  await endAll()
}
checks.end()
