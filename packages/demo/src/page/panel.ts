import type { DemoState, NetworkReport } from '../reports.js'

/** The switches that break the network: what they show is what the servers say, whoever moved them. */
export class Panel {
  readonly #origin: HTMLElement
  readonly #relay: HTMLElement
  readonly #rates: HTMLElement
  /** What was asked for and is not confirmed: the servers' older word does not move a switch back. */
  #asked = 0

  /** @param change resolves when it is done */
  constructor (find: (id: string) => HTMLElement, change: (what: Partial<NetworkReport>) => Promise<DemoState | undefined>) {
    this.#origin = find('origin')
    this.#relay = find('relay')
    this.#rates = find('rates')
    const turn = (what: Partial<NetworkReport>): void => {
      this.#asked++
      change(what).then(state => { this.#asked--; if (state !== undefined) this.show(state) }, () => { this.#asked-- })
    }
    this.#origin.addEventListener('click', () => { turn({ down: flip(this.#origin) }) })
    this.#relay.addEventListener('click', () => { turn({ relayDown: flip(this.#relay) }) })
    this.#rates.addEventListener('change', event => { turn({ rate: Number((event.target as HTMLInputElement).value) }) })
  }

  show ({ origin, relay }: DemoState): void {
    document.body.classList.toggle('origin-down', origin.down)
    if (this.#asked > 0) return
    this.#origin.setAttribute('aria-checked', String(!origin.down))
    this.#relay.setAttribute('aria-checked', String(!relay.down))
    for (const input of this.#rates.querySelectorAll('input')) input.checked = Number(input.value) === origin.rate
  }
}

/** @returns whether it is off now */
function flip (button: HTMLElement): boolean {
  const off = button.getAttribute('aria-checked') === 'true'
  button.setAttribute('aria-checked', String(!off))
  return off
}
