import type { Shoal, ShoalOptions } from '@shoal/interface'
import type { OptionName, Values } from './options/table.js'

/** Makes a running node: `createShoal`, or a stub in tests. */
export type CreateNode = (options: ShoalOptions) => Promise<Shoal>

/** How far something is. */
export interface ProgressReport {
  /** `fetching show` */
  readonly doing: string
  /** Bytes. */
  readonly done: number
  /** Bytes, `undefined` when there is no end to it. */
  readonly total?: number | undefined
  /** Further words: `3 peers`. */
  readonly notes: readonly string[]
}

/** What a command runs with; the same when it runs for itself and when it runs for a client of the control socket. */
export interface Context {
  readonly args: readonly string[]
  readonly values: Values
  /** The node, started by the first call. */
  readonly node: () => Promise<Shoal>
  /** It runs inside another command's process, which goes on afterwards. */
  readonly attached: boolean
  /** Stop: the user pressed Ctrl-C, or the client went away. */
  readonly signal: AbortSignal
  /** One line of `--json`, or what `Command.render` makes of it. */
  readonly emit: (line: object) => void
  /** A line for people, on standard error. */
  readonly log: (line: string) => void
  /** `undefined`: over. */
  readonly progress: (report: ProgressReport | undefined) => void
}

export interface Command {
  readonly name: string
  readonly summary: string
  /** Names of the arguments: those in brackets may be left out, and come last. */
  readonly args: readonly string[]
  readonly options: readonly OptionName[]
  /** What the command sets where the user set nothing. */
  readonly defaults?: (env: Readonly<Record<string, string | undefined>>) => Values
  readonly examples: readonly (readonly [command: string, what: string])[]
  /** More for the help page. */
  readonly notes?: string
  /**
   * `never`: always runs a node of its own. `when-running`: runs inside the process that owns the data folder if there is one.
   * `only`: has no sense without such a process.
   */
  readonly attach: 'never' | 'when-running' | 'only'
  /** Makes arguments mean the same in another process, and refuses what makes no sense. @throws UsageError */
  prepare? (args: readonly string[], values: Values, cwd: string): readonly string[]
  run (context: Context): Promise<void>
  /** An emitted line as people read it; `undefined` leaves it out. */
  render (line: object, width: number): string | undefined
}
