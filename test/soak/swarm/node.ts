/** A member in a process of its own: one node at a time, told by messages to come and to go, and what it costs. */

import { queryObjects } from 'node:v8'
import { createShoal, type Shoal } from 'shoal'
import type { ShoalOptions } from '@shoal/interface'
import { answer } from '../../support/child.ts'
import { PATH, sha256, Work, type Done, type Good } from './work.ts'

export type Ask =
  | { readonly do: 'join', readonly options: ShoalOptions, readonly goods: readonly Good[], readonly seed: number }
  /** Publishes contents of these sizes. */
  | { readonly do: 'publish', readonly sizes: readonly number[] }
  | { readonly do: 'leave' }
  /** What was done since the last `join`. */
  | { readonly do: 'done' }
  | { readonly do: 'cost' }

export interface Told {
  readonly addrs?: readonly string[]
  readonly goods?: readonly Good[]
  readonly done?: Done
  readonly cost?: Cost
}

/** What is in use, garbage collected before. */
export interface Cost {
  readonly rss: number
  readonly heap: number
  /** On all event targets of the process, abort signals among them. */
  readonly listeners: number
  /** Sockets, timers and what else keeps an event loop going. */
  readonly handles: number
  readonly connections: number
}

type Constructor = new (...args: never[]) => object

const Listener = listenerClass()

let node: Shoal | undefined
let work: Work | undefined

answer(async (ask: Ask): Promise<Told> => {
  switch (ask.do) {
    case 'join': {
      node = await createShoal(ask.options)
      work = new Work(ask.goods, ask.seed)
      if (ask.goods.length > 0) work.start(node)
      return { addrs: node.addrs }
    }
    case 'publish': {
      const goods: Good[] = []
      for (const size of ask.sizes) {
        const bytes = new Uint8Array(size)
        for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
        const published = await node?.publishBytes(new Map([[PATH, bytes]]), { name: PATH })
        goods.push({ link: published?.link ?? '', digest: await sha256(bytes), bytes: size })
      }
      return { goods }
    }
    case 'leave': {
      await work?.end()
      const { done } = work ?? {}
      await node?.stop()
      node = undefined
      work = undefined
      return done === undefined ? {} : { done }
    }
    case 'done': return work === undefined ? {} : { done: work.done }
    case 'cost': {
      // it collects garbage first
      const listeners = queryObjects(Listener, { format: 'count' })
      const { rss, heapUsed } = process.memoryUsage()
      const handles = process.getActiveResourcesInfo().length
      return { cost: { rss, heap: heapUsed, listeners, handles, connections: node?.status.connections ?? 0 } }
    }
  }
})

/** Node.js keeps each listener of an `EventTarget` in an object of a class that it does not export. */
function listenerClass (): Constructor {
  const target = new EventTarget()
  target.addEventListener('any', () => {})
  const events = Object.getOwnPropertySymbols(target).find(symbol => symbol.description === 'kEvents')
  const byType = (target as unknown as Record<symbol, Map<string, { next?: object }> | undefined>)[events ?? Symbol()]
  const listener = byType?.get('any')?.next
  if (listener === undefined) throw new Error('this Node.js keeps the listeners of an EventTarget in some other way')
  return listener.constructor as Constructor
}
