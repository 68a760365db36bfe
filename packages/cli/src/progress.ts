import { DecayingRate, type Clock } from '@shoal/base'
import { formatBytes, formatSeconds, formatShare, printable } from './format.js'
import type { ProgressReport } from './types.js'

/** The part of a stream that progress writes to: standard error. */
export interface ProgressStream {
  readonly isTTY?: boolean
  readonly columns?: number
  write (text: string): unknown
}

const REPAINT_MS = 100
const LINE_MS = 5000
const RATE_HALF_LIFE_MS = 3000
const BAR_WIDTH = 24

/** A bar that repaints itself on a terminal; elsewhere a line every five seconds. */
export class Progress {
  readonly #stream: ProgressStream
  readonly #clock: Clock
  #last: { doing: string, done: number, rate: DecayingRate } | undefined
  #paintedAt = -Infinity
  #painted = ''

  constructor (stream: ProgressStream, clock: Clock) {
    this.#stream = stream
    this.#clock = clock
  }

  report (report: ProgressReport): void {
    const now = this.#clock.now()
    let last = this.#last
    if (last?.doing !== report.doing) {
      // What was there before the start of this is no progress
      last = this.#last = { doing: report.doing, done: report.done, rate: new DecayingRate(now, RATE_HALF_LIFE_MS) }
      if (this.#stream.isTTY !== true) this.#paintedAt = now
    }
    if (report.done > last.done) last.rate.add(report.done - last.done, now)
    last.done = report.done
    if (now - this.#paintedAt < (this.#stream.isTTY === true ? REPAINT_MS : LINE_MS)) return
    this.#paintedAt = now
    const rate = last.rate.perSecond(now)
    if (this.#stream.isTTY === true) this.#paint(barLine(report, rate, (this.#stream.columns ?? 80) - 1))
    else this.#line(plainLine(report, rate))
  }

  /** Takes the bar away, for other output; the next report paints it again. */
  clear (): void {
    if (this.#painted === '' || this.#stream.isTTY !== true) return
    this.#stream.write('\r\x1b[K')
    this.#painted = ''
    this.#paintedAt = -Infinity
  }

  /** A log is not to fill up with lines that say nothing new. */
  #line (line: string): void {
    if (line !== this.#painted) this.#stream.write(`${line}\n`)
    this.#painted = line
  }

  #paint (line: string): void {
    if (line === this.#painted) return
    this.#stream.write(`\r${line}\x1b[K`)
    this.#painted = line
  }
}

function barLine (report: ProgressReport, rate: number, width: number): string {
  const { done, total } = report
  const words = [printable(report.doing)]
  if (total !== undefined) {
    const share = total === 0 ? 1 : done / total
    const filled = Math.round(share * BAR_WIDTH)
    words.push(`${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${formatShare(share).padStart(5)}`)
  }
  words.push(...amounts(report, rate))
  const line = words.join('  ')
  return line.length > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line
}

function plainLine (report: ProgressReport, rate: number): string {
  const share = report.total === undefined ? '' : `${formatShare(report.total === 0 ? 1 : report.done / report.total)}, `
  return `${printable(report.doing)}: ${share}${amounts(report, rate).join(', ')}`
}

function amounts ({ done, total, notes }: ProgressReport, rate: number): string[] {
  const left = total === undefined || rate < 1 ? undefined : (total - done) / rate
  return [
    total === undefined ? formatBytes(done) : `${formatBytes(done)} of ${formatBytes(total)}`,
    `${formatBytes(rate)}/s`,
    ...left === undefined || left === 0 || left > 360_000 ? [] : [`${formatSeconds(left)} left`],
    ...notes
  ]
}
