import type { TypedEventTarget } from 'main-event'

type Target = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>

/** Hands on the events that somebody listens for, from whoever gives them at the moment. */
export class EventRelay {
  readonly #types = new Set<string>()
  readonly #dispatch: (event: CustomEvent) => void
  #from: Target | undefined

  /** @param to `dispatchEvent` of it is called */
  constructor (to: { dispatchEvent (event: Event): boolean }) {
    this.#dispatch = ({ type, detail }) => { to.dispatchEvent(new CustomEvent(type, { detail: detail as unknown })) }
  }

  readonly #onevent = (event: Event): void => { this.#dispatch(event as CustomEvent) }

  want (type: string): void {
    if (this.#types.has(type)) return
    this.#types.add(type)
    this.#from?.addEventListener(type, this.#onevent)
  }

  /** From now on they come from here. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- of whatever events
  from (target: TypedEventTarget<any> | undefined): void {
    for (const type of this.#types) this.#from?.removeEventListener(type, this.#onevent)
    this.#from = target as Target | undefined
    for (const type of this.#types) this.#from?.addEventListener(type, this.#onevent)
  }
}
