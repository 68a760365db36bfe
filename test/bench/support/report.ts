/** What every bench says of itself: progress on standard error, a table, and with `--json` one JSON object as the last line. */

import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

export interface Target {
  readonly key: string
  readonly op: '>=' | '<='
  readonly want: number
}

export interface Report {
  readonly bench: string
  readonly env: Readonly<Record<string, string | number>>
  /** Medians, or what follows from them. */
  readonly measured: Readonly<Record<string, number>>
  /** Every run's values. */
  readonly runs: Readonly<Record<string, readonly number[]>>
  readonly targets: readonly Target[]
}

export function progress (line: string): void {
  process.stderr.write(`${line}\n`)
}

/** The machine and what it has been doing. */
export function machine (): { load_1min: number } & Record<string, string | number> {
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_mib: Math.round(totalmem() / 2 ** 20),
    load_1min: round(loadavg()[0] ?? 0)
  }
}

export function median (values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] as number : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}

/** Three digits after the point: figures, not noise. */
export function round (value: number): number {
  return Math.round(value * 1000) / 1000
}

/** Prints the report: for people, and with `json` for machines as the last line of standard output. */
export function print (report: Report, json: boolean): void {
  const out = json ? process.stderr : process.stdout
  const line = (text = ''): void => { out.write(`${text}\n`) }
  line()
  line(`${report.bench}: ${Object.entries(report.env).map(([key, value]) => `${key} ${value}`).join(', ')}`)
  line()
  const width = Math.max(...Object.keys(report.measured).map(key => key.length))
  for (const [key, value] of Object.entries(report.measured)) {
    const runs = report.runs[key]
    line(`  ${key.padEnd(width)}  ${String(round(value)).padStart(9)}${runs === undefined ? '' : `   of ${runs.map(round).join('  ')}`}`)
  }
  line()
  const targets = report.targets.map(target => {
    const got = round(report.measured[target.key] ?? NaN)
    return { ...target, got, ok: target.op === '>=' ? got >= target.want : got <= target.want }
  })
  for (const { key, op, want, got, ok } of targets) line(`  ${ok ? 'ok    ' : 'missed'}  ${key} ${got}, wanted ${op} ${want}`)
  const rounded = <T> (record: Readonly<Record<string, T>>, each: (value: T) => unknown): Record<string, unknown> =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, each(value)]))
  if (!json) return
  process.stdout.write(`${JSON.stringify({
    bench: report.bench,
    env: report.env,
    measured: rounded(report.measured, round),
    runs: rounded(report.runs, values => values.map(round)),
    targets
  })}\n`)
}
