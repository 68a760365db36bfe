/** A contender in a page: waits to be called from outside. */

import { contest, makeBlocks, type Backend, type Took } from './contest.ts'

const LANES = 8

export interface Contest {
  compete (name: string, mib: number): Promise<Took>
}

export function serve (backends: Readonly<Record<string, () => Promise<Backend>>>): void {
  const bench: Contest = {
    async compete (name, mib) {
      const blocks = await makeBlocks(mib)
      const backend = await backends[name]?.()
      if (backend === undefined) throw new Error(`there is no ${name} here`)
      return await contest(backend, blocks, LANES)
    }
  }
  Object.assign(globalThis, { bench })
}
