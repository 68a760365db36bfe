import { expect } from 'chai'
import { chooseMode } from '../src/mode.js'

describe('mode', () => {
  const cases = [
    [{ asked: 'auto', origin: true, sparing: undefined }, 'hybrid', 'an origin is known'],
    [{ asked: 'auto', origin: false, sparing: undefined }, 'p2p', 'no origin is known'],
    [{ asked: 'auto', origin: true, sparing: 'the battery is low' }, 'origin', 'the battery is low'],
    // what only peers can give comes from peers
    [{ asked: 'auto', origin: false, sparing: 'the battery is low' }, 'p2p', 'no origin is known'],
    // before the manifest is there
    [{ asked: 'auto', origin: undefined, sparing: 'the battery is low' }, 'origin', 'the battery is low'],
    [{ asked: 'hybrid', origin: false, sparing: 'the battery is low' }, 'hybrid', 'asked for']
  ] as const
  for (const [facts, mode, reason] of cases) {
    it(`${JSON.stringify(facts)} → ${mode}`, () => { expect(chooseMode(facts)).to.deep.equal({ mode, reason }) })
  }
})
