import { ManualClock } from '@shoal/base'
import { expect } from 'chai'
import { createHlsLoader, type FallbackReport, type HlsLoaderOptions, type RequestReport } from '../src/hls/index.js'
import { fragmentContext, outcome, playlistContext, policy, type Outcome } from './hls-stubs.js'
import { BASE, StubContent, stubOrigin } from './stubs.js'
import type { Shoal } from '@shoal/interface'
import type { HlsConfig, LoaderConfiguration, LoaderContext } from 'hls.js'

const SEGMENT = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)
const FILES = new Map([['720p/seg3.m4s', SEGMENT], ['main.m3u8', new TextEncoder().encode('#EXTM3U\n')]])

function setup (over: Omit<HlsLoaderOptions, 'link' | 'content'> = {}) {
  const content = new StubContent(FILES)
  const origin = stubOrigin(FILES)
  const clock = new ManualClock()
  clock.advance(1000)
  const fallbacks: FallbackReport[] = []
  const requests: RequestReport[] = []
  const options = {
    base: BASE,
    fetch: origin.fetch,
    clock,
    onfallback: (report: FallbackReport) => { fallbacks.push(report) },
    onrequest: (report: RequestReport) => { requests.push(report) },
    ...over
  }
  const loaders = createHlsLoader(undefined, { content: content.asContent(), ...options })
  return { content, origin, clock, fallbacks, requests, options, loaders }
}

async function opened (): Promise<void> { await new Promise(resolve => { setTimeout(resolve, 0) }) }

function start (
  loaders: ReturnType<typeof createHlsLoader>, context: LoaderContext, loading: LoaderConfiguration = policy(), progressive = false,
  config: Partial<HlsConfig> = {}
) {
  const loader = new loaders.fLoader(config as HlsConfig)
  const { callbacks, done } = outcome(progressive)
  loader.load(context as never, loading, callbacks as never)
  return { loader, done }
}

function bytes (result: Outcome): Uint8Array { return new Uint8Array(result.data as ArrayBuffer) }

