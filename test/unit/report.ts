import { inspect, stripVTControlCharacters } from 'node:util'
import Mocha from 'mocha'

/** How one test ended, as either runner says it. */
export interface Result {
  /** `store`, from the path of the file. */
  package: string
  /** Suites and test, outermost first. */
  title: string[]
  outcome: 'passed' | 'failed' | 'skipped'
  ms: number
  error?: { stack: string, actual?: string | undefined, expected?: string | undefined } | undefined
}

/** Prints a line per package as its tests end, then what failed, then the tally. */
export class Report {
  readonly #verbose: boolean
  readonly #failures: Result[] = []
  readonly #count = { passed: 0, failed: 0, skipped: 0 }
  #package: { name: string, passed: number, failed: number, skipped: number, ms: number } | undefined

  constructor (verbose: boolean) {
    this.#verbose = verbose
  }

  add (result: Result): void {
    if (this.#package?.name !== result.package) {
      this.#endPackage()
      this.#package = { name: result.package, passed: 0, failed: 0, skipped: 0, ms: 0 }
    }
    this.#package[result.outcome]++
    this.#package.ms += result.ms
    this.#count[result.outcome]++
    if (result.outcome === 'failed') this.#failures.push(result)
    if (this.#verbose || result.outcome === 'failed') {
      console.log(`  ${result.outcome} ${result.package}: ${result.title.join(' › ')} (${Math.round(result.ms)} ms)`)
    }
  }

  /** @returns whether all is well: something ran and nothing failed */
  end (): boolean {
    this.#endPackage()
    for (const [index, { package: name, title, error }] of this.#failures.entries()) {
      console.log(`\n${index + 1}) ${name}: ${title.join(' › ')}\n`)
      console.log(indent(error?.stack ?? 'no error given'))
      if (error?.actual !== undefined && error.expected !== undefined) {
        console.log(indent(plain(Mocha.reporters.Base.generateDiff(error.actual, error.expected))))
      }
    }
    const { passed, failed, skipped } = this.#count
    console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
    return failed === 0 && passed > 0
  }

  #endPackage (): void {
    if (this.#package === undefined) return
    const { name, passed, failed, skipped, ms } = this.#package
    console.log(`  ${name.padEnd(14)} ${String(passed).padStart(4)} passed` +
      `${failed > 0 ? `, ${failed} FAILED` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''} in ${(ms / 1000).toFixed(1)} s`)
    this.#package = undefined
  }
}

/** `packages/store/dist/test/x.spec.js` → `store`. */
export function packageOf (file: string): string {
  return /packages\/([^/]+)\//.exec(file)?.[1] ?? file
}

/** What `Result.error` takes, of anything that can be thrown. */
export function describeError (error: unknown): NonNullable<Result['error']> {
  if (!(error instanceof Error)) return { stack: `not an Error was thrown: ${inspect(error)}` }
  const { actual, expected, showDiff } = error as { actual?: unknown, expected?: unknown, showDiff?: boolean }
  const diff = showDiff !== false && actual !== undefined && expected !== undefined
  const cause = error.cause === undefined ? '' : `\ncaused by ${inspect(error.cause)}`
  return {
    stack: (error.stack ?? String(error)) + cause,
    ...(diff ? { actual: Mocha.utils.stringify(actual), expected: Mocha.utils.stringify(expected) } : {})
  }
}

function indent (text: string): string {
  return text.split('\n').map(line => `   ${line}`).join('\n')
}

function plain (text: string): string {
  return process.stdout.isTTY ? text : stripVTControlCharacters(text)
}
