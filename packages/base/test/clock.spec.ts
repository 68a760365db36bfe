import { expect } from 'chai'
import fc from 'fast-check'
import { afterAwake, ManualClock, systemClock } from '../src/clock.js'

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

describe('a clock that slept', () => {
  it('fires what fell due meanwhile when it is over, but for what one of that cancelled', () => {
    const clock = new ManualClock()
    const fired: string[] = []
    const cancel = clock.after(20, () => fired.push('cancelled'))
    clock.after(10, () => { fired.push(`at ${clock.now()}`); cancel() })
    clock.sleep(100)
    expect(fired).to.deep.equal(['at 100'])
  })
})

describe('afterAwake', () => {
  it('calls once when so long has passed, unless it was cancelled', () => {
    const clock = new ManualClock()
    const called: number[] = []
    afterAwake(clock, 2_500, () => { called.push(clock.now()) })
    const cancel = afterAwake(clock, 1_500, () => { called.push(-1) })
    clock.advance(1_200)
    cancel()
    clock.advance(10_000)
    expect(called).to.deep.equal([2_500])
  })

  it('is no later than two timers are where every timer is, as in a hidden page', () => {
    const clock = new ManualClock()
    const called: number[] = []
    afterAwake(clock, 10_000, () => { called.push(clock.now()) })
    for (let i = 0; i < 2; i++) {
      expect(called).to.deep.equal([])
      clock.sleep(60_000)
    }
    expect(called).to.deep.equal([120_000])
  })

  it('lets what waits come before the end, also when the last moment was slept through', () => {
    const clock = new ManualClock()
    const called: number[] = []
    afterAwake(clock, 1_000, () => { called.push(clock.now()) })
    clock.sleep(20_000)
    expect(called).to.deep.equal([])
    clock.advance(1_000)
    expect(called).to.have.length(1)
  })

  it('does not count a sleep', () => {
    const clock = new ManualClock()
    const called: number[] = []
    afterAwake(clock, 10_000, () => { called.push(clock.now()) })
    clock.advance(4_500)
    clock.sleep(3_600_000)
    clock.advance(5_999)
    expect(called).to.deep.equal([])
    clock.advance(1)
    expect(called).to.have.length(1)
  })
})
