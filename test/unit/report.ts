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

interface Tally {
  passed: number
  failed: number
  skipped: number
  ms: number
}

/** Prints a line per package as it ends, then what failed, then the tally. */
export class Report {
  readonly #verbose: boolean
  readonly #failures: Result[] = []
  readonly #count = { passed: 0, failed: 0, skipped: 0 }
  /** Those that did not end yet. */
  readonly #packages = new Map<string, Tally>()

  constructor (verbose: boolean) {
    this.#verbose = verbose
  }

  add (result: Result): void {
    let tally = this.#packages.get(result.package)
    if (tally === undefined) this.#packages.set(result.package, tally = { passed: 0, failed: 0, skipped: 0, ms: 0 })
    tally[result.outcome]++
    tally.ms += result.ms
    this.#count[result.outcome]++
    if (result.outcome === 'failed') this.#failures.push(result)
    if (this.#verbose || result.outcome === 'failed') {
      console.log(`  ${result.outcome} ${result.package}: ${result.title.join(' › ')} (${Math.round(result.ms)} ms)`)
    }
  }

  /** @returns whether all is well: something ran and nothing failed */
  end (): boolean {
    for (const name of [...this.#packages.keys()]) this.endPackage(name)
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

  endPackage (name: string): void {
    const tally = this.#packages.get(name)
    if (tally === undefined || !this.#packages.delete(name)) return
    const { passed, failed, skipped, ms } = tally
    console.log(`  ${name.padEnd(14)} ${String(passed).padStart(4)} passed` +
      `${failed > 0 ? `, ${failed} FAILED` : ''}${skipped > 0 ? `, ${skipped} skipped` : ''} in ${(ms / 1000).toFixed(1)} s`)
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
