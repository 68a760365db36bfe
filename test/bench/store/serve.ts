/** A contender in a page: waits to be called from outside. */

import type { BlockStore } from '@shoal/interface'
import { contest, makeBlocks, type Backend, type Took } from './contest.ts'
import { crowd, type Crowded } from './crowd.ts'

const LANES = 8

export interface Contest {
  compete (name: string, mib: number): Promise<Took>
  crowd (count: number): Promise<Crowded>
}

export function serve (backends: Readonly<Record<string, () => Promise<Backend>>>, crowded?: (quota: number) => BlockStore): void {
  const bench: Contest = {
    async compete (name, mib) {
      const blocks = await makeBlocks(mib)
      const backend = await backends[name]?.()
      if (backend === undefined) throw new Error(`there is no ${name} here`)
      return await contest(backend, blocks, LANES)
    },
    async crowd (count) {
      if (crowded === undefined) throw new Error('nothing here takes a crowd')
      return await crowd(crowded, count)
    }
  }
  Object.assign(globalThis, { bench })
}
