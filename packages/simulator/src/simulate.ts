import { drained } from './drain.node.js'
import { arrivalsOf, diurnalShare, randomFor, stayOf } from './random.js'
import { Tally } from './tally.js'
import type { Report, Scenario } from './types.js'
import { Viewer } from './viewer.js'
import { World } from './world.js'

const ARRIVAL_RANDOM = 4
const STAY_RANDOM = 5
/** A viewer that leaves is replaced within this time. */
const REPLACE_MS = 5_000
const DAY_STEP_MS = 5_000

export interface SimulateOptions {
  /** Told now and then how far it is: simulated seconds, and viewers. */
  readonly onprogress?: ((seconds: number, viewers: number) => void) | undefined
}

/**
 * Runs a scenario to its end. Resolves with the same report for the same scenario, whatever machine it runs on.
 *
 * @throws RangeError when the scenario makes no sense
 */
export async function simulate (scenario: Scenario, { onprogress }: SimulateOptions = {}): Promise<Report> {
  check(scenario)
  const world = await World.make(scenario)
  const { net: { clock } } = world
  const viewers = new Set<Viewer>()
  const tally = new Tally(world, viewers)
  const crowd = new Crowd(world, viewers, tally)
  await world.publish()
  crowd.start()
  const step = 1000 * (scenario.sample ?? 10)
  const sample = (): void => {
    tally.sample()
    onprogress?.(clock.now() / 1000, viewers.size)
    if (clock.now() + step <= 1000 * scenario.seconds) clock.after(step, sample)
  }
  clock.after(step, sample)
  if (scenario.warmUp !== undefined) clock.after(1000 * scenario.warmUp, () => { tally.warm() })
  const file = scenario.content.kind === 'file'
  await clock.run(1000 * scenario.seconds, drained, file ? () => crowd.done : undefined)
  const report = tally.report()
  // nothing runs on, and nobody is told
  for (const viewer of viewers) viewer.player?.stop()
  await drained()
  return report
}

/** Who comes and who goes. */
class Crowd {
  readonly #world: World
  readonly #viewers: Set<Viewer>
  readonly #tally: Tally
  readonly #arrival
  readonly #stay
  #number = 0

  constructor (world: World, viewers: Set<Viewer>, tally: Tally) {
    this.#world = world
    this.#viewers = viewers
    this.#tally = tally
    this.#arrival = randomFor(world.scenario.seed, ARRIVAL_RANDOM)
    this.#stay = randomFor(world.scenario.seed, STAY_RANDOM)
  }

  /** Of a file: everybody came and has it. */
  get done (): boolean {
    if (this.#number < this.#world.scenario.viewers) return false
    for (const viewer of this.#viewers) if (!viewer.done) return false
    return true
  }

  start (): void {
    const { net: { clock }, scenario } = this.#world
    const { arrivals, viewers: count, seconds } = scenario
    if (arrivals.kind === 'diurnal') this.#day()
    else for (const at of arrivalsOf(arrivals, count, seconds, this.#arrival)) clock.at(at, () => { this.#come() })
    this.#world.onpublished = () => {
      for (const viewer of this.#viewers) {
        // its playlist is the origin's
        if (scenario.mode === 'origin') void viewer.open?.update(this.#world.head)
        else viewer.poke()
      }
    }
  }

  /** Follows the day's curve. */
  #day (): void {
    const { net: { clock }, scenario: { viewers, seconds } } = this.#world
    const step = (): void => {
      const missing = Math.round(viewers * diurnalShare(clock.now(), seconds)) - this.#viewers.size
      for (let i = 0; i < missing; i++) clock.after(DAY_STEP_MS * this.#arrival(), () => { this.#come() })
      const leaving = [...this.#viewers].slice(0, Math.max(0, -missing))
      for (const viewer of leaving) clock.after(DAY_STEP_MS * this.#arrival(), () => { this.#go(viewer) })
      clock.after(DAY_STEP_MS, step)
    }
    step()
  }

  #come (): void {
    const world = this.#world
    const { net: { clock }, scenario: { stay } } = world
    this.#tally.count()
    this.#tally.sessions++
    const number = this.#number++
    const audience = world.audience(number)
    const viewer = new Viewer(world, number, world.host(audience), audience)
    this.#viewers.add(viewer)
    void viewer.begin()
    const ms = stayOf(stay, this.#stay)
    if (ms < 1e9) clock.after(ms, () => { this.#go(viewer) })
  }

  #go (viewer: Viewer): void {
    const world = this.#world
    const { net: { clock }, scenario: { vanish = 0.2, replace = true, arrivals } } = world
    if (!this.#viewers.has(viewer)) return
    this.#tally.count()
    this.#tally.left(viewer)
    this.#viewers.delete(viewer)
    void viewer.leave(this.#stay() < vanish)
    world.release(viewer.host)
    if (replace && arrivals.kind !== 'diurnal') clock.after(REPLACE_MS * this.#arrival(), () => { this.#come() })
  }
}

function check ({ viewers, seconds, audience, content, tick = 1 }: Scenario): void {
  const whole = (name: string, value: number): void => {
    if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`expected a whole number of at least 1 for ${name}, got ${value}`)
  }
  whole('viewers', viewers)
  if (!(seconds > 0)) throw new RangeError(`expected seconds above 0, got ${seconds}`)
  if (!(tick > 0)) throw new RangeError(`expected a tick above 0 ms, got ${tick}`)
  const shares = audience.reduce((sum, { share }) => sum + share, 0)
  if (Math.abs(shares - 1) > 1e-6) throw new RangeError(`expected shares of the audience that are 1 together, got ${shares}`)
  for (const { name, up, down } of audience) {
    if (!(up > 0 && down > 0)) throw new RangeError(`expected links above 0 for ${name}, got ${up} up and ${down} down`)
  }
  if (content.kind === 'file') whole('bytes', content.bytes)
  else if (!(content.bitrate > 0 && content.segmentSeconds > 0)) throw new RangeError('expected a bit rate and segments above 0')
}
