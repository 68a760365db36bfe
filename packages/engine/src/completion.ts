import { StoreFullError, type BlockStore, type Manifest } from '@shoal/interface'
import type { ContentSink } from './types.js'

/** Getting a whole content to one place: counts what is there until nothing is missing. */
export class Completion {
  readonly sink: ContentSink | undefined
  readonly #total: number
  readonly #onprogress: ((done: number, total: number) => void) | undefined
  readonly #missing = new Map<number, Set<number>>()
  readonly #result = Promise.withResolvers<void>()
  #listed = false
  #done = 0

  constructor (sink: ContentSink | undefined, total: number, onprogress: ((done: number, total: number) => void) | undefined) {
    this.sink = sink
    this.#total = total
    this.#onprogress = onprogress
    this.#result.promise.catch(() => {})
  }

  /** Bytes that are there. */
  get done (): number {
    return this.#done
  }

  get promise (): Promise<void> {
    return this.#result.promise
  }

  /** This block has to get there yet. */
  expect (segment: number, block: number): void {
    let blocks = this.#missing.get(segment)
    if (blocks === undefined) this.#missing.set(segment, blocks = new Set())
    blocks.add(block)
  }

  expects (segment: number, block: number): boolean {
    return this.#missing.get(segment)?.has(block) === true
  }

  /** It is there. */
  arrived (segment: number, block: number, bytes: number): void {
    const blocks = this.#missing.get(segment)
    if (blocks?.delete(block) !== true) return
    if (blocks.size === 0) this.#missing.delete(segment)
    this.count(bytes)
    this.#check()
  }

  /** Bytes that were there before. */
  count (bytes: number): void {
    this.#done += bytes
    this.#onprogress?.(this.#done, this.#total)
  }

  /** Every block has been named. */
  listed (): void {
    this.#listed = true
    this.#check()
  }

  fail (error: Error): void {
    this.#result.reject(error)
  }

  #check (): void {
    if (this.#listed && this.#missing.size === 0) this.#result.resolve()
  }
}

/** Why a whole content cannot be kept in the store. */
export function storeTooSmall ({ quota }: BlockStore, { summary: { name, bytes } }: Manifest, why: string): StoreFullError {
  return new StoreFullError(
    `the store cannot keep ${JSON.stringify(name)} of ${bytes} bytes: ${why}. Its quota is ${quota} bytes: raise it, or free space on its disk`)
}
