/** What a series of samples comes to: robust against single ones that stand out. */

export interface Sample {
  /** Minutes. */
  readonly at: number
  readonly value: number
}

/** Per minute: the median of the slopes between all pairs (Theil 1950, Sen 1968). Not a number of fewer than two samples. */
export function slope (samples: readonly Sample[]): number {
  return median(samples.flatMap((a, i) => samples.slice(i + 1).map(b => (b.value - a.value) / (b.at - a.at))))
}

/** How much more the series has at its end than at its beginning, as a share of its median. */
export function growth (samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)]
  if (first === undefined || last === undefined) return NaN
  return slope(samples) * (last.at - first.at) / median(samples.map(({ value }) => value))
}

export function median (values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] as number : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
