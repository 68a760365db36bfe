/** The media of one scenario at an origin, whole at once or as time goes by, and how much of them viewers have had. */

import { createHash } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Film } from './film.ts'
import { startOrigin, type Origin } from './origin.ts'
import { live, master, partName, segmentName, vod, type LiveTimes, type Rendition } from './playlists.ts'
import { RATES, WINDOW, type Scenario } from './scenarios.ts'

/** A blocking reload is given up after this. */
const BLOCK_MS = 6_000
const MASTER = 'main.m3u8'

export class Stage {
  readonly #scenario: Scenario
  readonly #film: Film
  readonly #folder: string | undefined
  readonly #renditions: readonly Rendition[]
  readonly #files = new Map<string, Uint8Array>()
  readonly #times: LiveTimes
  readonly #segments: number
  readonly #waiting = new Set<() => void>()
  #parts = 0
  #timer: NodeJS.Timeout | undefined
  #advancing: Promise<void> | undefined
  #closed = false
  #origin: Origin | undefined

  /** @param folder where the same files are written, for those who publish from there */
  private constructor (scenario: Scenario, film: Film, seconds: number, folder: string | undefined) {
    const { segment, part } = scenario
    this.#scenario = scenario
    this.#film = film
    this.#folder = folder
    this.#renditions = [{ name: 'mid', rate: RATES[0] }, { name: 'high', rate: RATES[1] }].slice(0, scenario.switches === true ? 2 : 1)
    this.#segments = Math.ceil(seconds * 1000 / segment)
    // a stream that has been on for a while
    this.#times = { start: Date.now() - WINDOW * segment, segment, part, window: WINDOW }
  }

  static async open (scenario: Scenario, film: Film, seconds: number, folder?: string): Promise<Stage> {
    const stage = new Stage(scenario, film, seconds, folder)
    await stage.#put(MASTER, Buffer.from(master(stage.#renditions)))
    for (const { name } of stage.#renditions) await stage.#put(`${name}/init.mp4`, film.init)
    if (scenario.live === true) {
      await stage.#advance()
    } else {
      for (let i = 0; i < stage.#segments; i++) for (const [path, bytes] of stage.#cut(i)) await stage.#put(path, bytes)
      for (const { name } of stage.#renditions) await stage.#put(`${name}/index.m3u8`, Buffer.from(vod(stage.#segments, scenario.segment)))
    }
    stage.#origin = await startOrigin((path, query) => stage.#answer(path, query))
    return stage
  }

  get url (): string {
    return this.#origin?.url ?? ''
  }

  get playlist (): string {
    return this.url + MASTER
  }

  get mediaSent (): number {
    return this.#origin?.mediaSent ?? 0
  }

  /** SHA-256 of each segment and part there is, in hex. */
  get digests (): Record<string, string> {
    const media = [...this.#files].filter(([path]) => path.endsWith('.m4s'))
    return Object.fromEntries(media.map(([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')]))
  }

  /** Size of all that is named here, each byte of the film once, whether it came as a segment or as a part of one. */
  distinct (paths: Iterable<string>): number {
    const cells = new Map<string, number>()
    const { segment, part } = this.#times
    for (const path of paths) {
      const [, rendition, number, of] = /^(\w+)\/seg(\d+)(?:\.(\d+))?\.m4s$/.exec(path) ?? []
      if (rendition === undefined) continue
      const parts = part === undefined || of !== undefined ? [path] : Array.from({ length: segment / part }, (_, p) => `${rendition}/${partName(Number(number), p)}`)
      for (const cell of parts) cells.set(cell, this.#files.get(cell)?.byteLength ?? 0)
    }
    return [...cells.values()].reduce((sum, size) => sum + size, 0)
  }

  async close (): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    // it writes into a folder that is about to go
    await this.#advancing
    for (const wake of this.#waiting) wake()
    await this.#origin?.close()
  }

  #answer (path: string, query: URLSearchParams): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const each = this.#perSegment
    const [, hinted, of] = /\/seg(\d+)\.(\d+)\.m4s$/.exec(path) ?? []
    // whoever asks for the part that the playlist gives a hint of gets it when it is there
    if (Number(hinted) * each + Number(of) === this.#parts) return this.#reach(this.#parts + 1).then(() => this.#files.get(path))
    if (this.#scenario.live !== true || !path.endsWith('/index.m3u8')) return this.#files.get(path)
    const segment = query.get('_HLS_msn')
    const part = query.get('_HLS_part')
    const asked = segment === null ? 0 : Number(segment) * each + (part === null ? each : Number(part) + 1)
    return this.#reach(asked).then(() => Buffer.from(live(this.#times, this.#parts)))
  }

  async #reach (parts: number): Promise<void> {
    const until = performance.now() + BLOCK_MS
    while (this.#parts < parts && performance.now() < until) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(wake, until - performance.now())
        const waiting = this.#waiting
        function wake (): void { clearTimeout(timer); waiting.delete(wake); resolve() }
        waiting.add(wake)
      })
    }
  }

  get #perSegment (): number {
    const { segment, part } = this.#times
    return part === undefined ? 1 : segment / part
  }

  /** Makes what is due by now. */
  async #advance (): Promise<void> {
    const { start, segment, part } = this.#times
    const each = this.#perSegment
    while (!this.#closed && start + (this.#parts + 1) * segment / each <= Date.now()) {
      const n = this.#parts
      const made = new Map<string, Uint8Array>()
      if (part !== undefined) {
        for (const { name, rate } of this.#renditions) {
          made.set(`${name}/${partName(Math.floor(n / each), n % each)}`, this.#film.cut(n * part, part, rate / 8 * part / 1000))
        }
      }
      for (const [path, bytes] of made) this.#files.set(path, bytes)
      if ((n + 1) % each === 0) {
        for (const [path, bytes] of this.#cut(Math.floor(n / each))) {
          made.set(path, bytes)
          this.#files.set(path, bytes)
        }
      }
      this.#parts = n + 1
      // viewers wait for no disk
      for (const wake of this.#waiting) wake()
      for (const [path, bytes] of made) await this.#write(path, bytes)
      const playlist = Buffer.from(live(this.#times, this.#parts))
      for (const { name } of this.#renditions) await this.#write(`${name}/index.m3u8`, playlist)
    }
    if (this.#closed) return
    this.#timer = setTimeout(() => { this.#advancing = this.#advance() }, start + (this.#parts + 1) * segment / each - Date.now())
  }

  /** One segment of each rendition: its parts in a row, where it has any. */
  #cut (segment: number): [path: string, bytes: Uint8Array][] {
    const { segment: length, part } = this.#times
    return this.#renditions.map(({ name, rate }) => [`${name}/${segmentName(segment)}`, part === undefined
      ? this.#film.cut(segment * length, length, rate / 8 * length / 1000)
      : Buffer.concat(Array.from({ length: length / part }, (_, p) => this.#files.get(`${name}/${partName(segment, p)}`) ?? Buffer.alloc(0)))])
  }

  async #put (path: string, bytes: Uint8Array): Promise<void> {
    this.#files.set(path, bytes)
    await this.#write(path, bytes)
  }

  /** In one go, for somebody follows the folder. */
  async #write (path: string, bytes: Uint8Array): Promise<void> {
    if (this.#folder === undefined) return
    const file = join(this.#folder, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(`${file}.tmp`, bytes)
    await rename(`${file}.tmp`, file)
  }
}
