import type { Clock } from '@shoal/base'
import { openShare, type Ledger } from '@shoal/ledger'
import type { PeerName, Session, UploadStatus } from '@shoal/interface'
import type { Alarm } from './alarm.js'
import { BackOff } from './back-off.js'
import { Choker, type Standing } from './choker.js'
import { BACK_OFF_EVERY_MS, CONTENDED_ENTER, CONTENDED_LEAVE, MANIFEST_RATE_BPS, MONTH_CHECK_MS } from './defaults.js'
import { Queueing } from './queueing.js'
import type { UploadLimits } from './types.js'
import { Uploads } from './uploads.js'

export interface UploadControlInit {
  readonly clock: Clock
  readonly alarm: Alarm
  readonly ledger: Ledger
  readonly limits: UploadLimits
  readonly standing: (peer: PeerName) => Standing
  readonly sessions: () => Iterable<Session>
  /** Bytes per second that go out, as measured; `undefined` before the first measurement. */
  readonly upRate: () => number | undefined
  /** A reader of this node waits for what it needs now. */
  readonly pressed: () => boolean
  /** To be told to the peer. */
  readonly changed: (peer: PeerName, choked: boolean) => void
  /** `gives` has changed. */
  readonly turned: () => void
}

/**
 * What this node gives: slots and rate as they were set, less what the month, the node's own readers and other traffic on the uplink call
 * for. All of it can be set anew at any time.
 */
export class UploadControl {
  readonly #init: UploadControlInit
  readonly #uploads: Uploads
  readonly #choker: Choker
  readonly #backOff = new BackOff()
  readonly #queueing = new Queueing()
  readonly #month = (): void => { this.#apply() }
  readonly #look = (): void => {
    this.#looks = false
    this.#measure()
  }

  #limits: UploadLimits
  #gave: boolean
  #contended = false
  /** The alarm is set for `#look`. */
  #looks = false
  /** What went out last while nothing was held back, bytes per second. */
  #free = 0

  constructor (init: UploadControlInit) {
    const { clock, alarm, ledger, standing, changed } = init
    this.#init = init
    this.#limits = init.limits
    this.#gave = this.gives
    this.#uploads = new Uploads(init.limits.rate, peer => this.#choker.share(peer), clock, alarm)
    this.#choker = new Choker({
      slots: init.limits.slots,
      clock,
      alarm,
      standing,
      contended: () => this.#isContended(),
      openShare: () => openShare(ledger.conditions.congestion),
      changed
    })
    this.#apply()
  }

  /** False: nothing but manifests. By the limits, or because the month's share is used up. */
  get gives (): boolean {
    const { rate, slots, monthly } = this.#limits
    return rate > 0 && slots > 0 && this.#init.ledger.month.bytes < monthly
  }

  /** Peers wait for the rate. */
  get busy (): boolean {
    return this.#uploads.busy
  }

  get status (): UploadStatus {
    return { ...this.#limits, rateNow: this.gives ? this.#uploads.rate : 0, month: this.#init.ledger.month.bytes }
  }

  set (limits: Partial<UploadLimits>): void {
    this.#limits = { ...this.#limits, ...limits }
    this.#apply()
  }

  /** A request of this peer came in: has it no slot? */
  choked (peer: PeerName): boolean {
    return this.#choker.choked(peer)
  }

  /** `undefined`: send now. Otherwise resolves when it may be sent. */
  acquire (peer: PeerName, bytes: number, signal: AbortSignal): Promise<void> | undefined {
    const { clock, ledger: { month } } = this.#init
    const now = clock.now()
    this.#choker.used(peer, now)
    if (month.add(bytes, now) >= this.#limits.monthly && this.#choker.slots > 0) this.#apply()
    if (!this.#looks) this.#lookSoon(now)
    return this.#uploads.acquire(peer, bytes, signal)
  }

  gone (peer: PeerName): void {
    this.#choker.gone(peer)
    this.#uploads.gone(peer)
  }

  #apply (): void {
    const { alarm, clock, ledger: { month } } = this.#init
    const { rate, slots, monthly } = this.#limits
    const gives = this.gives
    this.#uploads.rate = gives ? Math.min(rate, this.#backOff.rate) : MANIFEST_RATE_BPS
    const allowed = gives ? slots : 0
    if (this.#choker.slots !== allowed) this.#choker.slots = allowed
    if (this.#gave !== gives) {
      this.#gave = gives
      this.#init.turned()
    }
    // no timer lasts a month
    if (monthly !== Infinity && !gives) alarm.set(this.#month, clock.now() + Math.min(MONTH_CHECK_MS, month.end - clock.wall()))
  }

  /** Both ways only after a while: who gets what should not change with every frame. */
  #isContended (): boolean {
    const { congestion } = this.#uploads
    this.#contended = congestion > (this.#contended ? CONTENDED_LEAVE : CONTENDED_ENTER)
    return this.#contended
  }

  /** Every second while something is given. */
  #measure (): void {
    const { clock, ledger, sessions, upRate, pressed } = this.#init
    ledger.conditions = { ...ledger.conditions, congestion: Math.max(this.#uploads.congestion, this.#choker.waiting ? 1 : 0) }
    const rate = upRate()
    const queueing = this.#limits.yield ? this.#queueing.measured(sessions()) : undefined
    if (rate !== undefined && this.#backOff.rate === Infinity) this.#free = rate
    // half and no more: where all wait, nobody would give any more, and all would wait for ever
    if (rate !== undefined && pressed()) this.#backOff.halve(this.#free)
    else if (rate !== undefined && queueing !== undefined) this.#backOff.measured({ queueing, rate })
    else if (!this.#limits.yield) this.#backOff.recover(rate ?? 0)
    this.#apply()
    if (this.#uploads.busy || this.#backOff.rate !== Infinity) this.#lookSoon(clock.now())
  }

  #lookSoon (now: number): void {
    this.#looks = true
    this.#init.alarm.set(this.#look, now + BACK_OFF_EVERY_MS)
  }
}