describe('hls: which source', () => {
  it('goes to the origin at once while there is no node, and through the content when there is', async () => {
    const { content, origin, options, requests } = setup()
    const nodes: Shoal[] = []
    const loaders = createHlsLoader(() => nodes[0], { link: 'shoal:x', ...options })
    expect(bytes(await start(loaders, fragmentContext('720p/seg3.m4s')).done)).to.deep.equal(SEGMENT)
    expect(origin.asked).to.have.length(1)
    nodes.push({ open: () => Promise.resolve(content.asContent()) } as unknown as Shoal)
    await start(loaders, fragmentContext('720p/seg3.m4s')).done
    await opened()
    const last = await start(loaders, fragmentContext('720p/seg3.m4s')).done
    expect(bytes(last)).to.deep.equal(SEGMENT)
    expect(origin.asked).to.have.length(2)
    expect(requests.map(report => report.via)).to.deep.equal(['origin', 'origin', 'shoal'])
  })

  it('gives the content what came past it, as soon as it is open', async () => {
    const { content, options } = setup()
    const node = Promise.withResolvers<Shoal>()
    const loaders = createHlsLoader(node.promise, { link: 'shoal:x', ...options })
    const taken = bytes(await start(loaders, fragmentContext('720p/seg3.m4s?token=1')).done)
    await start(loaders, fragmentContext('720p/seg3.m4s', { rangeStart: 100, rangeEnd: 300 })).done
    // hls.js may give its copy away
    taken.fill(0)
    await opened()
    expect(content.offers).to.deep.equal([])
    node.resolve({ open: () => Promise.resolve(content.asContent()) } as unknown as Shoal)
    await opened()
    expect(content.offers).to.deep.equal([
      { path: '720p/seg3.m4s', bytes: SEGMENT, start: 0 }, { path: '720p/seg3.m4s', bytes: SEGMENT.subarray(100, 300), start: 100 }
    ])
    await start(loaders, fragmentContext('720p/seg3.m4s')).done
    expect(content.offers).to.have.length(2)
  })

  it('starts a node when the player has its first fragment, once, and again only when it failed', async () => {
    const { content, origin, clock, options } = setup()
    let calls = 0
    const opens: (() => Promise<unknown>)[] = [
      () => Promise.reject(new Error('no WebRTC')), () => Promise.reject(new Error('nobody has it')), () => Promise.resolve(content.asContent())
    ]
    const node = { open: () => opens.shift()?.() } as unknown as Shoal
    const loaders = createHlsLoader(() => { calls++; return calls === 1 ? Promise.reject(new Error('no storage')) : Promise.resolve(node) }, { link: 'shoal:x', ...options })
    opens.shift()
    const { callbacks, done } = outcome()
    new loaders.pLoader({} as HlsConfig).load(playlistContext('main.m3u8') as never, policy(), callbacks as never)
    await done
    expect(calls).to.equal(0)
    await start(loaders, fragmentContext('720p/seg3.m4s')).done
    await opened()
    expect(calls).to.equal(1)
    for (let i = 0; i < 2; i++) {
      clock.advance(10_000)
      await start(loaders, fragmentContext('720p/seg3.m4s')).done
      await opened()
    }
    expect([calls, opens.length]).to.deep.equal([2, 0])
    expect(origin.asked).to.have.length(4)
    await start(loaders, fragmentContext('720p/seg3.m4s')).done
    expect(content.reads.at(-1)?.path).to.equal('720p/seg3.m4s')
    expect(origin.asked).to.have.length(4)
  })

  it('starts a node when the first frame can be shown, or will not be for a while', async () => {
    for (const late of [false, true]) {
      const media = { currentTime: 0, playbackRate: 1, readyState: 1 }
      const { content, clock, options } = setup({ media })
      let calls = 0
      const node = { open: () => Promise.resolve(content.asContent()) } as unknown as Shoal
      const loaders = createHlsLoader(() => { calls++; return node }, { link: 'shoal:x', ...options })
      await start(loaders, fragmentContext('720p/seg3.m4s')).done
      for (let i = 0; i < 10; i++) { clock.advance(50); await opened() }
      expect(calls).to.equal(0)
      if (!late) media.readyState = 3
      for (let i = 0; i < (late ? 25 : 1); i++) { clock.advance(50); await opened() }
      expect(calls).to.equal(1)
    }
  })

  it('starts a node when the origin is gone before anything came of it', async () => {
    const { content, origin, options } = setup()
    origin.answers.push(() => new Response('', { status: 503 }))
    const loaders = createHlsLoader(() => Promise.resolve({ open: () => Promise.resolve(content.asContent()) } as unknown as Shoal), { link: 'shoal:x', ...options })
    expect(bytes(await start(loaders, fragmentContext('720p/seg3.m4s')).done)).to.deep.equal(SEGMENT)
    expect(content.reads).to.have.length(1)
  })

  it('knows that a live player begins where it asks first, though it stands at 0', async () => {
    const media = { currentTime: 0, playbackRate: 1, readyState: 0 }
    const { content, loaders } = setup({ media })
    await opened()
    await start(loaders, fragmentContext('720p/seg3.m4s')).done
    await start(loaders, fragmentContext('720p/seg3.m4s', { frag: { sn: 4, start: 16, duration: 4 } })).done
    Object.assign(media, { currentTime: 12, readyState: 4 })
    await start(loaders, fragmentContext('720p/seg3.m4s', { frag: { sn: 4, start: 16, duration: 4 } })).done
    expect(content.reads.map(({ options }) => options.deadline)).to.deep.equal([0, 3500, 3500])
  })

  it('never waits for a node that does not come', async () => {
    const { origin, options } = setup()
    const loaders = createHlsLoader(new Promise<Shoal>(() => {}), { link: 'shoal:x', ...options })
    await start(loaders, fragmentContext('720p/seg3.m4s')).done
    expect(origin.asked).to.have.length(1)
  })

  it('lets a fragment that is not due wait for the content, but not longer than the origin can still be in time', async () => {
    const { content, origin, clock, options } = setup({ media: { currentTime: 0, playbackRate: 1 } })
    const node = Promise.withResolvers<Shoal>()
    const loaders = createHlsLoader(node.promise, { link: 'shoal:x', ...options })
    const late = start(loaders, fragmentContext('720p/seg3.m4s'))
    await opened()
    clock.advance(9400)
    await opened()
    expect(origin.asked).to.have.length(0)
    clock.advance(200)
    await late.done
    expect(origin.asked).to.have.length(1)
    const inTime = start(loaders, fragmentContext('720p/seg3.m4s'))
    node.resolve({ open: () => Promise.resolve(content.asContent()) } as unknown as Shoal)
    await inTime.done
    expect(content.reads).to.have.length(1)
    expect(origin.asked).to.have.length(1)
  })

  it('says so when the node or the content fails, and goes on with the origin', async () => {
    const { fallbacks, options } = setup()
    const loaders = createHlsLoader(Promise.reject(new Error('no WebRTC')), { link: 'shoal:x', ...options })
    await opened()
    expect((await start(loaders, fragmentContext('720p/seg3.m4s')).done).kind).to.equal('success')
    expect(fallbacks.map(report => report.reason)).to.deep.equal(['no-content'])
  })

  it('ignores the query but for what is significant, and leaves other URLs alone', async () => {
    const { content, origin, loaders } = setup()
    await opened()
    await start(loaders, fragmentContext('720p/seg3.m4s?token=1')).done
    expect(content.reads[0]?.path).to.equal('720p/seg3.m4s')
    origin.answers.push(() => new Response('ad'))
    await start(loaders, { ...fragmentContext('x'), url: 'https://ads.example.com/720p/seg3.m4s' }).done
    expect(content.reads).to.have.length(1)
    content.policy = { significantQuery: ['sq'] }
    content.files.set('720p/seg3.m4s?sq=7', SEGMENT)
    expect((await start(loaders, fragmentContext('720p/seg3.m4s?token=1&sq=7')).done).kind).to.equal('success')
    expect(content.reads[1]?.path).to.equal('720p/seg3.m4s?sq=7')
  })

  it('takes the folder of the first playlist for the base', async () => {
    const { content, loaders } = setup({ base: undefined })
    await opened()
    await start(loaders, playlistContext('main.m3u8')).done
    await start(loaders, fragmentContext('720p/seg3.m4s')).done
    expect(content.reads[1]?.path).to.equal('720p/seg3.m4s')
  })

  it('asks the origin for playlists, and the content when the origin fails', async () => {
    const { content, origin, loaders, fallbacks } = setup()
    await opened()
    expect((await start(loaders, playlistContext('main.m3u8')).done).data).to.equal('#EXTM3U\n')
    await opened()
    // a copy for others, without a deadline
    expect(content.reads).to.deep.equal([{ path: 'main.m3u8', options: {} }])
    origin.answers.push(() => new Response('down', { status: 503 }))
    expect((await start(loaders, playlistContext('main.m3u8')).done).data).to.equal('#EXTM3U\n')
    expect(fallbacks.map(report => [report.to, report.reason])).to.deep.equal([['shoal', 'origin-failed']])
  })

  it('gives the deadline by the playhead, and by the duration without one', async () => {
    const media = { currentTime: 4, playbackRate: 2 }
    const { content, loaders } = setup({ media: () => media })
    await opened()
    await start(loaders, fragmentContext('720p/seg3.m4s')).done
    media.currentTime = 13
    await start(loaders, fragmentContext('720p/seg3.m4s')).done
    expect(content.reads.map(read => read.options.deadline)).to.deep.equal([3500, 0])
    const other = setup()
    await opened()
    await start(other.loaders, fragmentContext('720p/seg3.m4s')).done
    expect(other.content.reads[0]?.options.deadline).to.equal(3500)
  })
})

