import { expect } from 'chai'
import { Playhead } from '../src/core/deadline.js'
import type { Media } from '../src/core/types.js'

const ranges = (...all: [number, number][]): NonNullable<Media['buffered']> =>
  ({ length: all.length, start: i => (all[i] as [number, number])[0], end: i => (all[i] as [number, number])[1] })

const at = (start: number | undefined): { start: number | undefined, duration: number } => ({ start, duration: 4 })

describe('deadline', () => {
  it('is the way from the playhead, at its rate, less what appending takes', () => {
    const media = { currentTime: 10, playbackRate: 2 }
    const playhead = new Playhead(media)
    expect(playhead.timing(at(20))).to.deep.equal({ deadline: 4500, patient: true })
    media.currentTime = 21
    expect(playhead.timing(at(20)).deadline).to.equal(0)
  })

  it('leaves less time for appending what is short: a low-latency player has none to spare', () => {
    const playhead = new Playhead({ currentTime: 10, playbackRate: 1 })
    expect(playhead.timing({ start: 11.5, duration: 0.5 }).deadline).to.equal(1375)
    expect(playhead.timing({ start: 12, duration: 2 }).deadline).to.equal(1500)
  })

  it('is a guess without an element', () => {
    expect(new Playhead(() => null).timing(at(20))).to.deep.equal({ deadline: 3500, patient: false })
    expect(new Playhead(undefined).timing(undefined)).to.deep.equal({ deadline: 1000, patient: false })
  })

  it('counts from what is asked for first while there is nothing to show, wherever that is', () => {
    const media = { currentTime: 0, playbackRate: 1, readyState: 0 }
    const playhead = new Playhead(media)
    // a live stream, of whose time line the element knows nothing yet
    expect([1000, 1000, 1004, 1008].map(start => playhead.timing(at(start)).deadline)).to.deep.equal([0, 0, 3500, 7500])
    Object.assign(media, { currentTime: 1000, readyState: 4 })
    expect(playhead.timing(at(1012)).deadline).to.equal(11_500)
    // a seek to where nothing is buffered
    Object.assign(media, { currentTime: 2002, readyState: 1 })
    expect([2000, 2004].map(start => playhead.timing(at(start)).deadline)).to.deep.equal([0, 3500])
    media.currentTime = 1502
    expect([1500, 1504, 1496].map(start => playhead.timing(at(start)).deadline)).to.deep.equal([0, 3500, 0])
  })

  it('counts from where a live player has gone to, as soon as that is in the buffer', () => {
    const media = { currentTime: 0, playbackRate: 1, readyState: 0, buffered: ranges() }
    const playhead = new Playhead(media)
    expect(playhead.timing(at(10)).deadline).to.equal(0)
    // it begins there, and cannot show it yet; a place that begins a moment later counts as the same
    Object.assign(media, { currentTime: 10, readyState: 1, buffered: ranges([10.04, 14]) })
    expect(playhead.timing(at(14)).deadline).to.equal(3500)
    Object.assign(media, { currentTime: 20 })
    expect(playhead.timing(at(20)).deadline).to.equal(0)
  })

  it('goes by the buffer where the place is not known', () => {
    const media: Media = { currentTime: 10, playbackRate: 1, buffered: ranges([0, 4], [8, 20]) }
    expect(new Playhead(media).timing(at(undefined)).deadline).to.equal(9500)
    expect(new Playhead({ ...media, currentTime: 6 }).timing(at(undefined)).deadline).to.equal(0)
  })

  it('says whether a first frame can be shown, as far as the element tells', () => {
    const media = { currentTime: 0, playbackRate: 1 }
    expect([0, 1, 2, 3, 4].map(readyState => new Playhead({ ...media, readyState }).shows)).to.deep.equal([false, false, false, true, true])
    expect([new Playhead(media).shows, new Playhead(() => null).shows, new Playhead(undefined).shows]).to.deep.equal([true, true, true])
  })
})
