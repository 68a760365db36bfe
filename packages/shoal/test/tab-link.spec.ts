import { concat, ManualClock } from '@shoal/base'
import { NotFoundError, StoreFullError, TokenError, UnavailableError, type ReadOptions, type Shoal } from '@shoal/interface'
import { expect } from 'chai'
import { Desk } from '../src/browser/tabs/desk.js'
import { fromFailure, LeaderGoneError, toFailure } from '../src/browser/tabs/failure.js'
import { CONTENTS_MAX, EVENTS_MAX, FROZEN_TICKS, QUESTIONS_MAX, TICK_MS, type Wishes } from '../src/browser/tabs/protocol.js'
import { RemoteNode } from '../src/browser/tabs/remote-node.js'
import { BLOCK, digestsOfFilm, FILM, LINK, StubNode, turn, until, type StubContent } from './tab-stubs.js'
import type { RemoteContent } from '../src/browser/tabs/remote-content.js'

describe('shoal: between two tabs', () => {
  let ports: MessagePort[]
  let desk: Desk
  let remote: RemoteNode
  let node: StubNode
  let wishes: Wishes
  let frozen: number
  const clock = new ManualClock()

  beforeEach(async () => {
    const { port1, port2 } = new MessageChannel()
    ports = [port1, port2]
    wishes = {}
    frozen = 0
    node = new StubNode('leader', {}, await digestsOfFilm())
    desk = new Desk(port1, {
      node: node as unknown as Shoal,
      clock,
      wishes: () => wishes,
      wish: given => { wishes = { ...wishes, ...given } },
      seen: () => {},
      onbye: () => { desk.end() }
    })
    remote = new RemoteNode(port2, { clock, wishes: {}, hidden: false, onwish: () => {}, onfrozen: () => { frozen++ } })
    await remote.ready
  })

  afterEach(() => {
    remote.end()
    desk.end()
    for (const port of ports) port.close()
  })

  /** The leader hears nothing and says nothing. */
  const silence = (): void => { for (const port of ports) port.postMessage = () => {} }

  async function open (): Promise<{ content: RemoteContent, real: StubContent }> {
    const content = await remote.open(LINK)
    return { content, real: node.contents.at(-1) as StubContent }
  }

  async function all (content: RemoteContent, options: ReadOptions = {}): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for await (const part of content.read('film', options)) parts.push(part)
    return concat(parts)
  }

  it('reads all, a range of it, and what the manifest says', async () => {
    const { content } = await open()
    expect(await all(content)).to.deep.equal(FILM)
    expect(await all(content, { start: BLOCK - 5, end: BLOCK * 2 + 7 })).to.deep.equal(FILM.slice(BLOCK - 5, BLOCK * 2 + 7))
    expect((await content.stat('film')).size).to.equal(FILM.length)
    const paths: string[] = []
    for await (const { path } of content.segments()) paths.push(path)
    expect(paths).to.deep.equal(['film'])
    expect(content.summary.name).to.equal('stub')
    expect(remote.peerId).to.equal('leader')
  })

  it('takes no more than the reader has room for', async () => {
    const { content, real } = await open()
    const reading = content.read('film')
    await reading.next()
    await turn()
    await turn()
    // one is read, one waits here, and the leader holds the next
    expect(real.given).to.be.at.most(3)
    await reading.return()
  })

  it('ends a read at the leader when the reader goes away, or gives up', async () => {
    const { content, real } = await open()
    const stop = new AbortController()
    const reading = content.read('film', { signal: stop.signal })
    await reading.next()
    await reading.return()
    await turn()
    expect(real.reads[0]?.signal?.aborted).to.equal(true)
    real.stopAfter = 0
    const waiting = content.read('film', { signal: stop.signal }).next().then(() => '', (error: Error) => error.message)
    await turn()
    stop.abort(new Error('changed my mind'))
    expect(await waiting).to.equal('changed my mind')
    await turn()
    expect(real.reads[1]?.signal?.aborted).to.equal(true)
  })

  it('hands on errors with class, code and reason', async () => {
    const { content } = await open()
    const error = await content.read('nothing').next().then(() => undefined, (error: unknown) => error)
    expect(error).to.be.instanceOf(NotFoundError).with.property('message', 'no nothing')
    expect(await remote.open('shoal:other').then(() => '', (error: Error) => error.name)).to.equal('NotFoundError')
    const again = (error: Error): Error => fromFailure(structuredClone(toFailure(error)))
    expect(again(new TokenError('old', 'expired'))).to.be.instanceOf(TokenError).with.property('reason', 'expired')
    expect(again(new StoreFullError('full'))).to.be.instanceOf(StoreFullError)
    expect(again(new RangeError('a bug'))).to.be.instanceOf(Error).with.property('message', 'a bug')
    expect(again(new DOMException('stop', 'AbortError')).name).to.equal('AbortError')
  })

  it('tells what is listened for, with how things stand', async () => {
    const { content, real } = await open()
    const heard: unknown[] = []
    content.addEventListener('segment', ({ detail }) => { heard.push(detail.path) })
    remote.addEventListener('error', ({ detail }) => { heard.push(detail.error) })
    await turn()
    real.stats = { connected: 5, fromPeers: 7 }
    real.dispatchEvent(new CustomEvent('segment', { detail: { path: 'film' } }) as never)
    real.dispatchEvent(new CustomEvent('fallback', { detail: { path: 'unheard' } }) as never)
    node.dispatchEvent(new CustomEvent('error', { detail: { error: new UnavailableError('x'), doing: 'y' } }))
    await until(() => heard.length === 2, 'both are heard')
    expect(heard[0]).to.equal('film')
    expect(heard[1]).to.be.instanceOf(UnavailableError)
    expect(content.stats.connected).to.equal(5)
  })

  it('keeps only a number of events for a tab that does not listen', async () => {
    const heard: string[] = []
    remote.addEventListener('address', () => { heard.push('address') })
    remote.addEventListener('error', ({ detail }) => { heard.push(detail.error.message) })
    await turn()
    const [, mine] = ports as [MessagePort, MessagePort]
    const say = mine.postMessage.bind(mine)
    mine.postMessage = () => {}
    const send = (): boolean => node.dispatchEvent(new CustomEvent('address', { detail: { addrs: [] } }))
    for (let n = 0; n < EVENTS_MAX + 50; n++) send()
    await until(() => heard.length === EVENTS_MAX, 'as many as may be under way are there')
    await turn()
    expect(heard.length).to.equal(EVENTS_MAX)
    mine.postMessage = say
    remote.say({ type: 'ack', events: EVENTS_MAX })
    await turn()
    clock.advance(1_000)
    await until(() => heard.length > EVENTS_MAX, 'it is told')
    expect(heard.at(-1)).to.contain('missed 50 events')
  })

  it('tells how far it is, the newest only', async () => {
    const { content } = await open()
    const seen: number[] = []
    await content.fetchAll({ onprogress: done => { seen.push(done) } })
    expect(seen.length).to.be.within(1, 4)
    expect(seen).to.deep.equal(seen.toSorted((a, b) => a - b))
    expect(await remote.collect()).to.deep.equal({ blocks: 1, bytes: 2 })
  })

  it('refuses more than it may be asked at a time, and what no tab may ask', async () => {
    const { content, real } = await open()
    real.stopAfter = 0
    const reads = Array.from({ length: QUESTIONS_MAX }, async () => await content.read('film').next())
    for (const read of reads) read.catch(() => {})
    await turn()
    expect(await content.stat('film').then(() => '', (error: Error) => error.message)).to.contain('at a time')
    desk.end()
    const outcomes = await Promise.allSettled(reads)
    expect(outcomes.every(({ status }) => status === 'rejected')).to.equal(true)
  })

  it('refuses what is too long, too many and unknown', async () => {
    const message = async (work: Promise<unknown>): Promise<string> => await work.then(() => 'done', (error: Error) => error.message)
    expect(await message(remote.open('x'.repeat(9_000)))).to.contain('characters')
    expect(await message(remote.answer({ what: 'node', method: 'stop' as never, args: [] }))).to.contain('no method')
    expect(await message(remote.answer({ what: 'stat', content: 99, path: 'film', deadline: undefined }))).to.contain('closed')
    for (let n = 0; n < CONTENTS_MAX; n++) await remote.open(LINK)
    expect(await message(remote.open(LINK))).to.contain('open contents')
  })

  it('closes for a tab what it had open', async () => {
    const { content, real } = await open()
    const { real: other } = await open()
    await content.close()
    await turn()
    expect([real.closed, other.closed]).to.deep.equal([true, false])
    await remote.stop()
    await turn()
    expect(other.closed).to.equal(true)
  })

  it('obeys what is stricter of what a tab brings along', async () => {
    const join = async (sharing: 'off' | 'full'): Promise<void> => {
      remote.say({ type: 'join', version: 1, hidden: false, wishes: { sharing } })
      await turn()
    }
    await join('off')
    await join('full')
    expect(wishes.sharing).to.equal('off')
    remote.setSharing('full')
    await turn()
    expect(wishes.sharing).to.equal('full')
  })

  it('gives up what a silent leader does not even look after, and in the end the leader', async () => {
    const { content, real } = await open()
    real.stopAfter = 1
    const reading = content.read('film')
    await reading.next()
    const rest = reading.next().then(() => undefined, (error: unknown) => error)
    silence()
    const asked = content.stat('film').then(() => undefined, (error: unknown) => error)
    clock.advance(TICK_MS)
    expect(await asked).to.be.instanceOf(LeaderGoneError)
    clock.advance(TICK_MS)
    expect(await rest).to.be.instanceOf(LeaderGoneError)
    expect(frozen).to.equal(0)
    clock.advance(TICK_MS * (FROZEN_TICKS - 2))
    expect(frozen).to.equal(1)
  })

  it('does not give up a leader that has nothing yet, but answers', async () => {
    const { content, real } = await open()
    real.stopAfter = 0
    let ended = false
    content.read('film').next().catch(() => {}).finally(() => { ended = true })
    for (let n = 0; n < FROZEN_TICKS * 3; n++) {
      await turn()
      clock.advance(TICK_MS)
      await turn()
    }
    expect([ended, frozen]).to.deep.equal([false, 0])
  })
})
