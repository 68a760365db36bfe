/**
 * Long runs that look for what happens rarely.
 *
 *     npm run soak -- store [--rounds N]     kills a store's process (500 times)
 *     npm run soak -- relay [--rounds N]     kills a relay and starts it again (15 times, every 20 s)
 *     npm run soak -- swarm [--minutes N] [--seed N] [--json]
 *                                            20 nodes and 4 pages that fetch, come, go, sleep and are killed (30 minutes)
 *
 * Exit codes: 0 nothing was found, 1 something was, 2 wrong usage. The last line counts; with `--json` it is the report.
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { relay } from './relay.ts'
import { store } from './store.ts'
import { swarm } from './swarm.ts'

const USAGE = `usage: npm run soak -- store|relay [--rounds N]
       npm run soak -- swarm [--minutes N] [--seed N] [--json]

  store     kills a store's process (500 times)
  relay     kills a relay and starts it again (15 times, every 20 s)
  swarm     20 nodes and 4 pages that fetch, come, go, sleep and are killed (30 minutes)`

function usage (message: string): never {
  console.error(`${message}\n${USAGE}`)
  process.exit(2)
}

function readArguments (): { name: string, values: { rounds?: string, minutes?: string, seed?: string, json?: boolean } } {
  try {
    const { values, positionals: [name = '', ...more] } = parseArgs({
      options: { help: { type: 'boolean', short: 'h' }, rounds: { type: 'string' }, minutes: { type: 'string' }, seed: { type: 'string' }, json: { type: 'boolean' } },
      allowPositionals: true
    })
    if (values.help === true) {
      console.log(USAGE)
      process.exit(0)
    }
    if (more.length > 0) usage(`expected one name, got ${more.join(' ')} as well`)
    return { name, values }
  } catch (error) {
    usage((error as Error).message)
  }
}

const { name, values } = readArguments()

function number (option: 'rounds' | 'minutes' | 'seed', otherwise: number): number {
  const value = Number(values[option] ?? otherwise)
  if (!Number.isSafeInteger(value) || value < 1) usage(`--${option}: expected a whole number of at least 1, got ${values[option]}`)
  return value
}

const SOAKS: Readonly<Record<string, { readonly takes: readonly string[], readonly run: () => Promise<readonly string[]> }>> = {
  store: { takes: ['rounds'], run: () => store(number('rounds', 500)) },
  relay: { takes: ['rounds'], run: () => relay(number('rounds', 15)) },
  swarm: {
    takes: ['minutes', 'seed', 'json'],
    run: () => swarm({ minutes: number('minutes', 30), seed: number('seed', 1 + Math.floor(Math.random() * 1_000_000)), json: values.json === true })
  }
}

const soak = SOAKS[name] ?? usage(`there is no soak ${JSON.stringify(name)}`)
const unknown = Object.keys(values).filter(option => !soak.takes.includes(option))
if (unknown.length > 0) usage(`${name} takes no --${unknown.join(', --')}`)
const root = fileURLToPath(new URL('../..', import.meta.url))
const built = spawnSync(process.execPath, ['node_modules/typescript-native/bin/tsc', '-b', 'packages/shoal'], { cwd: root, stdio: ['ignore', 2, 2] })
if (built.status !== 0) throw new Error('the packages could not be built')
const say = values.json === true ? console.error : console.log
const faults = await soak.run()
for (const fault of faults) say(`FAILED ${fault}`)
say(`${faults.length === 0 ? 1 : 0} passed, ${faults.length} failed`)
process.exitCode = faults.length === 0 ? 0 : 1
