/** Waiting on a machine that may be busy: long, and with a failure that says what did not come. */

import { expect, sleep } from '../../test/support/waiting.ts'

const PATIENCE_S = 60

/** Asks again and again until there is an answer. */
export async function soon<T> (what: string, look: () => Promise<T | undefined> | T | undefined, seconds = PATIENCE_S): Promise<T> {
  for (const end = performance.now() + seconds * 1000; ;) {
    const found = await look()
    if (found !== undefined) return found
    expect(performance.now() < end, `${what}: not within ${seconds} s`)
    await sleep(50)
  }
}
