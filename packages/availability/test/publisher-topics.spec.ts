import { TopicValidatorResult, type Message } from '@libp2p/gossipsub'
import { expect } from 'chai'
import { ManualClock, seededRandom } from '@shoal/base'
import type { AnnouncementEvent, GossipVerdict } from '@shoal/interface'
import { availability, type PubSub } from '../src/index.js'

const SELF = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const PUBLISHER = '12D3KooWJbJFaZ1fwpD5jHKyzqSD7Vx6Pzt9z8dUZ6XrRpyNjn8E'
const SWARM = 'cd'.repeat(32)
const KINDS = ['head', 'purge'] as const

async function setup (verdict: GossipVerdict | Error, kind: typeof KINDS[number]) {
  const clock = new ManualClock(1_700_000_000_000)
  const published: { topic: string, data: Uint8Array }[] = []
  const topics = new Set<string>()
  const events: AnnouncementEvent[] = []
  const judged: Uint8Array[] = []
  const pubsub = {
    topicValidators: new Map(),
    subscribe: (topic: string) => { topics.add(topic) },
    unsubscribe: (topic: string) => { topics.delete(topic) },
    getSubscribers: () => [],
    publish: async (topic: string, data: Uint8Array) => {
      if (data.byteLength === 0) throw new Error('no stream')
      published.push({ topic, data })
      return { recipients: [] }
    }
  } as unknown as PubSub
  const gossip = availability({ network: 'test' })({ pubsub, peerId: SELF, clock, random: seededRandom(1) })
  await gossip.start(event => { events.push(event) })
  gossip[kind === 'head' ? 'follow' : 'followPurges'](SWARM, PUBLISHER, async bytes => {
    judged.push(bytes)
    if (verdict instanceof Error) throw verdict
    return verdict
  })
  async function hear (from: string, data = Uint8Array.of(1)): Promise<TopicValidatorResult | undefined> {
    const message = { type: 'signed', from: { toString: () => from }, topic: topicOf(kind), data } as unknown as Message
    return await pubsub.topicValidators.get(topicOf(kind))?.(message as never, message)
  }
  return { gossip, clock, published, topics, events, judged, hear }
}

const topicOf = (kind: string): string => `/shoal/test/${kind}/${SWARM}`

for (const kind of KINDS) describe(`${kind}s over gossipsub`, () => {
  it('are passed on as they are judged', async () => {
    for (const [verdict, result, told] of [
      ['accept', TopicValidatorResult.Accept, 0], ['ignore', TopicValidatorResult.Ignore, 0], [new Error('bad'), TopicValidatorResult.Reject, 1]
    ] as const) {
      const { hear, judged, events } = await setup(verdict, kind)
      expect(await hear(PUBLISHER)).to.equal(result)
      expect(judged).to.have.length(1)
      expect(events).to.have.length(told)
    }
  })

  it('come from the publisher alone', async () => {
    const { hear, judged, events } = await setup('accept', kind)
    expect(await hear('12D3KooWLiar')).to.equal(TopicValidatorResult.Reject)
    expect(await hear(SELF), 'an echo').to.equal(TopicValidatorResult.Ignore)
    expect(judged).to.have.length(0)
    expect(events).to.have.length(1)
    expect(events[0]).to.include({ type: 'rejected', from: '12D3KooWLiar', swarm: SWARM })
  })

  it('are judged ten times a second at most', async () => {
    const { hear, judged, clock } = await setup('accept', kind)
    for (let i = 0; i < 30; i++) await hear(PUBLISHER)
    expect(judged.length).to.be.within(10, 11)
    clock.advance(1_000)
    expect(await hear(PUBLISHER)).to.equal(TopicValidatorResult.Accept)
  })

  it('are given out where the content is followed, and a failure is told', async () => {
    const { gossip, published, events, topics, hear } = await setup('accept', kind)
    gossip[kind](SWARM, Uint8Array.of(7))
    gossip[kind]('unknown', Uint8Array.of(7))
    expect(published).to.deep.equal([{ topic: topicOf(kind), data: Uint8Array.of(7) }])
    gossip[kind](SWARM, new Uint8Array(0))
    await Promise.resolve()
    expect(events).to.deep.equal([{ type: 'unpublished', swarm: SWARM, reason: 'no stream' }])
    gossip.leave(SWARM)
    expect([...topics]).to.deep.equal([])
    expect(await hear(PUBLISHER)).to.equal(undefined)
  })
})
