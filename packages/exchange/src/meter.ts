import { Ewma } from '@shoal/base'
import { MIN_WINDOW_BYTES } from './defaults.js'

/** Shortest stretch that gives a sample of the rate, ms: below, timers and batches of arrivals blur it. */
const SAMPLE_MS = 100

/** Round trips whose least is taken for the bare one: a ping behind bulk data measures the queue. */
const RTT_SAMPLES = 8

/**
 * What a session knows of its link. The delivery rate is measured only while something is outstanding, so an idle link keeps its last
 * value. The delay that the window covers is the bare round trip (least of the last pings) or, if longer, the time from a request on an
 * idle session to its first byte, which has the peer's scheduling and store in it, plus the time that verification takes.
 */
export class LinkMeter {
  readonly #rtt = new Ewma(0.25)
  readonly #rtts: number[] = []
  readonly #answer = new Ewma(0.5)
  readonly #verify = new Ewma(0.1)
  readonly #rate = new Ewma(0.3)
  readonly #maxWindow: number
  /** Least of `#rtts`: asked for far more often than they change. */
  #bare = 0
  #sampleFrom = 0
  #sampleBytes = 0
  #askedAt: number | undefined

  constructor (maxWindow: number) {
    this.#maxWindow = maxWindow
  }

  /** Smoothed, ms. */
  get rtt (): number | undefined {
    return this.#rtt.value
  }

  /** Bytes per second while busy; 0 before the first sample. */
  get rate (): number {
    return this.#rate.value ?? 0
  }

  /** From a request to when its block is usable, on a link that is not queueing, ms. */
  get delay (): number {
    return Math.max(this.#bare, this.#answer.value ?? 0) + (this.#verify.value ?? 0)
  }

  /** Two bandwidth-delay products on top of the two blocks that are being read and verified, in bytes. */
  get window (): number {
    return Math.min(this.#maxWindow, Math.round(MIN_WINDOW_BYTES + 2 * this.rate * this.delay / 1000))
  }

  pong (ms: number): void {
    this.#rtt.add(ms)
    this.#rtts.push(ms)
    if (this.#rtts.length > RTT_SAMPLES) this.#rtts.shift()
    this.#bare = Math.min(...this.#rtts)
  }

  /** Something is outstanding where nothing was. `asked`: its first byte will tell how soon the peer answers. */
  busy (now: number, asked = true): void {
    this.#sampleFrom = now
    this.#askedAt = asked ? now : undefined
    this.#sampleBytes = 0
  }

  arrived (bytes: number, now: number): void {
    if (this.#askedAt !== undefined) {
      this.#answer.add(now - this.#askedAt)
      this.#askedAt = undefined
    }
    this.#sampleBytes += bytes
    if (now - this.#sampleFrom >= Math.max(SAMPLE_MS, 2 * this.delay)) this.#sample(now)
  }

  /** Nothing is outstanding any more. */
  idle (now: number): void {
    this.#askedAt = undefined
    if (this.#sampleBytes >= MIN_WINDOW_BYTES) this.#sample(now)
  }

  verified (ms: number): void {
    this.#verify.add(ms)
  }

  #sample (now: number): void {
    this.#rate.add(this.#sampleBytes * 1000 / Math.max(1, now - this.#sampleFrom))
    this.#sampleFrom = now
    this.#sampleBytes = 0
  }
}
