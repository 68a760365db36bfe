/** What the runs find, and the table that they end with. */

import { inspect } from 'node:util'
import { Problem } from '../../test/support/checks.ts'

/** Who of ours takes part. */
export type End = 'Node.js' | 'Chromium'

export interface Cell {
  readonly partner: string
  readonly end: End
  readonly what: string
  /** `none`: cannot be, and `why` says why. */
  readonly state: 'ok' | 'failed' | 'none' | 'skipped'
  readonly ms?: number
  readonly why?: string
}

export class Cells {
  readonly cells: Cell[] = []
  readonly #log: (line: string) => void

  constructor (log: (line: string) => void) {
    this.#log = log
  }

  /** Runs what a cell stands for. What it resolves with is said beside `ok`. */
  async check (partner: string, end: End, what: string, run: () => Promise<string | void>): Promise<boolean> {
    const start = performance.now()
    try {
      const detail = await run()
      this.#add({ partner, end, what, state: 'ok', ms: Math.round(performance.now() - start), ...typeof detail === 'string' ? { why: detail } : {} })
      return true
    } catch (error) {
      this.#add({
        partner, end, what, state: 'failed', ms: Math.round(performance.now() - start), why: error instanceof Problem ? error.message : inspect(error)
      })
      return false
    }
  }

  /** What cannot be. */
  none (partner: string, end: End, what: string, why: string): void {
    this.#add({ partner, end, what, state: 'none', why })
  }

  /** What this machine cannot run. */
  skip (partner: string, end: End, what: string, why: string): void {
    this.#add({ partner, end, what, state: 'skipped', why })
  }

  #add (cell: Cell): void {
    this.cells.push(cell)
    const { partner, end, what, state, ms, why } = cell
    const time = ms === undefined ? '' : ` (${ms} ms)`
    this.#log(`  ${state.padEnd(7)} ${partner}, ${end}: ${what}${time}${why === undefined ? '' : `: ${why}`}`)
  }
}

const SIGNS = { ok: 'ok', failed: 'FAILED', none: '—', skipped: 'skipped' } as const

/** One line a cell's name, one column a partner and end; below it why something cannot be, and what failed. */
export function table (cells: readonly Cell[]): string {
  const columns = [...new Set(cells.map(({ partner, end }) => `${partner} · ${end}`))]
  const rows = [...new Set(cells.map(({ what }) => what))]
  const width = Math.max(...rows.map(row => row.length))
  const lines = [`${' '.repeat(width)}  ${columns.join('  ')}`]
  for (const row of rows) {
    const line = columns.map(column => {
      const cell = cells.find(({ partner, end, what }) => what === row && `${partner} · ${end}` === column)
      return (cell === undefined ? '' : SIGNS[cell.state]).padEnd(column.length)
    })
    lines.push(`${row.padEnd(width)}  ${line.join('  ')}`.trimEnd())
  }
  const reasons = new Map<string, string[]>()
  for (const { partner, end, what, state, why } of cells) {
    if (state === 'ok' || why === undefined) continue
    const reason = `${SIGNS[state]} ${why}`
    reasons.set(reason, [...reasons.get(reason) ?? [], `${partner} · ${end}, ${what}`])
  }
  if (reasons.size > 0) lines.push('')
  for (const [reason, places] of reasons) lines.push(`${reason}\n    ${places.join('; ')}`)
  return lines.join('\n')
}
