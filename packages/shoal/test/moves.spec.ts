import { ManualClock } from '@shoal/base'
import { NotFoundError, type Segment } from '@shoal/interface'
import { expect } from 'chai'
import { Moves } from '../src/live/moves.js'

const TARGET_S = 2
const segment = { path: 'seg.m4s' } as Segment

describe('a head on its way', () => {
  interface Setup {
    readonly clock: ManualClock
    readonly moves: Moves
    /** What there is. */
    readonly window: Set<string>
    readonly find: (deadline: number, signal?: AbortSignal, target?: number) => Promise<string>
    readonly turn: () => Promise<void>
  }

  function setup (): Setup {
    const clock = new ManualClock()
    clock.advance(10_000)
    const moves = new Moves(clock)
    const window = new Set<string>()
    const look = (): Promise<Segment> => window.has(segment.path) ? Promise.resolve(segment) : Promise.reject(new NotFoundError('not now'))
    return {
      clock,
      moves,
      window,
      find: (deadline, signal = new AbortController().signal, target = TARGET_S) => moves.find(look, deadline, target, signal).then(
        ({ path }) => `${path} at ${clock.now() - 10_000}`, (error: Error) => `${error.message} at ${clock.now() - 10_000}`),
      turn: async () => { for (let i = 0; i < 10; i++) await Promise.resolve() }
    }
  }

  it('is waited for, and one that names something else is not the end of it', async () => {
    const { clock, moves, window, find, turn } = setup()
    const found = find(3_000)
    await turn()
    clock.advance(400)
    moves.moved()
    await turn()
    clock.advance(300)
    window.add(segment.path)
    moves.moved()
    expect(await found).to.equal('seg.m4s at 700')
  })

  it('has half of the time that is left, and one target duration at most', async () => {
    for (const [deadline, until] of [[3_000, 1_500], [60_000, 2_000], [0, 0]] as const) {
      const { clock, find, turn } = setup()
      const found = find(deadline)
      for (let ms = 0; ms < 3_000; ms += 100) {
        await turn()
        clock.advance(100)
      }
      expect(await found, String(deadline)).to.equal(`not now at ${until}`)
    }
  })

  it('has a second of a stream with shorter parts, whose publisher may be silent for two', async () => {
    for (const [deadline, silent, until] of [[1_400, 0, 700], [5_000, 0, 1_000], [1_400, 1_300, 2_000], [1_400, 2_001, 2_001]] as const) {
      const { clock, find, turn } = setup()
      clock.advance(silent)
      const found = find(deadline, undefined, 0.5)
      for (let ms = 0; ms < 3_000; ms += 100) {
        await turn()
        clock.advance(100)
      }
      expect(await found, `${deadline} with ${silent} of silence`).to.equal(`not now at ${until}`)
    }
  })

  it('is not waited for when the publisher has been silent', async () => {
    const { clock, find } = setup()
    clock.advance(2 * TARGET_S * 1000 + 1)
    expect(await find(3_000)).to.equal('not now at 4001')
  })

  it('is waited for no longer than the caller does', async () => {
    const { find, turn } = setup()
    const abort = new AbortController()
    const found = find(3_000, abort.signal)
    await turn()
    abort.abort(new Error('left'))
    expect(await found).to.equal('left at 0')
  })
})
