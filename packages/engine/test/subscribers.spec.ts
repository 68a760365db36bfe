import { expect } from 'chai'
import { createHaveMap } from '@shoal/availability'
import type { OpenedManifest } from '@shoal/content'
import type { Overlay, Session } from '@shoal/interface'
import { SUBSCRIBERS } from '../src/defaults.js'
import { Members } from '../src/members.js'
import { Subscribers } from '../src/subscribers.js'

const PART = 1
const SEGMENT = 2

describe('subscribers', () => {
  function setup (overlay: Overlay = 'auto', live = true) {
    const have = createHaveMap({ live: true })
    const members = new Members(createHaveMap)
    const told: string[] = []
    const durations = new Map([[PART, 0.5], [SEGMENT, 2]])
    const manifest = {
      summary: live ? { live: {} } : {},
      peek: (segment: number) => durations.has(segment) ? { duration: durations.get(segment) } : undefined
    } as unknown as OpenedManifest
    const subscribers = new Subscribers({
      swarm: 's', overlay, manifest, members, have, awaits: (segment, _block, peer) => segment === PART && peer !== 'parent'
    })
    const join = (peer: string): void => {
      const session = { peer, transport: 'tcp', arrived: (_: string, segment: number, block: number) => { told.push(`${peer} ${segment}/${block}`) } }
      members.join(session as unknown as Session, { complete: [], partial: [] })
    }
    return { have, subscribers, told, join }
  }

  it('are for what is as short as parts of a live stream, unless they are asked for or not wanted', () => {
    const pushes = (overlay: Overlay, live = true): boolean[] => {
      const { subscribers } = setup(overlay, live)
      return [PART, SEGMENT, 9].map(segment => subscribers.pushes(segment))
    }
    expect(pushes('auto')).to.deep.equal([true, false, false])
    expect(pushes('auto', false)).to.deep.equal([false, false, false])
    expect(pushes('tree', false)).to.deep.equal([true, true, true])
    expect(pushes('mesh')).to.deep.equal([false, false, false])
  })

  it('hear once of what comes, each that is still there', () => {
    const { subscribers, told, join } = setup()
    join('a')
    join('b')
    for (const peer of ['a', 'b', 'gone']) expect(subscribers.expects(PART, 0, peer)).to.equal('coming')
    expect(subscribers.expects(PART, 1, 'a')).to.equal('coming')
    subscribers.arrived(PART, 0)
    subscribers.arrived(PART, 0)
    expect(told).to.deep.equal([`a ${PART}/0`, `b ${PART}/0`])
  })

  it('are turned away: when it is here, when it is not coming, by whom it waits for itself, and beyond a number', () => {
    const { subscribers, have } = setup()
    have.add(SEGMENT, 3, 8)
    expect(subscribers.expects(SEGMENT, 3, 'a')).to.equal('held')
    expect(subscribers.expects(SEGMENT, 4, 'a')).to.equal('not-found')
    expect(subscribers.expects(PART, 0, 'parent')).to.equal('not-found')
    const answers = Array.from({ length: SUBSCRIBERS + 1 }, (_, i) => subscribers.expects(PART, 0, `peer ${i}`))
    expect(answers.filter(answer => answer === 'coming')).to.have.length(SUBSCRIBERS)
    expect(answers.at(-1)).to.equal('busy')
    // who asks again takes no other's place
    expect(subscribers.expects(PART, 0, 'peer 0')).to.equal('coming')
  })
})
