import type { RefuseReason, SessionEvent, SwarmId } from '@shoal/interface'
import { expect } from 'chai'
import { VirtualNet, type VirtualSession } from './virtual-net.js'

const SWARM = 'ab'.repeat(32)
const EMPTY = { complete: [], partial: [] }

/** What waits behind a JOIN, in this order on the wire: `packages/exchange/test/joining.spec.ts` and `membership.ts` of that package. */
function sayAll (session: VirtualSession, swarm: SwarmId): void {
  session.have(swarm, EMPTY)
  session.fetching(swarm, 1)
  session.choke(swarm)
  session.unchoke(swarm)
  session.pex(swarm, [])
  session.revoked(swarm, 'list')
  session.head(swarm, new Uint8Array(1))
  session.request(swarm, 0, [0], [])
}

interface Scene {
  readonly session: VirtualSession
  /** What the other end heard, and what it answered. */
  readonly heard: string[]
  readonly answers: string[]
  /** Judges the JOIN. */
  readonly answer: (reason?: RefuseReason) => Promise<void>
}

describe('the network of the models', () => {
  async function setUp (): Promise<Scene> {
    const net = new VirtualNet()
    const [a, b] = [net.exchange('a'), net.exchange('b')]
    const judging = Promise.withResolvers<RefuseReason | undefined>()
    const heard: string[] = []
    const answers: string[] = []
    const note = (into: string[]) => (event: SessionEvent): void => {
      into.push(event.type === 'refused' ? `${event.type} ${event.reason}` : event.type)
    }
    const serve = {
      admit: () => judging.promise,
      choked: () => { heard.push('request'); return true },
      read: () => Promise.resolve(undefined),
      expects: () => 'not-found' as const,
      acquire: () => undefined
    }
    await a.start(note(answers), serve)
    await b.start(note(heard), serve)
    const session = await a.connect('b') as VirtualSession
    session.join(SWARM, { have: EMPTY })
    return {
      session,
      heard,
      answers,
      async answer (reason) {
        judging.resolve(reason)
        await settled()
      }
    }
  }
  const settled = async (): Promise<void> => { await new Promise(resolve => { setTimeout(resolve, 0) }) }

  it('keeps what comes after a JOIN until that is judged, in its order', async () => {
    const { session, heard, answers, answer } = await setUp()
    sayAll(session, SWARM)
    await settled()
    expect(heard).to.deep.equal(['open'])
    await answer()
    expect(heard.filter(type => type !== 'request')).to.deep.equal([
      'open', 'join', 'have', 'fetching', 'choke', 'unchoke', 'pex', 'revoked', 'head'
    ])
    expect(heard).to.include('request')
    expect(answers).to.deep.equal(['open', 'refused choked'])
  })

  it('keeps no purge: that is for everybody', async () => {
    const { session, heard } = await setUp()
    session.purge(SWARM, new Uint8Array(1))
    await settled()
    expect(heard).to.deep.equal(['open', 'purge'])
  })

  it('answers nothing but the requests of who is refused, or leaves', async () => {
    for (const leaves of [false, true]) {
      const { session, heard, answers, answer } = await setUp()
      sayAll(session, SWARM)
      if (leaves) session.leave(SWARM)
      await answer('unauthorised')
      expect(heard).to.deep.equal(leaves ? ['open'] : ['open', 'turned-away'])
      expect(answers).to.deep.equal(['open', ...leaves ? [] : ['join-refused'], 'refused not-joined'])
    }
  })

  it('carries nothing of who did not join', async () => {
    const { session, heard, answers } = await setUp()
    sayAll(session, 'cd'.repeat(32))
    await settled()
    expect(heard).to.deep.equal(['open'])
    expect(answers).to.deep.equal(['open', 'refused not-joined'])
  })
})
