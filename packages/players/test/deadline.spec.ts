import { expect } from 'chai'
import { shows, timingOf, type Beginning } from '../src/core/deadline.js'

const at = (start: number): { start: number, duration: number } => ({ start, duration: 4 })

describe('deadline', () => {
  const blank = { currentTime: 0, playbackRate: 1, readyState: 0 }

  it('is counted from where the player asked first as long as there is nothing to show', () => {
    const beginning: Beginning = {}
    const deadlines = [at(5_000), at(5_004), at(5_008)].map(place => timingOf(place, blank, beginning).deadline)
    expect(deadlines).to.deep.equal([0, 3_500, 7_500])
  })

  it('is counted from the playhead as soon as there is', () => {
    const beginning: Beginning = {}
    timingOf(at(5_000), blank, beginning)
    const media = { ...blank, currentTime: 5_002, readyState: 2 }
    expect(timingOf(at(5_004), media, beginning).deadline).to.equal(1_500)
    // back to before where it began
    expect(timingOf(at(4_000), { ...media, currentTime: 3_990 }, beginning).deadline).to.equal(9_500)
  })

  it('is that of the seek while the player has nothing of where it was sent', () => {
    const beginning: Beginning = {}
    timingOf(at(0), blank, beginning)
    const seeking = { ...blank, currentTime: 101, readyState: 1 }
    expect([at(100), at(104)].map(place => timingOf(place, seeking, beginning).deadline)).to.deep.equal([0, 2_500])
  })

  it('is at once behind a buffer that is empty', () => {
    expect(timingOf({ start: undefined, duration: 4 }, blank, {}).deadline).to.equal(0)
  })

  it('says whether a first frame can be shown, as far as the element tells', () => {
    expect([0, 1, 2, 3, 4].map(readyState => shows({ ...blank, readyState }))).to.deep.equal([false, false, false, true, true])
    expect([shows({ currentTime: 0, playbackRate: 1 }), shows(() => null), shows(undefined)]).to.deep.equal([true, true, true])
  })
})
