/** Runs every package's `*.spec.ts` and `*.node.ts`, compiled, in this process: `node test/unit/node.ts [PACKAGE…] [--grep TEXT]` */

import { setSourceMapsSupport } from 'node:module'
import { pathToFileURL } from 'node:url'
import Mocha from 'mocha'
import { Report, describeError, packageOf } from './report.ts'
import { select } from './specs.ts'

const EXIT_WAIT_MS = 3000

// mocha only turns an uncaught exception into a failure of the running test
process.on('unhandledRejection', reason => { throw reason })
setSourceMapsSupport(true, { nodeModules: false, generatedCode: false })
const { files, grep, verbose } = await select(['spec', 'node'])
const report = new Report(verbose)

const mocha = new Mocha({ ui: 'bdd', timeout: 20_000, forbidOnly: process.env['CI'] !== undefined, reporter: class {} as never })
if (grep !== undefined) mocha.grep(grep)
mocha.suite.emit('pre-require', globalThis as never, '', mocha)
for (const file of files) {
  const before = mocha.suite.suites.length
  await import(pathToFileURL(file).href)
  for (const suite of mocha.suite.suites.slice(before)) suite.file = file
}

const runner = mocha.run(() => {
  process.exitCode = report.end() ? 0 : 1
  // whatever keeps the process alive now is a socket or timer that a test left behind
  setTimeout(() => {
    console.error(`  left open by a test: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit()
  }, EXIT_WAIT_MS).unref()
})
runner.on('pass', test => { add(test, 'passed') })
runner.on('pending', test => { add(test, 'skipped') })
runner.on('fail', (test, error) => { add(test, 'failed', error) })

function add (test: Mocha.Runnable, outcome: 'passed' | 'failed' | 'skipped', error?: unknown): void {
  report.add({
    package: packageOf(fileOf(test)),
    title: test.titlePath(),
    outcome,
    ms: test.duration ?? 0,
    error: error === undefined ? undefined : describeError(error)
  })
}

function fileOf (test: Mocha.Runnable): string {
  for (let suite = test.parent; suite !== undefined; suite = suite.parent) if (suite.file) return suite.file
  return 'unknown'
}
