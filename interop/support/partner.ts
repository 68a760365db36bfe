import type { Cells } from './cells.ts'

/** Somebody else's implementation, or an earlier one of our own. */
export interface Partner {
  readonly name: string
  /** In the table. */
  readonly title: string
  /** Needs npm alone, and little time. */
  readonly quick: boolean
  readonly about: string
  /** Why this machine cannot have it; anything else that goes wrong is a failure. */
  missing (): string | undefined
  /** Builds or installs it, once. */
  prepare (): Promise<void>
  run (cells: Cells): Promise<void>
}