describe('hls: failures', () => {
  it('goes to the origin at once when a read breaks, and says why', async () => {
    const { content, origin, loaders, fallbacks } = setup()
    content.breakAfter = 300
    await opened()
    const result = await start(loaders, fragmentContext('720p/seg3.m4s')).done
    expect(bytes(result)).to.deep.equal(SEGMENT)
    expect(result.stats.loaded).to.equal(1000)
    expect(origin.asked).to.have.length(1)
    expect(fallbacks[0]).to.include({ path: '720p/seg3.m4s', from: 'shoal', to: 'origin', reason: 'failed' })
  })

  it('goes on behind what hls.js has already when pieces were handed out', async () => {
    const { content, origin, loaders } = setup()
    content.breakAfter = 300
    await opened()
    const result = await start(loaders, fragmentContext('720p/seg3.m4s'), policy({}, 200), true).done
    expect(result.kind).to.equal('success')
    expect(origin.asked[0]?.headers.get('Range')).to.equal('bytes=200-')
    const all = new Uint8Array(result.pieces.flatMap(piece => [...new Uint8Array(piece)]))
    expect(all).to.deep.equal(SEGMENT)
    expect((result.data as ArrayBuffer).byteLength).to.equal(0)
  })

  it('goes to the origin before the deadline when the swarm stays silent', async () => {
    const { content, origin, clock, loaders, fallbacks } = setup()
    content.silent = true
    await opened()
    const { done } = start(loaders, fragmentContext('720p/seg3.m4s'))
    await opened()
    clock.advance(2400)
    await opened()
    expect(origin.asked).to.have.length(0)
    clock.advance(200)
    expect(bytes(await done)).to.deep.equal(SEGMENT)
    expect(fallbacks.map(report => report.reason)).to.deep.equal(['stalled'])
  })

  it('comes back to a slow swarm when the origin is gone', async () => {
    const { content, origin, clock, loaders, fallbacks } = setup()
    content.silent = true
    await opened()
    const { done } = start(loaders, fragmentContext('720p/seg3.m4s'))
    await opened()
    origin.answers.push(() => new Response('down', { status: 503 }))
    content.silent = false
    clock.advance(2600)
    const result = await done
    expect(bytes(result)).to.deep.equal(SEGMENT)
    expect(fallbacks.map(report => [report.to, report.reason])).to.deep.equal([['origin', 'stalled'], ['shoal', 'origin-failed']])
  })

  it('says not-found for a path that the content lacks', async () => {
    const { content, loaders, fallbacks } = setup()
    content.files.clear()
    await opened()
    expect((await start(loaders, fragmentContext('720p/seg3.m4s')).done).kind).to.equal('success')
    expect(fallbacks[0]?.reason).to.equal('not-found')
  })

  it('passes abort on to the content and delivers nothing after it', async () => {
    const { content, loaders } = setup()
    content.silent = true
    await opened()
    const { loader, done } = start(loaders, fragmentContext('720p/seg3.m4s'))
    await opened()
    loader.abort()
    const result = await done
    expect(result.kind).to.equal('abort')
    expect(result.stats.aborted).to.equal(true)
    expect(content.reads[0]?.options.signal?.aborted).to.equal(true)
    await opened()
  })
})

