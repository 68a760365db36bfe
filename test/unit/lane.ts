/** A process that runs the compiled test files it is told of, one after the other, and tells of each test and each file that ended. */

import { setSourceMapsSupport } from 'node:module'
import { pathToFileURL } from 'node:url'
import Mocha from 'mocha'
import { describeError, packageOf, type Result } from './report.ts'

/** To a lane. */
export type Order = { readonly file: string, readonly grep: string | undefined } | 'end'
/** From a lane. */
export type News = { readonly result: Result } | { readonly ended: string }

const EXIT_WAIT_MS = 3000

// mocha only turns an uncaught exception into a failure of the running test
process.on('unhandledRejection', reason => { throw reason })
setSourceMapsSupport(true, { nodeModules: false, generatedCode: false })

process.on('message', (order: Order) => {
  if (order === 'end') end()
  else void run(order.file, order.grep)
})

async function run (file: string, grep: string | undefined): Promise<void> {
  const add = (test: Mocha.Runnable, outcome: Result['outcome'], error?: unknown): void => {
    tell({
      result: {
        package: packageOf(file),
        title: test.titlePath(),
        outcome,
        ms: test.duration ?? 0,
        error: error === undefined ? undefined : describeError(error)
      }
    })
  }
  const mocha = new Mocha({ ui: 'bdd', timeout: 20_000, forbidOnly: process.env['CI'] !== undefined, reporter: class {} as never })
  if (grep !== undefined) mocha.grep(grep)
  mocha.suite.emit('pre-require', globalThis as never, '', mocha)
  await import(pathToFileURL(file).href)
  mocha.run(() => {
    mocha.dispose()
    tell({ ended: file })
  })
    .on('pass', test => { add(test, 'passed') })
    .on('pending', test => { add(test, 'skipped') })
    .on('fail', (test, error) => { add(test, 'failed', error) })
}

function tell (news: News): void {
  process.send?.(news)
}

function end (): void {
  process.disconnect()
  // whatever keeps the process alive now is a socket or timer that a test left behind
  setTimeout(() => {
    console.error(`  left open by a test: ${process.getActiveResourcesInfo().join(', ')}`)
    process.exit()
  }, EXIT_WAIT_MS).unref()
}
