import { expect } from 'chai'
import type { Session } from '@shoal/interface'
import { LiveHead } from '../src/live-head.js'
import { Studio } from './studio.js'

describe('heads of a live content', () => {
  async function setup () {
    const studio = await Studio.open()
    const heads = new LiveHead({
      swarm: 's',
      publisher: studio.publisher,
      name: studio.name,
      members: Object.assign([], { forget () {} }),
      blocks: { load: () => Promise.reject(new Error('nobody has it')), arrived: () => false, fail () {}, close () {} },
      joined: () => true,
      sharing: () => true,
      moved () {},
      accepted () {},
      failed () {}
    })
    return { studio, heads }
  }

  it('of one session are taken in the order in which they came, also when the newer one is known already', async () => {
    const { studio, heads } = await setup()
    await heads.offer(await studio.next(1_000))
    const older = await studio.next(1_000)
    const newer = await studio.next(1_000)
    await heads.offer(newer)
    const session = { head () {} } as unknown as Session
    await Promise.all([heads.heard(session, older), heads.heard(session, newer)])
    const failed = await heads.heard(session, older).then(() => undefined, (error: Error) => error.message)
    expect(failed).to.match(/no head older than/)
  })
})
