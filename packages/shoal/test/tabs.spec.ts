import type { ShoalOptions } from '@shoal/interface'
import { expect } from 'chai'
import { groupOf } from '../src/browser/tabs/group.js'
import { TABS_MAX } from '../src/browser/tabs/protocol.js'
import type { TabContent } from '../src/browser/tabs/tab-content.js'
import { BLOCK, digestsOfFilm, FILM, LINK, TestTab, turn, until, type StubContent } from './tab-stubs.js'

describe('shoal: tabs of one origin', () => {
  let digests: Uint8Array[]
  let network = 0
  let tabs: TestTab[]
  let killed: Set<TestTab>
  const { fetch } = globalThis

  before(async () => { digests = await digestsOfFilm() })
  beforeEach(() => {
    tabs = []
    killed = new Set()
    network++
  })
  afterEach(async () => {
    globalThis.fetch = fetch
    for (const tab of tabs) tab.thaw()
    await Promise.all(tabs.filter(tab => !killed.has(tab)).map(async tab => { await tab.shoal.stop() }))
  })

  const made = (): TestTab => {
    const tab = new TestTab(`${network}-${tabs.length}`, digests)
    tabs.push(tab)
    return tab
  }
  const options = (more: ShoalOptions = {}): ShoalOptions => ({ network: `tabs-${network}`, ...more })
  const tab = async (more: ShoalOptions = {}): Promise<TestTab> => await made().open(options(more))
  const kill = (tab: TestTab): void => {
    killed.add(tab)
    tab.kill()
  }
  const running = (): TestTab[] => tabs.filter(tab => !killed.has(tab) && tab.node !== undefined)

  /** An origin with these bytes; how often it was asked. */
  function origin (bytes: Uint8Array): { asked: string[] } {
    const asked: string[] = []
    globalThis.fetch = async (_input, init) => {
      const range = new Headers(init?.headers).get('range') ?? ''
      asked.push(range)
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
      const [start, end] = from === undefined ? [0, bytes.length] : [Number(from), Number(to) + 1]
      const headers = { 'content-range': `bytes ${start}-${end - 1}/${bytes.length}`, 'content-length': String(end - start) }
      return new Response(bytes.slice(start, end), { status: from === undefined ? 200 : 206, headers })
    }
    return { asked }
  }

  function reader (content: TabContent, start = 0): { got: () => Uint8Array, one: () => Promise<void>, rest: () => Promise<void> } {
    const parts: Uint8Array[] = []
    const reading = content.read('film', { start })[Symbol.asyncIterator]()
    const one = async (): Promise<void> => {
      const next = await reading.next()
      if (next.done !== true) parts.push(next.value.slice())
    }
    return {
      got: () => Uint8Array.from(parts.flatMap(part => [...part])),
      one,
      rest: async () => {
        for (let before = -1; before < parts.length;) {
          before = parts.length
          await one()
        }
      }
    }
  }

  const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i])

  it('share one node, that goes to another tab when its own ends', async () => {
    const [a, b, c] = [await tab(), await tab(), await tab()]
    expect(tabs.map(({ nodes }) => nodes.length)).to.deep.equal([1, 0, 0])
    expect(new Set(tabs.map(({ shoal }) => shoal.peerId)).size).to.equal(1)
    expect([a.shoal.here, b.shoal.here]).to.deep.equal([true, false])
    const content = await b.shoal.open(LINK)
    expect(a.node?.contents.length).to.equal(1)
    killed.add(a)
    await a.shoal.stop()
    expect(a.nodes[0]?.stopped).to.equal(true)
    await until(() => b.node !== undefined && c.shoal.peerId === b.shoal.peerId, 'the next leads')
    // with the identity and the store that the first had
    expect(b.node?.options.share).to.equal(undefined)
    await until(() => b.node?.contents.length === 1, 'it has the same open')
    const { got, rest } = reader(content)
    await rest()
    expect(equal(got(), FILM)).to.equal(true)
    expect(c.nodes.length).to.equal(0)
  })

  it('go on with the origin in the middle of what they read when the leader crashes, verified', async () => {
    const a = await made().stopAfter(1).open(options())
    const b = await tab()
    const { asked } = origin(FILM)
    const content = await b.shoal.open(LINK)
    const reasons: string[] = []
    content.addEventListener('fallback', ({ detail }) => { reasons.push(detail.reason) })
    const { got, one, rest } = reader(content, 100)
    await one()
    kill(a)
    await rest()
    expect(equal(got(), FILM.slice(100))).to.equal(true)
    expect(asked).to.deep.equal([`bytes=${BLOCK}-${FILM.length - 1}`])
    expect(reasons).to.deep.equal(['gone'])
  })

  it('take nothing from the origin that is not what the publisher signed: the next leader gives it', async () => {
    const a = await made().stopAfter(1).open(options())
    const b = await tab()
    const wrong = FILM.slice()
    wrong[BLOCK * 2 + 5] = 1 ^ (wrong[BLOCK * 2 + 5] as number)
    origin(wrong)
    const content = await b.shoal.open(LINK)
    const errors: string[] = []
    content.addEventListener('error', ({ detail }) => { errors.push(detail.error.name) })
    const { got, one, rest } = reader(content)
    await one()
    kill(a)
    await rest()
    expect(equal(got(), FILM)).to.equal(true)
    expect(errors).to.deep.equal(['BlockMismatchError'])
    expect((b.node?.contents.at(-1) as StubContent).reads.map(({ start }) => start)).to.deep.equal([BLOCK * 2])
  })

  it('take the lead from a frozen tab, which keeps what it keeps, and follows when it wakes', async () => {
    const [a, b, c] = [await tab(), await tab(), await tab()]
    const content = await b.shoal.open(LINK)
    await c.shoal.open(LINK)
    origin(FILM)
    a.freeze()
    const { got, rest } = reader(content)
    const read = rest()
    await until(() => b.node !== undefined && c.shoal.peerId === b.shoal.peerId, 'b leads', b.clock, c.clock)
    await read
    expect(equal(got(), FILM)).to.equal(true)
    expect(b.node?.options.share).to.equal(false)
    a.thaw()
    await until(() => a.nodes[0]?.stopped === true && a.shoal.peerId === b.shoal.peerId, 'a follows')
    expect(running()).to.deep.equal([b])
    kill(b)
    await until(() => running().length === 1 && new Set([a, c].map(({ shoal }) => shoal.peerId)).size === 1, 'another leads')
    expect(running()[0]?.node?.options.share).to.equal(undefined)
  })

  it('that cannot use one node have another group, whose leader keeps nothing', async () => {
    const a = await tab({ bootstrap: ['/ip4/127.0.0.1/tcp/1'] })
    const b = await tab({ bootstrap: ['/ip4/127.0.0.1/tcp/2'] })
    const c = await tab({ bootstrap: ['/ip4/127.0.0.1/tcp/2'], mode: 'p2p', sharing: 'full' })
    expect([a, b, c].map(({ nodes }) => nodes.length)).to.deep.equal([1, 1, 0])
    expect([a.node?.options.share, b.node?.options.share]).to.deep.equal([undefined, false])
    expect(groupOf({ token: 'a' }).group).to.not.equal(groupOf({ token: 'b' }).group)
    expect(groupOf({ token: async () => 'a', mode: 'auto' }).group).to.equal(groupOf({ token: async () => 'b', upload: { rate: 1 } }).group)
  })

  it('of another version, or one too many, have a node of their own', async () => {
    const { group } = groupOf(options())
    await tab()
    const stranger = new BroadcastChannel(group)
    const said: unknown[] = []
    stranger.onmessage = ({ data }) => { said.push(data) }
    stranger.postMessage({ say: 'hello', tab: 'old', version: 0 })
    await until(() => said.length > 0, 'it is answered')
    stranger.close()
    expect(said[0]).to.include({ say: 'refused', to: 'old' })
    while (tabs.length <= TABS_MAX) await tab()
    expect(running().length).to.equal(1)
    const last = await tab()
    expect(last.node?.options.share).to.equal(false)
    expect(running().length).to.equal(2)
  }).timeout(20_000)

  it('that may share nothing have a node of their own', async () => {
    await tab()
    const denied = await made().deny().open(options())
    expect([denied.shoal.here, denied.node?.options.share]).to.deep.equal([true, false])
  })

  it('obey the user, whichever tab heard it and whichever leads', async () => {
    const [a, b] = [await tab(), await tab()]
    b.shoal.setSharing('off')
    expect(() => { b.shoal.setSharing('some' as never) }).to.throw('sharing')
    await until(() => a.node?.sharing === 'off', 'the leader hears')
    const c = await tab()
    expect([a, b, c].map(({ shoal }) => shoal.sharing)).to.deep.equal(['off', 'off', 'off'])
    kill(a)
    await until(() => b.node !== undefined, 'b leads')
    expect(b.node?.options.sharing).to.equal('off')
  })

  it('hear the events of the node, wherever it is', async () => {
    const [a, b] = [await tab(), await tab()]
    const heard: string[][] = []
    b.shoal.addEventListener('address', ({ detail }) => { heard.push([...detail.addrs]) })
    await turn()
    a.node?.dispatchEvent(new CustomEvent('address', { detail: { addrs: ['a'] } }))
    await until(() => heard.length === 1, 'it is heard from the other tab')
    kill(a)
    await until(() => b.node !== undefined && b.shoal.here, 'b leads')
    b.node?.dispatchEvent(new CustomEvent('address', { detail: { addrs: ['b'] } }))
    expect(heard).to.deep.equal([['a'], ['b']])
  })

  it('leave the lead to the next when the node does not start', async () => {
    const [a, b, c] = [await tab(), await tab(), await tab()]
    b.failing = true
    const errors: string[] = []
    b.shoal.addEventListener('error', ({ detail }) => { errors.push(detail.error.message) })
    kill(a)
    await until(() => c.node !== undefined, 'c leads')
    expect(errors).to.deep.equal(['no node today'])
    b.failing = false
    await until(() => b.shoal.peerId === c.shoal.peerId, 'b follows', b.clock)
    kill(c)
    await until(() => b.node !== undefined, 'b leads', b.clock)
  })

  it('go on alone when who takes the lead away sleeps itself', async () => {
    const [a, b] = [await tab(), await tab()]
    const held = Promise.withResolvers<void>()
    const { group } = groupOf(options())
    const claim = navigator.locks.request(`${group}/claim`, async () => { await held.promise })
    a.freeze()
    const content = b.shoal.open(LINK)
    await until(() => b.node !== undefined, 'b has a node', b.clock)
    expect(b.node?.options.share).to.equal(false)
    expect((await content).link).to.equal(LINK)
    held.resolve()
    await claim
  })

  it('are looked at as long as one of them is', async () => {
    const [a, b] = [await tab(), await tab()]
    a.hide(true)
    await turn()
    expect(a.audience?.hidden).to.equal(false)
    b.hide(true)
    await until(() => a.audience?.hidden === true, 'nobody looks')
    b.hide(false)
    await until(() => a.audience?.hidden === false, 'somebody looks')
    b.hide(true)
    await b.shoal.stop()
    b.hide(false)
    await until(() => a.audience?.hidden === true, 'only the hidden one is left')
  })

  it('wait for the next leader as long as a deadline allows', async () => {
    const a = await tab()
    const b = await tab()
    const content = await b.shoal.open(LINK)
    a.freeze()
    const failed = content.stat('film', { deadline: 500 }).then(() => 'done', (error: Error) => error.name)
    await until(() => b.node !== undefined, 'b leads', b.clock)
    expect(await failed).to.be.oneOf(['done', 'UnavailableError'])
    expect((await content.stat('film', { deadline: 60_000 })).size).to.equal(FILM.length)
  })

  it('close for a tab that ends what it had open, and stop', async () => {
    const [a, b] = [await tab(), await tab()]
    await b.shoal.open(LINK)
    const content = a.node?.contents[0] as StubContent
    kill(b)
    await until(() => content.closed, 'it is closed')
    await a.shoal.stop()
    expect(await a.shoal.open(LINK).then(() => '', (error: Error) => error.message)).to.contain('stopped')
  })
})
