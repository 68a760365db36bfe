import type { Visibility } from '../device.js'

/** Whether somebody sees any of the tabs that share a node: hidden is what all of them are. */
export class Audience extends EventTarget implements Visibility {
  readonly #page: Visibility
  readonly #others = new Map<string, boolean>()
  readonly #tell: (hidden: boolean) => void
  #was: boolean

  /** @param tell when this tab itself is shown or hidden */
  constructor (page: Visibility, tell: (hidden: boolean) => void) {
    super()
    this.#page = page
    this.#tell = tell
    this.#was = page.hidden
    page.addEventListener('visibilitychange', this.#onchange)
  }

  get hidden (): boolean {
    return this.#page.hidden && ![...this.#others.values()].includes(false)
  }

  seen (tab: string, hidden: boolean): void {
    this.#others.set(tab, hidden)
    this.#look()
  }

  left (tab: string): void {
    this.#others.delete(tab)
    this.#look()
  }

  end (): void {
    this.#page.removeEventListener('visibilitychange', this.#onchange)
  }

  readonly #onchange = (): void => {
    this.#tell(this.#page.hidden)
    this.#look()
  }

  #look (): void {
    if (this.hidden === this.#was) return
    this.#was = this.hidden
    this.dispatchEvent(new Event('visibilitychange'))
  }
}
