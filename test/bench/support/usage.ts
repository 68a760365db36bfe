import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

export interface Bench {
  readonly name: string
  /** One line. */
  readonly summary: string
  readonly help: string
  /** @param build brings the packages up to date; called once the arguments are known to be good */
  run (args: readonly string[], build: () => void): Promise<void>
}

/** The command line makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** The options of a bench. @throws UsageError */
export function readOptions<T extends ParseArgsOptionsConfig> (
  args: readonly string[], options: T
): ReturnType<typeof parseArgs<{ args: string[], options: T, strict: true }>>['values'] {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

/** A whole number of at least 1. @throws UsageError */
export function positive (name: string, value: string): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number) || number < 1) throw new UsageError(`--${name}: expected a whole number of at least 1, got ${JSON.stringify(value)}`)
  return number
}
