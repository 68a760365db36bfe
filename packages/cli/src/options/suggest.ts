/** The candidate that was most likely meant; `undefined` when none is near (more than a third of the letters differ). */
export function suggest (typed: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(1, Math.floor(typed.length / 3)) + 1
  for (const candidate of candidates) {
    const distance = typed.length > 2 && candidate.startsWith(typed) ? 1 : edits(typed, candidate)
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

/** ` Did you mean 'x'?` or nothing, to end a message with. */
export function didYouMean (typed: string, candidates: readonly string[], prefix = ''): string {
  const found = suggest(typed, candidates)
  return found === undefined ? '' : ` Did you mean '${prefix}${found}'?`
}

/** Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
function edits (a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) cost = Math.min(cost, at(before, j - 2) + 1)
      row.push(cost)
    }
    before = last
    last = row
  }
  return at(last, b.length)
}

function at (row: readonly number[], index: number): number {
  return row[index] ?? Infinity
}
