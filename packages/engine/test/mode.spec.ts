import { expect } from 'chai'
import { chooseMode, type Choice, type ModeFacts } from '../src/mode.js'

const low = { sharing: 'off', reason: 'the battery is low' } as const
const careful = { sharing: 'download', reason: 'the page sleeps' } as const
const fine = { sharing: 'full', reason: 'nothing speaks against it' } as const

describe('mode', () => {
  const cases: [ModeFacts, Choice['mode'], Choice['sharing'], string][] = [
    [{ asked: 'auto', origin: true, device: undefined, user: 'full' }, 'hybrid', 'full', 'an origin is known'],
    [{ asked: 'auto', origin: true, device: fine, user: 'full' }, 'hybrid', 'full', 'an origin is known'],
    [{ asked: 'auto', origin: false, device: fine, user: 'full' }, 'p2p', 'full', 'no origin is known'],
    [{ asked: 'auto', origin: true, device: low, user: 'full' }, 'origin', 'off', 'the battery is low'],
    [{ asked: 'auto', origin: true, device: careful, user: 'full' }, 'hybrid', 'download', 'the page sleeps'],
    // what only peers can give comes from peers
    [{ asked: 'auto', origin: false, device: low, user: 'full' }, 'p2p', 'download', 'no origin is known, and the battery is low'],
    // before the manifest is there
    [{ asked: 'auto', origin: undefined, device: low, user: 'full' }, 'origin', 'off', 'the battery is low'],
    [{ asked: 'hybrid', origin: false, device: low, user: 'full' }, 'hybrid', 'full', 'asked for'],
    [{ asked: 'origin', origin: true, device: fine, user: 'full' }, 'origin', 'off', 'asked for'],
    // the user has the last word
    [{ asked: 'auto', origin: true, device: fine, user: 'download' }, 'hybrid', 'download', 'the user gives nothing'],
    [{ asked: 'hybrid', origin: true, device: undefined, user: 'download' }, 'hybrid', 'download', 'the user gives nothing'],
    [{ asked: 'p2p', origin: false, device: undefined, user: 'off' }, 'origin', 'off', 'the user shares nothing'],
    [{ asked: 'auto', origin: false, device: low, user: 'off' }, 'origin', 'off', 'the user shares nothing'],
    [{ asked: 'auto', origin: true, device: low, user: 'download' }, 'origin', 'off', 'the battery is low']
  ]
  for (const [facts, mode, sharing, reason] of cases) {
    it(`${JSON.stringify(facts)} → ${mode}, ${sharing}`, () => { expect(chooseMode(facts)).to.deep.equal({ mode, sharing, reason }) })
  }
})
