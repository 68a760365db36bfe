import { expect } from 'chai'
import fc from 'fast-check'
import { ManualClock, systemClock } from '../src/clock.js'

describe('ManualClock', () => {
  it('stands still until it is moved, and keeps wall-clock time apart by its epoch', () => {
    const clock = new ManualClock(1_700_000_000_000)
    expect([clock.now(), clock.wall()]).to.deep.equal([0, 1_700_000_000_000])
    clock.advance(1500)
    expect([clock.now(), clock.wall()]).to.deep.equal([1500, 1_700_000_001_500])
  })

  it('fires what falls due, each at its own time', () => {
    const clock = new ManualClock()
    const fired: string[] = []
    clock.after(20, () => fired.push(`b at ${clock.now()}`))
    clock.after(10, () => fired.push(`a at ${clock.now()}`))
    clock.after(30, () => fired.push(`c at ${clock.now()}`))
    clock.advance(25)
    expect(fired).to.deep.equal(['a at 10', 'b at 20'])
    expect(clock.now()).to.equal(25)
  })

  it('fires a timer that a timer has set, when it falls due within the same step', () => {
    const clock = new ManualClock()
    const fired: number[] = []
    const again = (): void => {
      fired.push(clock.now())
      clock.after(10, again)
    }
    clock.after(10, again)
    clock.advance(35)
    expect(fired).to.deep.equal([10, 20, 30])
  })

  it('does not fire what was cancelled, from inside another timer too', () => {
    const clock = new ManualClock()
    const fired: string[] = []
    const cancel = clock.after(10, () => fired.push('cancelled'))
    clock.after(5, () => { cancel() })
    clock.advance(20)
    expect(fired).to.deep.equal([])
  })

  it('takes a time in the past for now', () => {
    const clock = new ManualClock()
    const fired: number[] = []
    clock.advance(5)
    clock.after(-3, () => fired.push(clock.now()))
    clock.advance(0)
    expect(fired).to.deep.equal([5])
  })

  it('fires in order of time, then of creation, however the time is cut into steps', () => {
    fc.assert(fc.property(fc.array(fc.nat(50)), fc.array(fc.nat(20), { minLength: 1 }), (delays, steps) => {
      const clock = new ManualClock()
      const fired: { delay: number, index: number }[] = []
      for (const [index, delay] of delays.entries()) {
        clock.after(delay, () => {
          expect(clock.now()).to.equal(delay)
          fired.push({ delay, index })
        })
      }
      for (const step of steps) clock.advance(step)
      const due = delays.map((delay, index) => ({ delay, index })).filter(({ delay }) => delay <= clock.now())
      expect(fired).to.deep.equal(due.sort((a, b) => a.delay - b.delay || a.index - b.index))
    }))
  })
})

describe('systemClock', () => {
  it('never runs backwards', () => {
    const times = Array.from({ length: 1000 }, () => systemClock.now())
    expect(times).to.deep.equal(times.toSorted((a, b) => a - b))
  })

  it('fires once, and not when cancelled', async () => {
    const fired: string[] = []
    const cancel = systemClock.after(1, () => fired.push('cancelled'))
    cancel()
    await new Promise<void>(resolve => {
      systemClock.after(5, () => {
        fired.push('fired')
        resolve()
      })
      // a process does not wait for it, so the test has to
      setTimeout(() => {}, 50)
    })
    expect(fired).to.deep.equal(['fired'])
  })
})
