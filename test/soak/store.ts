/**
 * Kills a process with many writers on a store at random moments, again and again on the same folder: after each, every byte that is
 * accounted for is there and right, and no more is there than the quota says.
 */

import { fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from './store/inspect.ts'

const VICTIM = fileURLToPath(new URL('store/victim.ts', import.meta.url))
const QUOTA = 16 * 1024 * 1024
/** From when the store is open; some are killed before. */
const LONGEST_MS = 300
const EARLY_SHARE = 0.1
const SHOW_EVERY = 50

/** Starts a victim and kills it. Rejects when it ended before. */
async function kill (folder: string): Promise<void> {
  const child = fork(VICTIM, [folder, String(QUOTA)], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], execArgv: ['--disable-warning=ExperimentalWarning'] })
  await new Promise<void>((resolve, reject) => {
    let killed = false
    const soon = (): void => {
      setTimeout(() => {
        killed = true
        child.kill('SIGKILL')
      }, Math.random() * LONGEST_MS)
    }
    child.once('close', code => {
      if (killed) resolve()
      else reject(new Error(`a writer failed by itself: the process ended with ${code}`))
    })
    if (Math.random() < EARLY_SHARE) soon()
    else child.once('message', soon)
  })
}

/** @returns what went wrong */
export async function store (rounds: number): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-soak-'))
  const faults: string[] = []
  let blocks = 0
  try {
    for (let round = 1; round <= rounds; round++) {
      await kill(folder)
      const found = await inspect(folder, QUOTA)
      blocks += found.blocks
      faults.push(...found.faults.map(fault => `round ${round}: ${fault}`))
      if (round % SHOW_EVERY === 0) console.log(`${round} of ${rounds} kills, ${Math.round(blocks / round)} blocks there after each, ${faults.length} faults`)
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
  return faults
}
