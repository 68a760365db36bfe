import { ConfigError, InvalidLinkError, ShoalError } from '@shoal/interface'
import { printable } from './format.js'

/** What was typed is not a command that Shoal knows. Exit code 2. */
export class UsageError extends ShoalError {
  override readonly name = 'UsageError'
  readonly code = 'ERR_USAGE'
}

/** A command that asks a running node found none on its data folder, or lost it. */
export class NotRunningError extends ShoalError {
  override readonly name = 'NotRunningError'
  readonly code = 'ERR_NOT_RUNNING'
}

/** Stopped by a signal before it was done. */
export class InterruptedError extends ShoalError {
  override readonly name = 'InterruptedError'
  readonly code = 'ERR_INTERRUPTED'
}

/** An error that the process owning the data folder reported: its message and code, kept as they were. */
export class RemoteError extends ShoalError {
  override readonly name = 'RemoteError'
  readonly code: string
  constructor (code: string, message: string) {
    super(message)
    this.code = code
  }
}

export const EXIT_DONE = 0
const EXIT_FAILED = 1
const EXIT_USAGE = 2

const USAGE_CODES: ReadonlySet<string> = new Set([new UsageError().code, new ConfigError().code, new InvalidLinkError().code])

/** What a user may do about an error, where its own message cannot know. */
const ADVICE: Readonly<Record<string, string>> = {
  ERR_NOT_FOUND: 'Name a reachable node that knows it with --bootstrap, or use a link that carries addresses.',
  ERR_PURGED: 'Its publisher has taken it back: no node gives it any more.',
  ERR_UNAVAILABLE: 'Name a node that holds it with --bootstrap, or an HTTP copy with --origin; what is there already is kept.',
  ERR_UNAUTHORISED: 'Show a token with --token or SHOAL_TOKEN. It is for the identity in one data folder: name that with --data.',
  ERR_BOOTSTRAP: 'Check the addresses given by --bootstrap, SHOAL_BOOTSTRAP or the configuration file, and that these nodes run.',
  ERR_DATA_IN_USE: 'Use another folder (--data), or stop the process that has it.',
  ERR_LISTEN: 'Stop what listens there, or give another address (--listen, --gateway, --metrics).',
  ERR_STORE_FULL: 'Free some space, or allow more with --store-quota.',
  ENOSPC: 'Free some space on the disk and run the command again: it goes on where it was.',
  ENOENT: 'Check the path.',
  EACCES: 'Check who may read and write there.'
}

export interface ErrorLine { readonly error: { readonly code: string, readonly message: string } }

/** The error as `--json` prints it. */
export function errorLine (error: unknown): ErrorLine {
  return { error: { code: errorCode(error), message: error instanceof Error ? error.message : String(error) } }
}

/** `ERR_…` of a Shoal error, else the system's code (`ENOSPC`), else `ERR_INTERNAL`. */
function errorCode (error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : 'ERR_INTERNAL'
}

export function exitCode (error: unknown): number {
  return USAGE_CODES.has(errorCode(error)) ? EXIT_USAGE : EXIT_FAILED
}

/** The error as people read it: what happened, then what to do. */
export function describeError (error: unknown, debug: boolean): string {
  const code = errorCode(error)
  // Messages quote what peers and manifests say
  const lines = [`shoal: ${errorLine(error).error.message.split('\n').map(printable).join('\n')}`]
  const advice = ADVICE[code]
  if (advice !== undefined) lines.push(advice)
  if (debug && error instanceof Error) lines.push(stackOf(error))
  else if (code === 'ERR_INTERNAL') lines.push('This should not happen. Set SHOAL_DEBUG=1 to see where it did.')
  return lines.join('\n')
}

function stackOf (error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : ''
  return `${error.stack ?? error.message}${cause}`
}
