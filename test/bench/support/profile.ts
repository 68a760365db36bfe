/** What a CPU profile of a worker says of some of its files. */

import { readFile } from 'node:fs/promises'
import type { Target } from './report.ts'

export const LEDGER_TARGETS: readonly Target[] = [{ key: 'ledger_cpu_percent', op: '<=', want: 1 }]

/** A profile that a worker wrote, and the time that counts, in µs of the system's monotonic clock. */
export interface Profiled {
  readonly path: string
  readonly from: number
  readonly to: number
}

/** @see https://chromedevtools.github.io/devtools-protocol/tot/Profiler/#type-Profile times in µs */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string, readonly url: string }
    readonly children?: readonly number[]
  }[]
  readonly startTime: number
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** The ledger, and who has a slot and how much of the rate. */
const LEDGER = /\/packages\/(?:ledger\/dist\/src\/|engine\/dist\/src\/(?:choker|unchoke|spread|upload-control|uploads|fair-queue)\.js$)/

/** The clock of `Profiled`. */
export function profileClock (): number {
  return Number(process.hrtime.bigint() / 1000n)
}

/**
 * Of the CPU time of the main threads, percent in the ledger and the choker.
 *
 * @returns `self` in their own functions, `total` with what these call as well
 */
export async function ledgerShare (profiles: readonly Profiled[]): Promise<{ self: number, total: number }> {
  let [busy, self, total] = [0, 0, 0]
  for (const { path, from, to } of profiles) {
    const { nodes, startTime, samples, timeDeltas } = JSON.parse(await readFile(path, 'utf8')) as CpuProfile
    const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id))
    const own = new Set(nodes.filter(({ callFrame }) => LEDGER.test(callFrame.url)).map(({ id }) => id))
    const under = new Set(own)
    // parents come before their children
    for (const { id, children = [] } of nodes) if (under.has(id)) for (const child of children) under.add(child)
    let at = startTime
    for (const [i, sample] of samples.entries()) {
      at += timeDeltas[i] ?? 0
      const lasts = timeDeltas[i + 1] ?? 0
      if (at < from || at >= to || idle.has(sample)) continue
      busy += lasts
      if (own.has(sample)) self += lasts
      if (under.has(sample)) total += lasts
    }
  }
  if (busy === 0) throw new Error(`nothing was sampled in ${profiles.map(({ path }) => path).join(', ')}`)
  return { self: 100 * self / busy, total: 100 * total / busy }
}
