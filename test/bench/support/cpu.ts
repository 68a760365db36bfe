import { readFileSync } from 'node:fs'

/** Long enough for the system's ticks of 10 ms. */
const LOOK_MS = 500
/** A core that had nothing to do for less than this share of a look was busy. */
const IDLE_SHARE = 0.05

interface Ticks {
  readonly idle: number
  readonly all: number
}

/**
 * Watches whether the processor is what everything waits for. Linux.
 *
 * @returns ends the watch: percent of the time in which all cores were busy
 */
export function watchCpu (): () => number {
  let before = ticks()
  let looks = 0
  let saturated = 0
  const look = (): void => {
    const now = ticks()
    looks++
    if (now.every((core, i) => core.idle - (before[i]?.idle ?? 0) < IDLE_SHARE * (core.all - (before[i]?.all ?? 0)))) saturated++
    before = now
  }
  const timer = setInterval(look, LOOK_MS).unref()
  return () => {
    clearInterval(timer)
    if (looks === 0) look()
    return 100 * saturated / looks
  }
}

/** Of each core since the machine started. @see proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal */
function ticks (): Ticks[] {
  return readFileSync('/proc/stat', 'utf8').split('\n').filter(line => /^cpu\d/.test(line)).map(line => {
    const times = line.split(/\s+/).slice(1, 9).map(Number)
    const [, , , idle = 0, iowait = 0] = times
    return { idle: idle + iowait, all: times.reduce((sum, time) => sum + time, 0) }
  })
}
