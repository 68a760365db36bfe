import { expect } from 'chai'
import { ManualClock } from '@shoal/base'
import { Lookup, type Candidate } from '../src/client/lookup.js'
import { walk } from '../src/client/walk.js'
import { ALPHA, SLOW_MS } from '../src/defaults.js'

interface Answer { readonly from: string, readonly closer: readonly Candidate[] }

function at (n: number): Candidate {
  return { name: `n${n}`, key: new Uint8Array(32).fill(n) }
}

/** A walk over nodes of which the test decides when they answer. */
function setup (known: readonly number[]) {
  const clock = new ManualClock()
  const abort = new AbortController()
  const lookup = new Lookup<Candidate>(new Uint8Array(32))
  lookup.add(known.map(at))
  const asked = new Map<string, { answer: (closer: readonly number[]) => void, fail: () => void, signal: AbortSignal }>()
  const answers = walk<Candidate, Answer>(lookup, {
    clock,
    signal: abort.signal,
    ask: ({ name }, signal) => new Promise((resolve, reject) => {
      asked.set(name, { signal, answer: closer => { resolve({ from: name, closer: closer.map(at) }) }, fail: () => { reject(new Error('gone')) } })
    })
  })
  return { clock, abort, lookup, asked, answers }
}

async function settle (): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

describe('walk', () => {
  it('yields answers as they come, and ends when there is nobody left', async () => {
    const { asked, answers } = setup([1])
    const first = answers.next()
    await settle()
    asked.get('n1')?.answer([2, 3])
    expect((await first).value).to.include({ from: 'n1' })
    const second = answers.next()
    await settle()
    asked.get('n2')?.fail()
    asked.get('n3')?.answer([])
    expect((await second).value).to.include({ from: 'n3' })
    expect((await answers.next()).done).to.equal(true)
    expect((await setup([]).answers.next()).done).to.equal(true)
  })

  it('asks others when those asked are slow', async () => {
    const { clock, asked, answers } = setup([1, 2, 3, 4, 5])
    const first = answers.next()
    await settle()
    expect(asked.size).to.equal(ALPHA)
    clock.advance(SLOW_MS - 1)
    await settle()
    expect(asked.size).to.equal(ALPHA)
    clock.advance(1)
    await settle()
    expect([...asked.keys()]).to.have.members(['n1', 'n2', 'n3', 'n4', 'n5'])
    asked.get('n5')?.answer([])
    expect((await first).value).to.include({ from: 'n5' })
  })

  it('gives up what is under way when its reader has enough', async () => {
    const { asked, answers } = setup([1, 2])
    const first = answers.next()
    await settle()
    asked.get('n1')?.answer([])
    await first
    expect(asked.get('n2')?.signal.aborted).to.equal(false)
    await answers.return(undefined)
    expect(asked.get('n2')?.signal.aborted).to.equal(true)
  })

  it('ends at once when it is aborted, whoever hangs', async () => {
    const { abort, asked, answers } = setup([1])
    const first = answers.next()
    await settle()
    abort.abort(new Error('enough'))
    await first.then(() => expect.fail('expected it to reject'), (error: Error) => { expect(error.message).to.equal('enough') })
    expect(asked.get('n1')?.signal.aborted).to.equal(true)
  })
})
