import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'

/** No check takes nearly as long on any machine: what it waits for does not come. */
const ENDLESS_MS = 10 * 60_000

/** Runs the named checks of a script one after the other; `end` prints the tally that `test/run.ts` reads. */
export class Checks {
  #passed = 0
  #failed = 0
  #skipped = 0

  async check (name: string, fn: () => void | Promise<void>): Promise<void> {
    const start = performance.now()
    try {
      const endless = sleep(ENDLESS_MS, undefined, { ref: false }).then(() => { throw new Problem(`it has not ended in ${ENDLESS_MS / 1000} s`) })
      await Promise.race([fn(), endless])
      this.#passed++
      console.log(`  ok      ${name} (${Math.round(performance.now() - start)} ms)`)
    } catch (error) {
      this.#failed++
      console.log(`  FAILED  ${name}`)
      console.log((error instanceof Problem ? error.message : inspect(error)).split('\n').map(line => `          ${line}`).join('\n'))
    }
  }

  skip (name: string, reason: string): void {
    this.#skipped++
    console.log(`  skipped ${name}: ${reason}`)
  }

  end (): void {
    console.log(`\n${this.#passed} passed, ${this.#failed} failed${this.#skipped > 0 ? `, ${this.#skipped} skipped` : ''}`)
    process.exitCode = this.#failed === 0 && this.#passed > 0 ? 0 : 1
  }
}

/** A failure whose message says all; its stack would only hide it. */
export class Problem extends Error {
  override readonly name = 'Problem'
}
