import type { Clock } from '@shoal/base'
import { TokenError } from '@shoal/interface'
import { readToken } from '@shoal/policy'
import type { Alarm } from './alarm.js'
import { RENEW_LEAD_S, RENEW_MIN_MS, RENEW_RETRY_MS } from './defaults.js'

export interface RenewalInit {
  readonly clock: Clock
  readonly alarm: Alarm
  /** Asks for a token. */
  readonly ask: () => Promise<string | undefined>
  /** There is another one. */
  readonly renewed: (token: string) => void
  readonly failed: (error: Error) => void
}

/** Our own token in one swarm: asks for the next before it ends, and goes on asking when there is none. */
export class Renewal {
  readonly #init: RenewalInit
  readonly #work = (): void => { void this.#renew() }
  #token: string | undefined
  /** ms since 1970 at which it ends for those whose clocks are ours. */
  #ends = 0
  #said = false
  #closed = false

  constructor (init: RenewalInit) {
    this.#init = init
  }

  /** From now on this is the one that we show. */
  begin (token: string): void {
    if (token === this.#token || this.#closed) return
    this.#token = token
    try {
      const { notBefore, expires } = readToken(token)
      this.#ends = expires * 1000
      this.#said = false
      const lead = 1000 * Math.min(RENEW_LEAD_S, (expires - notBefore) / 4)
      this.#in(Math.max(RENEW_MIN_MS, this.#left - lead))
    } catch (error) {
      this.#init.failed(error as TokenError)
    }
  }

  close (): void {
    this.#closed = true
    this.#init.alarm.set(this.#work, undefined)
  }

  get #left (): number {
    return this.#ends - this.#init.clock.wall()
  }

  #in (ms: number): void {
    this.#init.alarm.set(this.#work, this.#init.clock.now() + ms)
  }

  async #renew (): Promise<void> {
    const { ask, renewed, failed } = this.#init
    let error: Error = new TokenError('our token ended, and the application gave no other', 'expired')
    try {
      const token = await ask()
      if (this.#closed) return
      if (token !== undefined && token !== this.#token) {
        this.begin(token)
        renewed(token)
        return
      }
    } catch (cause) {
      error = cause as Error
    }
    if (this.#closed) return
    const left = this.#left
    if (left <= 0 && !this.#said) {
      this.#said = true
      failed(error)
    }
    this.#in(left <= 0 ? RENEW_RETRY_MS : Math.max(RENEW_MIN_MS, left / 2))
  }
}
