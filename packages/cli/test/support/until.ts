import { setTimeout as sleep } from 'node:timers/promises'

/** Resolves when it is so; rejects when it is not so for long. */
export async function until (so: () => boolean): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (so()) return
    await sleep(5)
  }
  throw new Error(`waited in vain for ${String(so)}`)
}
