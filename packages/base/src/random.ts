/** A source of random numbers in [0, 1). Never for secrets. */
export type Random = () => number

/** The machine's own generator. */
export const systemRandom: Random = () => Math.random()

/**
 * A generator that gives the same numbers for the same seed: mulberry32, 32 bits of state, passes gjrand's tests.
 *
 * @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c
 */
export function seededRandom (seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let z = state
    z = Math.imul(z ^ (z >>> 15), z | 1)
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
    return ((z ^ (z >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** Shuffles in place (Fisher–Yates) and returns the array. */
export function shuffle<T> (items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1))
    const swap = items[i] as T
    items[i] = items[j] as T
    items[j] = swap
  }
  return items
}
