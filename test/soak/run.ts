/**
 * Long runs that look for what happens rarely.
 *
 *     npm run soak -- store [--rounds N]     kills a store's process (500 times)
 *     npm run soak -- relay [--rounds N]     kills a relay and starts it again (15 times, every 20 s)
 *
 * Exit codes: 0 nothing was found, 1 something was, 2 wrong usage. The last line counts.
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { relay } from './relay.ts'
import { store } from './store.ts'

const SOAKS: Readonly<Record<string, { readonly rounds: number, readonly run: (rounds: number) => Promise<readonly string[]> }>> = {
  store: { rounds: 500, run: store },
  relay: { rounds: 15, run: relay }
}

function usage (message: string): never {
  console.error(`${message}\nusage: npm run soak -- ${Object.keys(SOAKS).join('|')} [--rounds N]`)
  process.exit(2)
}

function readArguments (): { name: string, rounds: string | undefined } {
  try {
    const { values: { rounds }, positionals: [name = '', ...more] } = parseArgs({ options: { rounds: { type: 'string' } }, allowPositionals: true })
    if (more.length > 0) usage(`expected one name, got ${more.join(' ')} as well`)
    return { name, rounds }
  } catch (error) {
    usage((error as Error).message)
  }
}

const { name, rounds } = readArguments()
const soak = SOAKS[name] ?? usage(`there is no soak ${JSON.stringify(name)}`)
const count = Number(rounds ?? soak.rounds)
if (!Number.isSafeInteger(count) || count < 1) usage(`--rounds: expected a whole number of at least 1, got ${rounds}`)
const root = fileURLToPath(new URL('../..', import.meta.url))
const built = spawnSync(process.execPath, ['node_modules/typescript-native/bin/tsc', '-b', 'packages/shoal'], { cwd: root, stdio: ['ignore', 2, 2] })
if (built.status !== 0) throw new Error('the packages could not be built')
const faults = await soak.run(count)
for (const fault of faults) console.log(`FAILED ${fault}`)
console.log(`${faults.length === 0 ? 1 : 0} passed, ${faults.length} failed`)
process.exitCode = faults.length === 0 ? 0 : 1
