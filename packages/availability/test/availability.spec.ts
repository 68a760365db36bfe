import { TopicValidatorResult, type Message } from '@libp2p/gossipsub'
import { expect } from 'chai'
import { ManualClock, seededRandom } from '@shoal/base'
import type { AnnouncementEvent, Description } from '@shoal/interface'
import { availability, type PubSub } from '../src/index.js'
import { encodeAnnouncement, type AnnouncementBody } from '../src/codec.js'

const SELF = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const PEER = '12D3KooWJbJFaZ1fwpD5jHKyzqSD7Vx6Pzt9z8dUZ6XrRpyNjn8E'
const SWARM = 'cd'.repeat(32)
const TOPIC = `/shoal/test/swarm/${SWARM}`

const mine: Description = {
  have: { complete: [{ start: 0, count: 3 }], partial: [] }, capacity: 2, share: 0.25, addrs: []
}

function body (more: Partial<AnnouncementBody> = {}): AnnouncementBody {
  return { ...mine, sequence: 1, ttl: 60, ...more }
}

async function setup () {
  const clock = new ManualClock(1_700_000_000_000)
  const published: { topic: string, data: Uint8Array }[] = []
  const topics = new Set<string>()
  const events: AnnouncementEvent[] = []
  const state = { subscribers: 0, broken: false, says: mine }
  const pubsub = {
    topicValidators: new Map(),
    subscribe: (topic: string) => { topics.add(topic) },
    unsubscribe: (topic: string) => { topics.delete(topic) },
    getSubscribers: () => Array.from({ length: state.subscribers }),
    publish: async (topic: string, data: Uint8Array) => {
      if (state.broken) throw new Error('no stream')
      published.push({ topic, data: data.slice() })
      return { recipients: [] }
    }
  } as unknown as PubSub
  const announcing = availability({ network: 'test' })({ pubsub, peerId: SELF, clock, random: seededRandom(1) })
  await announcing.start(event => { events.push(event) })
  announcing.join(SWARM, () => state.says)
  async function hear (from: string, data: Uint8Array): Promise<TopicValidatorResult | undefined> {
    const message = { type: 'signed', from: { toString: () => from }, topic: TOPIC, data } as unknown as Message
    return await pubsub.topicValidators.get(TOPIC)?.(message as never, message)
  }
  return { announcing, pubsub, clock, published, topics, events, state, hear }
}

