import { seededRandom, type Random } from '@shoal/base'
import type { Arrivals, Stay } from './types.js'

/** A generator of its own for each thing that is drawn, so that one more draw here changes nothing there. */
export function randomFor (seed: number, what: number): Random {
  let hash = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(what + 0x7f4a7c15, 0xc2b2ae35)
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b)
  return seededRandom(hash ^ (hash >>> 15))
}

/** Standard normal (Box–Muller). */
function normal (random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

/** ms that a viewer stays. */
export function stayOf (stay: Stay, random: Random): number {
  switch (stay.kind) {
    case 'forever': return Infinity
    case 'weibull': return 1000 * stay.scaleSeconds * (-Math.log(1 - random())) ** (1 / stay.shape)
    case 'lognormal': return 1000 * Math.exp(stay.mu + stay.sigma * normal(random))
  }
}

/** Seconds within which so many have left. */
export function stayQuantile (stay: Stay, share: number): number {
  switch (stay.kind) {
    case 'forever': return Infinity
    case 'weibull': return stay.scaleSeconds * (-Math.log(1 - share)) ** (1 / stay.shape)
    case 'lognormal': return Math.exp(stay.mu + stay.sigma * probit(share))
  }
}

/** The standard normal distribution's quantile: bisection over its series is enough here. */
function probit (share: number): number {
  let low = -8
  let high = 8
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (cumulative(middle) < share) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** Abramowitz and Stegun 7.1.26, to 1.5e-7. */
function cumulative (x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x) / Math.SQRT2)
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const erf = 1 - poly * Math.exp(-x * x / 2)
  return x < 0 ? (1 - erf) / 2 : (1 + erf) / 2
}

/** ms at which each of the first viewers comes, in rising order. @param seconds simulated in all */
export function arrivalsOf (arrivals: Arrivals, count: number, seconds: number, random: Random): number[] {
  const draw = (): number => {
    switch (arrivals.kind) {
      case 'none': return 0
      case 'constant': return 1000 * arrivals.seconds * random()
      // the middle of three is a bell
      case 'flash': return 1000 * arrivals.seconds * [random(), random(), random()].sort((a, b) => a - b)[1]!
      case 'diurnal': return 1000 * seconds * random()
    }
  }
  return Array.from({ length: count }, draw).sort((a, b) => a - b)
}

/** Viewers at `at`, as a share of the peak: a third at night, all in the evening. */
export function diurnalShare (at: number, seconds: number): number {
  return 2 / 3 - Math.cos(2 * Math.PI * at / (1000 * seconds)) / 3
}

/** One of several by their shares. */
export function pick<T> (from: readonly (readonly [T, number])[], random: Random): T {
  let left = random() * from.reduce((sum, [, share]) => sum + share, 0)
  for (const [item, share] of from) {
    left -= share
    if (left < 0) return item
  }
  return (from.at(-1) as readonly [T, number])[0]
}
