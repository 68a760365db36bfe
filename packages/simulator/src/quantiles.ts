import type { Quantiles } from './types.js'

export function quantilesOf (values: readonly number[]): Quantiles {
  if (values.length === 0) return { mean: 0, p50: 0, p90: 0, p99: 0, max: 0 }
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number): number => round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number)
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length
  return { mean: round(mean), p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }
}

/** Six digits: what differs beyond is rounding. */
export function round (value: number): number {
  return Number(value.toPrecision(6))
}