describe('availability', () => {
  it('announces what it is told to describe, with a rising sequence', async () => {
    const { clock, published, hear, events, announcing, state } = await setup()
    for (let share = 0; share < 1; share += 0.05) {
      state.says = { ...mine, share }
      clock.advance(3_000)
    }
    expect(published).to.have.length.within(6, 20)
    expect(published[0]?.topic).to.equal(TOPIC)
    for (const { data } of published) {
      clock.advance(1500)
      expect(await hear(PEER, data)).to.equal(TopicValidatorResult.Accept)
    }
    expect(events[0]).to.have.property('announcement')
      .that.deep.includes({ peer: PEER, swarm: SWARM, have: mine.have, capacity: 2, addrs: [] })
    await announcing.stop()
  })

  it('repeats itself more and more rarely, until it has something to say', async () => {
    const { clock, published, state } = await setup()
    clock.advance(600_000)
    const idle = published.length
    expect(idle, 'once in 40 s').to.be.within(12, 28)
    for (let share = 0; share < 1; share += 1 / 600) {
      state.says = { ...mine, share }
      clock.advance(1_000)
    }
    expect(published.length - idle, 'once in 5 s').to.be.within(5 * idle, 8 * idle)
  })

  it('speaks sooner after a hint', async () => {
    const { clock, published, announcing } = await setup()
    announcing.hasten(SWARM)
    clock.advance(1100)
    expect(published).to.have.lengthOf(1)
    announcing.hasten('unknown')
  })

  it('judges what it hears', async () => {
    const { hear, clock, events } = await setup()
    const good = encodeAnnouncement(PEER, body())
    expect(await hear(PEER, good)).to.equal(TopicValidatorResult.Accept)
    expect(await hear(PEER, good), 'the same again').to.equal(TopicValidatorResult.Ignore)
    expect(await hear(PEER, encodeAnnouncement(PEER, body({ sequence: 2 }))), 'too often').to.equal(TopicValidatorResult.Ignore)
    clock.advance(1000)
    expect(await hear(PEER, encodeAnnouncement(PEER, body({ sequence: 2 })))).to.equal(TopicValidatorResult.Accept)
    expect(await hear(PEER, encodeAnnouncement(PEER, body({ sequence: 3, ttl: 1 }))), 'ttl').to.equal(TopicValidatorResult.Reject)
    expect(await hear(PEER, encodeAnnouncement(PEER, body({ sequence: 3, ttl: 999_999 }))), 'ttl').to.equal(TopicValidatorResult.Reject)
    expect(await hear(PEER, new Uint8Array(2000)), 'size').to.equal(TopicValidatorResult.Reject)
    expect(await hear(PEER, Uint8Array.of(1, 2, 3)), 'garbage').to.equal(TopicValidatorResult.Reject)
    expect(await hear(SELF, good), 'our own').to.equal(TopicValidatorResult.Ignore)
    expect(events.map(({ type }) => type)).to.deep.equal(['announcement', 'announcement', 'rejected', 'rejected', 'rejected', 'rejected'])
  })

  it('refuses what is not signed', async () => {
    const { pubsub } = await setup()
    const message: Message = { type: 'unsigned', topic: TOPIC, data: encodeAnnouncement(PEER, body()) }
    expect(await pubsub.topicValidators.get(TOPIC)?.(message as never, message)).to.equal(TopicValidatorResult.Reject)
  })

  it('counts the peers whose announcements are valid still, and those at the other end of a connection', async () => {
    const { announcing, hear, clock, state } = await setup()
    expect(announcing.swarmSize(SWARM)).to.equal(1)
    expect(announcing.swarmSize('unknown')).to.equal(1)
    for (let i = 0; i < 100; i++) await hear(`peer-${i}`, encodeAnnouncement(`peer-${i}`, body({ ttl: i < 40 ? 60 : 1_200 })))
    expect(announcing.swarmSize(SWARM)).to.equal(101)
    // who was silent for longer than its own intervals and ours is gone
    clock.advance(200_000)
    expect(announcing.swarmSize(SWARM)).to.equal(61)
    state.subscribers = 80
    expect(announcing.swarmSize(SWARM)).to.equal(81)
  })

  it('speaks more rarely in a larger swarm', async () => {
    const { hear, clock, published } = await setup()
    for (let i = 0; i < 380; i++) await hear(`peer-${i}`, encodeAnnouncement(`peer-${i}`, body({ ttl: 86_400 })))
    clock.advance(600_000)
    expect(published).to.have.length.within(1, 4)
  })

  it('says when it cannot speak, and tries again', async () => {
    const { clock, events, published, state } = await setup()
    state.broken = true
    clock.advance(20_000)
    await Promise.resolve()
    await Promise.resolve()
    expect(events[0]).to.deep.equal({ type: 'unpublished', swarm: SWARM, reason: 'no stream' })
    state.broken = false
    clock.advance(30_000)
    expect(published).to.not.be.empty
  })

  it('leaves nothing behind', async () => {
    const { announcing, pubsub, topics, clock, published } = await setup()
    announcing.join(SWARM, () => mine)
    expect([...topics]).to.deep.equal([TOPIC])
    announcing.leave(SWARM)
    announcing.leave(SWARM)
    expect(topics.size + pubsub.topicValidators.size).to.equal(0)
    clock.advance(60_000)
    expect(published).to.deep.equal([])
    announcing.join(SWARM, () => mine)
    await announcing.stop()
    expect(topics.size).to.equal(0)
  })
})