describe('hls: what hls.js expects of a loader', () => {
  for (const via of ['origin', 'shoal'] as const) {
    const ready = async () => {
      const it = setup(via === 'origin' ? { base: 'https://elsewhere.example.com/' } : {})
      await opened()
      return it
    }

    it(`${via}: reports bytes, times and a code of success`, async () => {
      const { loaders } = await ready()
      const { loader, done } = start(loaders, fragmentContext('720p/seg3.m4s'))
      const { stats, code, kind, url } = await done
      expect(kind).to.equal('success')
      expect(code).to.equal(200)
      expect(url).to.equal(`${BASE}720p/seg3.m4s`)
      expect(stats).to.equal(loader.stats)
      expect(stats).to.include({ loaded: 1000, total: 1000, aborted: false, retry: 0 })
      expect(stats.loading.first).to.be.at.least(stats.loading.start)
      expect(stats.loading.end).to.be.at.least(stats.loading.first)
      expect(stats.loading.end).to.be.above(0)
    })

    it(`${via}: cuts to the byte range`, async () => {
      const { loaders } = await ready()
      const result = await start(loaders, fragmentContext('720p/seg3.m4s', { rangeStart: 10, rangeEnd: 20 })).done
      expect(bytes(result)).to.deep.equal(SEGMENT.subarray(10, 20))
      expect(result.code).to.equal(206)
    })

    it(`${via}: hands out pieces from the high-water mark on`, async () => {
      const { loaders } = await ready()
      const result = await start(loaders, fragmentContext('720p/seg3.m4s'), policy({}, 300), true).done
      const all = new Uint8Array(result.pieces.flatMap(piece => [...new Uint8Array(piece)]))
      expect(all).to.deep.equal(SEGMENT)
    })

    it(`${via}: is silent after destroy`, async () => {
      const { loaders } = await ready()
      const { loader, done } = start(loaders, fragmentContext('720p/seg3.m4s'))
      loader.destroy()
      expect(loader.context).to.equal(null)
      expect(await Promise.race([done, opened().then(() => 'nothing')])).to.equal('nothing')
    })

    it(`${via}: loads once`, async () => {
      const { loaders } = await ready()
      const { loader, done } = start(loaders, fragmentContext('720p/seg3.m4s'))
      expect(() => { loader.load(fragmentContext('720p/seg3.m4s') as never, policy(), outcome().callbacks as never) }).to.throw('once')
      await done
    })
  }

  it('cuts the range itself when the origin ignores it', async () => {
    const { origin, loaders } = setup({ base: 'https://elsewhere.example.com/' })
    origin.answers.push(() => new Response(SEGMENT))
    const result = await start(loaders, fragmentContext('720p/seg3.m4s', { rangeStart: 10, rangeEnd: 20 })).done
    expect(bytes(result)).to.deep.equal(SEGMENT.subarray(10, 20))
  })

  it('reports an HTTP status as the error code, and 0 for none', async () => {
    const { origin, loaders } = setup({ base: 'https://elsewhere.example.com/' })
    expect(await start(loaders, fragmentContext('none.m4s')).done).to.include({ kind: 'error', code: 404 })
    origin.answers.push(() => { throw new TypeError('Failed to fetch') })
    expect(await start(loaders, fragmentContext('720p/seg3.m4s')).done).to.include({ kind: 'error', code: 0 })
  })

  it('retries as the load policy says: 503 yes, 404 no', async () => {
    const { origin, clock, loaders } = setup({ base: 'https://elsewhere.example.com/' })
    const errorRetry = { maxNumRetry: 2, retryDelayMs: 100, maxRetryDelayMs: 1000 }
    origin.answers.push(() => new Response('', { status: 503 }))
    const { done } = start(loaders, fragmentContext('720p/seg3.m4s'), policy({ errorRetry }))
    await opened()
    clock.advance(100)
    const result = await done
    expect(result.kind).to.equal('success')
    expect(result.stats.retry).to.equal(1)
    expect(await start(loaders, fragmentContext('none.m4s'), policy({ errorRetry })).done).to.include({ kind: 'error', code: 404 })
    expect(origin.asked).to.have.length(3)
  })

  it('times out before the first byte and over the whole load', async () => {
    const { origin, clock, loaders } = setup({ base: 'https://elsewhere.example.com/' })
    origin.answers.push(() => new Promise(() => {}))
    const { done } = start(loaders, fragmentContext('720p/seg3.m4s'), policy({ maxTimeToFirstByteMs: 500 }))
    await opened()
    clock.advance(500)
    expect((await done).kind).to.equal('timeout')
    let release: ReadableStreamDefaultController<Uint8Array> | undefined
    const body = new ReadableStream<Uint8Array>({ start (controller) { controller.enqueue(SEGMENT.slice(0, 5)); release = controller } })
    origin.answers.push(() => new Response(body as BodyInit))
    const slow = start(loaders, fragmentContext('720p/seg3.m4s'), policy({ maxLoadTimeMs: 2000 }))
    await opened()
    clock.advance(2000)
    release?.error(new DOMException('aborted', 'AbortError'))
    expect((await slow.done).kind).to.equal('timeout')
  })

  describe('xhrSetup', () => {
    class StubXhr {
      static sent: StubXhr[] = []
      readyState = 0
      status = 200
      statusText = 'OK'
      response: ArrayBuffer = SEGMENT.slice().buffer
      responseType = ''
      withCredentials = false
      readonly headers: Record<string, string> = {}
      url = ''
      onload = (): void => {}
      onerror = (): void => {}
      onabort = (): void => {}
      onprogress = (): void => {}
      open (_method: string, url: string): void { this.readyState = 1; this.url = url }
      setRequestHeader (name: string, value: string): void {
        if (this.readyState !== 1) throw new DOMException('not opened', 'InvalidStateError')
        this.headers[name] = value
      }

      getAllResponseHeaders (): string { return 'age: 12\r\n' }
      send (): void { StubXhr.sent.push(this); if (this.status !== 0) queueMicrotask(() => { this.onload() }) }
      abort (): void { this.onabort() }
    }
    const real = globalThis.XMLHttpRequest
    beforeEach(() => { StubXhr.sent = []; globalThis.XMLHttpRequest = StubXhr as never })
    afterEach(() => { globalThis.XMLHttpRequest = real })
    const load = (xhrSetup: (xhr: StubXhr, url: string) => void, over = {}, loading = policy()) => {
      const it = setup({ base: 'https://elsewhere.example.com/' })
      return { ...it, ...start(it.loaders, fragmentContext('720p/seg3.m4s', over), loading, false, { xhrSetup } as never) }
    }

    it('sets up the request, be it before it is opened or behind', async () => {
      const { loader, done, origin } = load(xhr => { xhr.withCredentials = true; xhr.setRequestHeader('Authorization', 'x') }, { rangeStart: 10, rangeEnd: 20 })
      const result = await done
      expect(bytes(result)).to.deep.equal(SEGMENT.subarray(10, 20))
      expect(loader.getCacheAge?.()).to.equal(12)
      expect(origin.asked).to.have.length(0)
      expect(StubXhr.sent[0]).to.deep.include({ withCredentials: true, headers: { Authorization: 'x', Range: 'bytes=10-19' } })
      await load((xhr, url) => { xhr.open('GET', `${url}?signed`) }).done
      expect(StubXhr.sent[1]?.url).to.contain('?signed')
    })

    it('gives status, time-out and abort as hls.js knows them', async () => {
      expect(await load(xhr => { xhr.status = 404 }).done).to.include({ kind: 'error', code: 404 })
      const silent = load(xhr => { xhr.status = 0 })
      await opened()
      silent.clock.advance(10_000)
      expect((await silent.done).kind).to.equal('timeout')
      const ended = load(xhr => { xhr.status = 0 })
      await opened()
      ended.loader.abort()
      expect((await ended.done).kind).to.equal('abort')
    })
  })

  it('gives the age of what a cache answered, and honours fetchSetup', async () => {
    const { origin, loaders } = setup({ base: 'https://elsewhere.example.com/' })
    const fetchSetup = (context: LoaderContext, init: RequestInit) => new Request(`${context.url}?signed`, init)
    const { loader, done } = start(loaders, fragmentContext('720p/seg3.m4s'), policy(), false, { fetchSetup } as Partial<HlsConfig>)
    await done
    expect(loader.getCacheAge?.()).to.equal(12)
    expect(origin.asked[0]?.url).to.contain('?signed')
  })
})
