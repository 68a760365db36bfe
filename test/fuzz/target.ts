import type { Random } from '@shoal/base'
import type { ShoalError } from '@shoal/interface'

/** What decodes something that strangers send. */
export interface Target {
  readonly name: string
  /** The only error that may come of bad input. */
  readonly error: new (message: string) => ShoalError
  /** Makes one input. Returns what feeds it. */
  make (random: Random): (() => void | Promise<void>) | Promise<() => void | Promise<void>>
}
