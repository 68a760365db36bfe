// Runs in the test page, beside mocha's browser build; `onresult` and `ondone` are the runner's.

class Reporter {
  constructor (runner) {
    runner.on('pass', test => onresult(describe(test, 'passed')))
    runner.on('pending', test => onresult(describe(test, 'skipped')))
    runner.on('fail', (test, error) => onresult(describe(test, 'failed', error)))
  }
}

function describe (test, outcome, error) {
  let suite = test.parent
  while (suite !== undefined && !suite.file) suite = suite.parent
  return { file: suite?.file ?? 'unknown', title: test.titlePath(), outcome, ms: test.duration ?? 0, error: error && describeError(error) }
}

function describeError (error) {
  if (!(error instanceof Error)) return { stack: `not an Error was thrown: ${String(error)}` }
  const { actual, expected, showDiff } = error
  const diff = showDiff !== false && actual !== undefined && expected !== undefined
  const cause = error.cause === undefined ? '' : `\ncaused by ${error.cause?.stack ?? error.cause}`
  return {
    stack: (error.stack ?? String(error)) + cause,
    ...(diff ? { actual: Mocha.utils.stringify(actual), expected: Mocha.utils.stringify(expected) } : {})
  }
}

globalThis.run = async ({ files, grep }) => {
  mocha.setup({ ui: 'bdd', timeout: 20_000, fullTrace: true, reporter: Reporter, ...(grep === undefined ? {} : { grep }) })
  // mocha only turns an uncaught exception into a failure of the running test
  addEventListener('unhandledrejection', event => { throw event.reason })
  for (const file of files) {
    const before = mocha.suite.suites.length
    try {
      await import(file)
    } catch (error) {
      // a file that does not load is a failed test, and the others still run
      globalThis.describe(file, () => { it('loads', () => { throw error }) })
    }
    for (const suite of mocha.suite.suites.slice(before)) suite.file = file
  }
  mocha.run(() => ondone())
}
