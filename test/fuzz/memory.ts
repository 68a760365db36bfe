/** What this process takes, as V8 and the system count it. */

import { readFileSync, writeFileSync } from 'node:fs'
import { getHeapStatistics } from 'node:v8'

export interface Peaks {
  /** Bytes of the heap and of what hangs on it outside (`ArrayBuffer`s and all else that is external), garbage included. */
  readonly heap: number
  /** Bytes of the whole process in memory. */
  readonly resident: number
}

/** Bytes of the heap and outside of it now. A microsecond, where `process.memoryUsage` takes eight. */
export function takenNow (): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
  return heap + external
}

/** Without garbage. Needs `--expose-gc`. */
export function takenForGood (): number {
  for (let i = 0; i < 2; i++) globalThis.gc?.()
  return takenNow()
}

/** From now on only: what it took to start does not count. Only Linux forgets the peak; elsewhere it is that of all times. */
export function forgetResident (): void {
  try {
    // proc_pid_clear_refs(5): 5 resets the peak
    writeFileSync('/proc/self/clear_refs', '5')
  } catch {
    // no such file there
  }
}

/** Most bytes in memory that the system ever saw, between any two looks as well. */
export function peakResident (): number {
  try {
    return 1024 * Number(/^VmHWM:\s*([0-9]+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1])
  } catch {
    return 1024 * process.resourceUsage().maxRSS
  }
}
