import { type Clock } from '@shoal/base'
import { describeError, errorLine } from './errors.js'
import { printable } from './format.js'
import { Progress, type ProgressStream } from './progress.js'
import type { ProgressReport } from './types.js'

/** The part of a stream that results are written to: standard output. */
export interface OutputStream extends ProgressStream {
  write (text: string, done?: () => void): unknown
}

export interface OutputInit {
  readonly stdout: OutputStream
  readonly stderr: ProgressStream
  readonly clock: Clock
  readonly json: boolean
  readonly debug: boolean
  /** An emitted line as people read it. */
  readonly render: (line: object, width: number) => string | undefined
}

/** Results on standard output, as JSON lines or as text; progress, logs and errors on standard error. */
export class Output {
  readonly #init: OutputInit
  readonly #progress: Progress

  constructor (init: OutputInit) {
    this.#init = init
    this.#progress = new Progress(init.stderr, init.clock)
  }

  emit (line: object): void {
    const { json, stdout, render } = this.#init
    const text = json ? JSON.stringify(line) : render(line, stdout.columns ?? 100)
    if (text === undefined) return
    this.#progress.clear()
    stdout.write(`${text}\n`)
  }

  log (line: string): void {
    this.#progress.clear()
    this.#init.stderr.write(`${printable(line)}\n`)
  }

  progress (report: ProgressReport | undefined): void {
    if (report === undefined) this.#progress.clear()
    else this.#progress.report(report)
  }

  error (error: unknown): void {
    this.#progress.clear()
    if (this.#init.json) this.#init.stdout.write(`${JSON.stringify(errorLine(error))}\n`)
    this.#init.stderr.write(`${describeError(error, this.#init.debug)}\n`)
  }

  /** Resolves when everything has been written: pipes are asynchronous on some systems, and exiting would cut them off. */
  async flush (): Promise<void> {
    this.#progress.clear()
    await new Promise<void>(resolve => { this.#init.stdout.write('', resolve) })
  }
}
