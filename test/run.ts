/**
 * Everything that `npm test` runs, one step after the other; a failure does not keep the later steps from running. Steps that wait more
 * than they work run one after the other beside those that work; their output follows when each has ended.
 *
 *     node test/run.ts                   all steps
 *     node test/run.ts store wire        all steps, as far as they concern these packages
 *     node test/run.ts node store -v     one step, built first; what follows goes to it
 *
 * A step is a program that may end its output with a line `N passed, N failed, N skipped`; without one its exit code counts as one test.
 * The last line of all is the sum.
 */

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

interface Step {
  name: string
  /** Script and its arguments, run by this very Node.js. */
  command: string[]
  /** `beside`: it mostly waits for the network, whatever else the machine does. `alone`: it compares speeds. */
  company?: 'beside' | 'alone'
  /** The arguments that narrow it to some packages; a step without it is left out of a narrowed run. */
  narrow?: (packages: string[]) => string[]
}

interface Outcome {
  passed: number
  failed: number
  skipped: number
  seconds: number
}

const root = fileURLToPath(new URL('..', import.meta.url))
const TSC = 'node_modules/typescript-native/bin/tsc'
/** No step takes nearly as long on any machine: it is ended, and has failed. */
const ENDLESS_MS = 20 * 60_000
const TALLY = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/

const LINT_CACHE = ['--cache', '--cache-location', '.cache/eslint/', '--cache-strategy', 'content']

const steps: Step[] = [
  { name: 'build', command: [TSC, '-b'], narrow: folders },
  { name: 'lint', command: ['node_modules/eslint/bin/eslint.js', '--max-warnings=0', ...LINT_CACHE], narrow: folders },
  { name: 'layers', command: ['test/layers/layers.ts'] },
  { name: 'unused', command: ['node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints'] },
  { name: 'node', command: ['test/unit/node.ts'], narrow: names => names },
  { name: 'browser', command: ['test/unit/browser.ts'], narrow: names => names },
  { name: 'vectors', command: ['interop/vectors/check.ts'] },
  { name: 'fuzz', command: ['test/fuzz/fuzz.ts', '--seconds', '20'] },
  { name: 'docs', command: ['test/docs/docs.ts'] },
  { name: 'stranger', command: ['test/stranger/stranger.ts'] },
  { name: 'main-job', command: ['test/e2e/main-job.ts'] },
  { name: 'contacts', command: ['test/e2e/contacts.ts'] },
  { name: 'bad-input', command: ['test/e2e/bad-input.ts'] },
  { name: 'worse-than-origin', command: ['test/e2e/worse-than-origin.ts'], company: 'alone' },
  { name: 'tabs', command: ['test/e2e/tabs.ts'] },
  { name: 'nat', command: ['test/e2e/nat.ts'], company: 'beside' },
  { name: 'bootstrap-loss', command: ['test/e2e/bootstrap-loss.ts'], company: 'beside' },
  { name: 'relay-restart', command: ['test/e2e/relay-restart.ts'], company: 'beside' },
  { name: 'players', command: ['test/e2e/players.ts'] },
  { name: 'device', command: ['test/e2e/device.ts'] },
  { name: 'hostile', command: ['test/hostile/hostile.ts'], company: 'alone' }
]

function folders (packages: string[]): string[] {
  return packages.map(name => `packages/${name}`)
}

const [first, ...rest] = process.argv.slice(2)
const only = steps.find(step => step.name === first)
const packages = (only === undefined ? process.argv.slice(2) : rest).filter(arg => existsSync(`${root}/packages/${arg}/package.json`))
const unknown = only === undefined ? process.argv.slice(2).filter(arg => !packages.includes(arg)) : []
if (unknown.length > 0) {
  console.error(`neither a step nor a package: ${unknown.join(', ')}. Steps: ${steps.map(step => step.name).join(', ')}`)
  process.exit(2)
}

const chosen = steps.filter(step => {
  if (only !== undefined) return step === only || step.name === 'build'
  return packages.length === 0 || step.narrow !== undefined
})
const outcomes = new Map<string, Outcome>()
let beside: Promise<void> | undefined
for (const step of chosen) {
  if (only === undefined && step.company === 'beside') continue
  if (step.company === 'alone') await beside
  await take(step, line => { console.log(line) })
  // what all need is built
  beside ??= only === undefined ? runBeside() : undefined
}
await beside

let passed = 0
let failed = 0
let skipped = 0
console.log()
for (const { name } of chosen) {
  const outcome = outcomes.get(name) as Outcome
  passed += outcome.passed
  failed += outcome.failed
  skipped += outcome.skipped
  console.log(`${outcome.failed === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(17)} ${outcome.seconds.toFixed(1).padStart(6)} s` +
    `  ${outcome.passed} of ${outcome.passed + outcome.failed}`)
}
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exitCode = failed === 0 ? 0 : 1

async function runBeside (): Promise<void> {
  for (const step of chosen) {
    if (step.company !== 'beside') continue
    const lines: string[] = []
    await take(step, line => { lines.push(line) })
    console.log(lines.join('\n'))
  }
}

async function take (step: Step, say: (line: string) => void): Promise<void> {
  const narrowed = packages.length > 0 && step.narrow !== undefined ? step.narrow(packages) : []
  // what is asked of one step is handed on as it stands
  const extra = step === only ? [...narrowed, ...rest.filter(arg => !packages.includes(arg))] : narrowed
  say(`\n── ${step.name} ──`)
  outcomes.set(step.name, await run([...step.command, ...extra], say))
}

async function run (command: string[], say: (line: string) => void): Promise<Outcome> {
  const start = performance.now()
  const child = spawn(process.execPath, command, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: ENDLESS_MS,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}) }
  })
  let tally: RegExpExecArray | undefined
  const lines = createInterface({ input: child.stdout })
  lines.on('line', line => {
    const match = TALLY.exec(line)
    if (match === null) say(line)
    else tally = match
  })
  const [code] = await Promise.all([
    new Promise<number | null>(resolve => child.once('exit', (code, signal) => {
      // what it started may hold its output open
      if (signal !== null) lines.close()
      resolve(code)
    })),
    new Promise<void>(resolve => lines.once('close', resolve))
  ])
  const seconds = (performance.now() - start) / 1000
  if (child.signalCode !== null) say(`ended by ${child.signalCode} after ${seconds.toFixed(0)} s`)
  const count = (index: number): number => Number(tally?.[index] ?? 0)
  const failed = count(2) === 0 && code !== 0 ? 1 : count(2)
  const passed = tally === undefined && code === 0 ? 1 : count(1)
  return { passed, failed, skipped: count(3), seconds }
}
