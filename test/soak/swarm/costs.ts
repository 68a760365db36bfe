/** What processes and pages have in use, over time. */

import type { Cost } from './node.ts'
import type { Member } from './members.ts'
import { growth, median, slope, type Sample } from './trend.ts'

/** Whoever was followed for less of the time tells nothing. */
const FOLLOWED_SHARE = 0.5
const LEAST_SAMPLES = 4

interface Series {
  readonly name: string
  readonly samples: { readonly at: number, readonly cost: Cost }[]
}

type Figures = Record<string, number>

export class Costs {
  readonly #now: () => number
  /** By process or page. */
  readonly #series = new Map<string, Series>()

  /** @param now minutes */
  constructor (now: () => number) {
    this.#now = now
  }

  async take (member: Member): Promise<void> {
    const key = `${member.name} ${member.lives}`
    // who has gone meanwhile is found missing elsewhere
    const cost = await member.cost().catch(() => undefined)
    if (cost === undefined || !member.up) return
    const series = this.#series.get(key) ?? { name: member.name, samples: [] }
    series.samples.push({ at: this.#now(), cost })
    this.#series.set(key, series)
  }

  /** The largest of each, what each came to, and a row for each to be shown. */
  sum (fromMin: number, toMin: number): { measured: Figures, runs: Record<string, number[]>, rows: string[] } {
    const runs: Record<string, number[]> = {}
    const rows: string[] = []
    for (const { name, samples } of this.#series.values()) {
      const warm = samples.filter(({ at }) => at >= fromMin)
      const span = (warm.at(-1)?.at ?? 0) - (warm[0]?.at ?? 0)
      if (warm.length < LEAST_SAMPLES || span < FOLLOWED_SHARE * (toMin - fromMin)) continue
      const of = (key: keyof Cost, scale = 1): Sample[] => warm.map(({ at, cost }) => ({ at, value: cost[key] * scale }))
      const page = Number.isNaN(warm[0]?.cost.rss)
      const figures: Figures = page
        ? { page_heap_slope_mb_per_min: slope(of('heap', 1e-6)), page_listeners_growth: growth(of('listeners')) }
        : {
            rss_slope_mb_per_min: slope(of('rss', 1e-6)),
            heap_slope_mb_per_min: slope(of('heap', 1e-6)),
            listeners_growth: growth(of('listeners')),
            handles_growth: growth(of('handles'))
          }
      for (const [key, value] of Object.entries(figures)) (runs[key] ??= []).push(value)
      const mid = (key: keyof Cost, scale = 1): string => median(of(key, scale).map(({ value }) => value)).toFixed(0)
      rows.push(`${name.padEnd(12)} ${span.toFixed(1)} min: rss ${mid('rss', 1e-6)} MB, heap ${mid('heap', 1e-6)} MB, ` +
        `${mid('listeners')} listeners, ${mid('handles')} handles, ${mid('connections')} connections; ` +
        Object.entries(figures).map(([key, value]) => `${key} ${value.toFixed(3)}`).join(', '))
    }
    const measured = Object.fromEntries(Object.entries(runs).map(([key, values]) => [key, Math.max(...values)]))
    return { measured, runs, rows }
  }
}
