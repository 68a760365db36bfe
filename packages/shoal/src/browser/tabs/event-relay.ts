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

  /** @param target an event target of whatever events: from now on they come from here */
  from (target: object | undefined): void {
    for (const type of this.#types) this.#from?.removeEventListener(type, this.#onevent)
    this.#from = target as Target | undefined
    for (const type of this.#types) this.#from?.addEventListener(type, this.#onevent)
  }
}
