import { expect } from 'chai'
import { BoundedMap, ManualClock, seededRandom } from '@shoal/base'
import type { Exchange, PeerName, Routing, Session } from '@shoal/interface'
import { Ledger } from '@shoal/ledger'
import { Candidates } from '../src/candidates.js'
import { DEFAULT_LIMITS } from '../src/defaults.js'
import { Dialler, type DiallerHost } from '../src/dialler.js'
import { Discovery } from '../src/discovery.js'
import type { Interest } from '../src/interest.js'
import type { AddressBook } from '../src/types.js'

const clock = new ManualClock()
const ledger = new Ledger({ clock })
const addresses = { heard: (addrs: readonly string[]) => addrs, own: () => [] } as unknown as AddressBook

function interestIn (candidates = new Candidates()): Interest {
  return {
    candidates, away: new BoundedMap(10), expected: 0, since: 0, circle: { direct: new Set<PeerName>(), useful: 0 }
  } as unknown as Interest
}

describe('peers that are named', () => {
  it('are looked at anew when something new is said, and not when they are named again', () => {
    const interest = interestIn()
    let changed = 0
    const discovery = new Discovery(
      { self: 'me', clock, routing: {} as Routing, addresses, ledger, onerror: () => {} }, () => { changed++ }
    )
    const says = (addrs: string[], source: 'pex' | 'announcement', before = changed): boolean => {
      discovery.suggest(interest, { peer: 'a', addrs }, source)
      return changed > before
    }
    expect(says(['1'], 'pex')).to.equal(true)
    expect(says(['1'], 'pex')).to.equal(false)
    expect(says([], 'announcement')).to.equal(true)
    expect(says([], 'announcement')).to.equal(false)
    expect(says(['2'], 'announcement')).to.equal(true)
    interest.away.set('a', 60_000)
    expect(says(['2'], 'pex')).to.equal(false)
    // it is back
    expect(says(['2'], 'announcement')).to.equal(true)
  })

  it('are not gone through while as many are dialled, or connected, as may be', () => {
    const looked = (limits: Partial<typeof DEFAULT_LIMITS>, outbound = 0): number => {
      const candidates = new Candidates()
      candidates.add('a', [], 'dht')
      let looks = 0
      const dialler = new Dialler({
        self: 'me', clock, random: seededRandom(1), exchange: {} as Exchange, addresses, ledger, limits: { ...DEFAULT_LIMITS, ...limits }
      }, {
        sessionsOf: () => {
          looks++
          return [{ closed: false, transport: 'tcp' } as unknown as Session]
        },
        since: () => 0,
        connected: () => 20,
        outbound: () => outbound,
        changed: () => {},
        opened: () => {}
      } satisfies DiallerHost)
      const interest = { ...interestIn(candidates), circle: { direct: new Set<PeerName>(), greet: () => {} } } as unknown as Interest
      dialler.dial(interest, 3, 12, 0)
      return looks
    }
    expect(looked({})).to.equal(1)
    expect(looked({ dials: 0 })).to.equal(0)
    expect(looked({ sessions: 10 }, 10)).to.equal(0)
    // those who came by themselves do not use up our own choice
    expect(looked({ sessions: 10 }, 9)).to.equal(1)
  })
})
