/** A process to be killed: counts bytes, flushes, and prints how many of them are written now. */
import { LevelDatastore } from 'datastore-level'
import { systemClock } from '@shoal/base'
import { openLedger } from '../src/ledger.js'
import { swarmId } from './swarm-id.js'

const datastore = new LevelDatastore(process.argv[2] as string)
await datastore.open()
const ledger = await openLedger({ clock: systemClock, datastore })
ledger.accounts.penalise('liar', 'corrupt-block')
for (;;) {
  ledger.accounts.received('giver', swarmId(1), 1000, 1, 1)
  ledger.month.add(1000, 0)
  const sum = Math.min(ledger.accounts.record('giver')?.received ?? 0, ledger.month.bytes)
  await ledger.flush()
  process.stdout.write(`${sum}\n`)
}
