/** A page with a store, that waits to be told what to do with it. */

import { hashBlock } from '@shoal/content'
import type { BlockStore, StoreEvent, VerifiedBlock } from '@shoal/interface'
import { browserStore } from '@shoal/store/browser'
import { bytesInDatabase, bytesInPacks } from '../../../packages/store/dist/test/browser-media.js'

const BLOCK_BYTES = 16_384
/** Blocks that there are in the world: more than any quota here has room for. */
const WORLD = 400
const WRITERS = 4

export interface Tally {
  readonly puts: number
  readonly gets: number
  /** By name of the error that they failed with. */
  readonly refused: Readonly<Record<string, number>>
  /** By type; with its message where something failed. */
  readonly events: Readonly<Record<string, number>>
}

export interface Tab {
  open (name: string, quota: number): Promise<void>
  /** Puts and gets as fast as it can, until `stop`. */
  start (): void
  stop (): Promise<Tally>
  /** It has put and got something since `open`. */
  hasBeenBusy (): boolean
  /** Numbers of the blocks that it says it has, and of those that it gives. */
  held (): Promise<{ has: number[], gives: number[] }>
  used (): number
  putOne (block: number): Promise<boolean>
  close (): Promise<void>
  bytesInPacks: typeof bytesInPacks
  bytesInDatabase: typeof bytesInDatabase
}

const world: VerifiedBlock[] = []
let store: BlockStore
let running = false
let work: Promise<unknown> = Promise.resolve()
let [puts, gets] = [0, 0]
const refused: Record<string, number> = {}
const events: Record<string, number> = {}

function count (tally: Record<string, number>, key: string): void {
  tally[key] = (tally[key] ?? 0) + 1
}

function told (event: StoreEvent): string {
  return event.type === 'failed' ? `failed ${event.doing}: ${event.error.message}` : event.type
}

async function write (): Promise<void> {
  while (running) {
    const block = world[Math.floor(Math.random() * WORLD)] as VerifiedBlock
    try {
      if (Math.random() < 0.5) {
        await store.put(block)
        puts++
      } else if (await store.get(block) !== undefined) gets++
    } catch (error) {
      count(refused, (error as Error).name)
    }
    await new Promise(resolve => { setTimeout(resolve) })
  }
}

const tab: Tab = {
  async open (name, quota) {
    for (let i = 0; i < WORLD; i++) world.push(await hashBlock(new Uint8Array(BLOCK_BYTES).fill(i & 0xff).fill(i >> 8, 0, 1)))
    store = browserStore({ name, quota })
    store.onevent = event => { count(events, told(event)) }
    await store.open()
  },
  start () {
    running = true
    work = Promise.all(Array.from({ length: WRITERS }, write))
  },
  async stop () {
    running = false
    await work
    return { puts, gets, refused, events }
  },
  hasBeenBusy: () => puts > 0 && gets > 0,
  async held () {
    const numbers = world.map((_, i) => i)
    const has = numbers.filter(i => store.has((world[i] as VerifiedBlock).digest))
    const given = await Promise.all(has.map(async i => await store.get(world[i] as VerifiedBlock)))
    return { has, gives: has.filter((_, i) => given[i] !== undefined) }
  },
  used: () => store.used,
  putOne: async block => await store.put(world[block] as VerifiedBlock).then(() => true, () => false),
  close: async () => { await store.close() },
  bytesInPacks,
  bytesInDatabase
}

Object.assign(globalThis, { tab })
