import type { Medium, MediumListener } from '../medium-store.js'

/** One of the media that a page may have. */
export interface Candidate {
  readonly what: string
  readonly medium: Medium
  /** Removes what lies there of earlier visits, unless another tab has it open. */
  readonly discard: () => Promise<void>
}

/** The first of several media that can be opened; what the others hold of earlier visits goes, for the quota is for all of them. */
export class FirstMedium implements Medium {
  readonly #candidates: readonly Candidate[]
  #medium: Medium

  /** @param candidates the best first */
  constructor (candidates: readonly [Candidate, ...Candidate[]]) {
    this.#candidates = candidates
    this.#medium = candidates[0].medium
  }

  async open (listener: MediumListener): Promise<void> {
    for (const [i, { what, medium }] of this.#candidates.entries()) {
      try {
        await medium.open(listener)
      } catch (error) {
        if (i === this.#candidates.length - 1) throw error
        // what it found so far does not count
        listener.lost()
        listener.failed(error as Error, `opening ${what}: ${this.#candidates[i + 1]?.what ?? ''} is used instead`)
        continue
      }
      this.#medium = medium
      await Promise.all(this.#candidates.filter(other => other.medium !== medium).map(async ({ discard }) => { await discard() }))
      return
    }
  }

  async close (): Promise<void> {
    await this.#medium.close()
  }

  async read (digest: Uint8Array, size: number): Promise<Uint8Array | undefined> {
    return await this.#medium.read(digest, size)
  }

  async write (digest: Uint8Array, bytes: Uint8Array, expiry: number): Promise<void> {
    await this.#medium.write(digest, bytes, expiry)
  }

  async extend (digest: Uint8Array, size: number, expiry: number): Promise<void> {
    await this.#medium.extend(digest, size, expiry)
  }

  async remove (digest: Uint8Array, size: number): Promise<void> {
    await this.#medium.remove(digest, size)
  }

  async look (): Promise<void> {
    await this.#medium.look?.()
  }

  pin (digest: Uint8Array): void {
    for (const { medium } of this.#candidates) medium.pin?.(digest)
  }

  unpin (digest: Uint8Array): void {
    for (const { medium } of this.#candidates) medium.unpin?.(digest)
  }

  where (digest: Uint8Array, size: number): string {
    return this.#medium.where(digest, size)
  }
}
