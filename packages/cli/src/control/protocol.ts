import type { ErrorLine } from '../errors.js'
import type { ProgressReport } from '../types.js'

/*
 * One request a connection, newline-delimited JSON both ways. The client sends
 *   {"command": "publish", "args": {"positionals": ["/abs/path"], "values": {"copy": true}}}
 * and gets the lines that `--json` prints, in between lines for standard error ("log", "progress"), and last {"exit": code}.
 * Closing the connection aborts the command.
 */

export interface ControlRequest {
  readonly command: string
  readonly args: { readonly positionals: readonly string[], readonly values: Readonly<Record<string, unknown>> }
}

export type ControlLine =
  | { readonly exit: number }
  | { readonly log: string }
  | { readonly progress: ProgressReport | null }
  | ErrorLine

/** Splits a stream of text into lines; `push` throws when one grows past `limit` characters. */
export class LineSplitter {
  #rest = ''
  readonly #limit: number
  constructor (limit: number) {
    this.#limit = limit
  }

  push (text: string): string[] {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop() ?? ''
    if (this.#rest.length > this.#limit || lines.some(line => line.length > this.#limit)) {
      throw new RangeError(`expected lines of at most ${this.#limit} characters`)
    }
    return lines
  }
}
