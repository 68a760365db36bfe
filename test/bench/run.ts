/**
 * Measures Shoal beside its rivals, in turn within one run.
 *
 *     npm run -s bench                          which benches there are
 *     npm run -s bench -- NAME [--json] […]     one of them
 *     npm run -s bench -- NAME --help           its options
 *
 * Exit codes: 0 it ran, whatever it found; 1 something of it did not run; 2 wrong usage.
 */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { removeSpaces } from '../support/namespaces.ts'
import { announce } from './announce.ts'
import { browserPair } from './browser-pair.ts'
import { churn } from './churn.ts'
import { cold } from './cold.ts'
import { connect } from './connect.ts'
import { discover } from './discover.ts'
import { freeride } from './freeride.ts'
import { ipfs } from './ipfs.ts'
import { memory } from './memory.ts'
import { offload } from './offload.ts'
import { overlay } from './overlay.ts'
import { pair } from './pair.ts'
import { picker } from './picker.ts'
import { publish } from './publish.ts'
import { endAll } from './support/contender.ts'
import { progress } from './support/report.ts'
import { removeFolders } from './support/folders.ts'
import { scale } from './scale.ts'
import { store } from './store.ts'
import { swarm } from './swarm.ts'
import { UsageError, type Bench } from './support/usage.ts'

const benches: readonly Bench[] = [
  announce, browserPair, churn, cold, connect, discover, freeride, ipfs, memory, offload, overlay, pair, picker, publish, scale,
  store, swarm
]

const usage = (): string => [
  'usage: npm run -s bench -- NAME [--json] [options]',
  '',
  ...benches.map(({ name, summary }) => `  ${name.padEnd(12)} ${summary}`)
].join('\n')

async function clean (): Promise<void> {
  await endAll()
  removeSpaces()
  await removeFolders()
}

for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]] as const) {
  process.once(signal, () => { void clean().finally(() => process.exit(code)) })
}

/** Benches measure what is built from the sources as they are. */
function build (): void {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const compiler = 'node_modules/typescript-native/bin/tsc'
  const { status } = spawnSync(process.execPath, [compiler, '-b', 'packages/shoal', 'packages/players', 'packages/simulator'], {
    cwd: root, stdio: ['ignore', 2, 2]
  })
  if (status !== 0) throw new Error('the packages could not be built')
}

const [name, ...args] = process.argv.slice(2)
const bench = benches.find(found => found.name === name)
try {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') console.log(usage())
  else if (bench === undefined) throw new UsageError(`there is no bench ${JSON.stringify(name)}\n\n${usage()}`)
  else if (args.includes('--help') || args.includes('-h')) console.log(bench.help)
  else await bench.run(args, build)
} catch (error) {
  const wrong = error instanceof UsageError
  progress(wrong ? error.message : `bench ${name} failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = wrong ? 2 : 1
} finally {
  await clean()
}
