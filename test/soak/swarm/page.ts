/** The same in a page: what `globalThis.member` does for who drives the browser. */

import { createShoal, type Shoal } from 'shoal'
import { Work, type Done, type Good } from './work.ts'

export interface PageMember {
  join (bootstrap: readonly string[], goods: readonly Good[], seed: number): Promise<void>
  leave (): Promise<Done | undefined>
  done (): Done | undefined
  connections (): number
}

let node: Shoal | undefined
let work: Work | undefined

const member: PageMember = {
  async join (bootstrap, goods, seed) {
    node = await createShoal({ bootstrap: [...bootstrap], share: false, store: { quota: '16MiB' } })
    work = new Work(goods, seed)
    work.start(node)
  },

  async leave () {
    await work?.end()
    const { done } = work ?? {}
    await node?.stop()
    node = undefined
    work = undefined
    return done
  },

  done: () => work?.done,

  connections: () => node?.status.connections ?? 0
}

Object.assign(globalThis, { member })
