/** Ways to wait in a test, with a failure that says what did not come. */

import { Problem } from './checks.ts'

export const sleep = async (ms: number): Promise<void> => { await new Promise(resolve => { setTimeout(resolve, ms) }) }

export function expect (condition: boolean, message: string): asserts condition {
  if (!condition) throw new Problem(message)
}

/** `promise`, or a failure that says what did not come. */
export async function within<T> (seconds: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new Problem(`${what}: nothing within ${seconds} s`)) }, seconds * 1000)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits until something is so. */
export async function until (seconds: number, test: () => boolean, what: string): Promise<void> {
  for (const end = performance.now() + seconds * 1000; !test();) {
    expect(performance.now() < end, `${what}: not within ${seconds} s`)
    await sleep(20)
  }
}
