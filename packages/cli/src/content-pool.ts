import type { Content, OpenOptions, Shoal } from '@shoal/interface'

/** The right to use an open content until `release`, which is to be called exactly once. */
export interface Lease {
  readonly content: Content
  release (): Promise<void>
}

/** Who uses which content: commands and the gateway share open contents, and the last one to leave closes. */
export class ContentPool {
  readonly #node: Shoal
  readonly #users = new Map<Content, number>()
  readonly #kept = new WeakSet<Content>()

  constructor (node: Shoal) {
    this.#node = node
  }

  /** As `Shoal.open`. */
  async open (link: string, options?: OpenOptions): Promise<Lease> {
    const before = new Set(this.#node.contents)
    const content = await this.#node.open(link, options)
    // Open before and not by us: published, or taken up again from the data folder
    if (before.has(content) && !this.#users.has(content)) this.keep(content)
    return this.use(content)
  }

  use (content: Content): Lease {
    this.#users.set(content, (this.#users.get(content) ?? 0) + 1)
    return {
      content,
      release: async () => {
        const left = (this.#users.get(content) ?? 1) - 1
        if (left > 0) this.#users.set(content, left)
        else {
          this.#users.delete(content)
          if (!this.#kept.has(content)) await content.close()
        }
      }
    }
  }

  /** Goes on being seeded whoever leaves. */
  keep (content: Content): void {
    this.#kept.add(content)
  }
}
