/**
 * A relay that is killed and started again three times: the short form of `npm run soak -- relay`.
 *
 *     node test/e2e/relay-restart.ts [--rounds N]
 */

import { parseArgs } from 'node:util'
import { relay } from '../soak/relay.ts'
import { Checks, Problem } from '../support/checks.ts'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } })
const checks = new Checks()
await checks.check(`nodes and a page behind a relay come back each of the ${values.rounds} times that it is restarted`, async () => {
  const faults = await relay(Number(values.rounds), 0)
  if (faults.length > 0) throw new Problem(faults.join('\n'))
})
checks.end()
process.exit()
