import { expect } from 'chai'
import { ManualClock } from '@shoal/base'
import { ManifestError, NotFoundError, UnavailableError, type FallbackDetail, type Policy, type ReadOptions, type Segment } from '@shoal/interface'
import type { OpenContent } from '../src/content.js'
import { shoalFetch, type FetchInit } from '../src/http.js'

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)
const segment: Segment = { index: 0, path: 'a b/seg1.m4s', size: 1000, cid: 'bafk', blocks: 1 }

let policy: Policy = {}

function stub (origins: string[], read: (options: ReadOptions) => AsyncIterable<Uint8Array> = async function * (options) {
  yield bytes.subarray(options.start, Math.min(options.end ?? 1000, (options.start ?? 0) + 100))
  yield bytes.subarray((options.start ?? 0) + 100, options.end)
}): OpenContent {
  return {
    link: 'shoal:x',
    origins,
    summary: { name: 'movie.mp4' },
    policy,
    stats: { connected: 1 },
    closed: false,
    stat: (path: string) => path === segment.path || path === 'movie.mp4' ? Promise.resolve(segment) : Promise.reject(new NotFoundError('no')),
    read: (_path: string, options: ReadOptions) => read(options)
  } as unknown as OpenContent
}

describe('fetch', () => {
  const clock = new ManualClock()
  const passed: string[] = []
  const fallbacks: FallbackDetail[] = []
  const passthrough = ((input: string | URL | Request) => {
    passed.push(input instanceof Request ? input.url : String(input))
    return Promise.resolve(new Response('from the origin'))
  }) as typeof fetch
  const get = (contents: OpenContent[], url: string, init?: FetchInit): Promise<Response> =>
    shoalFetch({ contents, clock, passthrough, onfallback: detail => { fallbacks.push(detail) } }, url, init)

  beforeEach(() => {
    passed.length = 0
    fallbacks.length = 0
  })

  it('answers what an open content covers, whatever the query', async () => {
    const response = await get([stub(['https://cdn.test/show/'])], 'https://cdn.test/show/a%20b/seg1.m4s?token=1')
    expect([response.status, response.headers.get('content-length'), response.headers.get('content-type')]).to.deep.equal([200, '1000', 'video/iso.segment'])
    expect(new Uint8Array(await response.arrayBuffer())).to.deep.equal(bytes)
    expect(passed).to.deep.equal([])
  })

  it('knows a base by its path, whatever token it carries', async () => {
    const response = await get([stub(['https://cdn.test/show/?token=mine'])], 'https://cdn.test/show/a%20b/seg1.m4s?token=1')
    expect(new Uint8Array(await response.arrayBuffer())).to.deep.equal(bytes)
    expect(passed).to.deep.equal([])
  })

  it('tells segments apart by the query that the manifest says is significant, and by no other', async () => {
    policy = { significantQuery: ['sq'] }
    const asked: string[] = []
    const content = { ...stub(['https://cdn.test/show/']), stat: (path: string) => { asked.push(path); return Promise.resolve(segment) } }
    policy = {}
    for (const query of ['?token=1', '?token=1&sq=7', '?sq=8&token=2#sq=9', '']) {
      await get([content as unknown as OpenContent], `https://cdn.test/show/a%20b/seg1.m4s${query}`)
    }
    expect(asked).to.deep.equal(['', '?sq=7', '?sq=8', ''].map(query => `a b/seg1.m4s${query}`))
  })

  it('leaves a live playlist to the origin when nothing was heard of it for three target durations', async () => {
    const live = { epoch: 1, counter: 1, ended: false, target: 2 }
    const playlist: Segment = { ...segment, playlist: true }
    const content = { ...stub(['https://cdn.test/show/']), summary: { name: 'x', live }, movedAt: clock.now(), stat: () => Promise.resolve(playlist) }
    const url = 'https://cdn.test/show/a%20b/seg1.m4s'
    clock.advance(6_000)
    expect((await get([content as unknown as OpenContent], url)).headers.get('content-length'), 'another version may come').to.equal(null)
    expect(passed).to.deep.equal([])
    clock.advance(1)
    expect(await (await get([content as unknown as OpenContent], url)).text()).to.equal('from the origin')
    expect(fallbacks).to.deep.equal([{ content: 'shoal:x', path: 'a b/seg1.m4s', from: 'peer', to: 'origin', reason: 'stalled' }])
    live.ended = true
    expect((await get([content as unknown as OpenContent], url)).status).to.equal(200)
    expect(passed).to.have.length(1)
  })

  it('passes everything else through', async () => {
    const contents = [stub(['https://cdn.test/show/'])]
    for (const url of ['https://other.test/show/a%20b/seg1.m4s', 'https://cdn.test/show/unknown.ts', 'https://cdn.test/show']) await get(contents, url)
    await get(contents, 'https://cdn.test/show/a%20b/seg1.m4s', { method: 'POST' })
    expect(passed).to.have.length(4)
  })

  it('takes the longest base, and a base that is one file', async () => {
    const wide = stub(['https://cdn.test/'])
    const file = stub(['https://cdn.test/movie.mp4'])
    expect(await (await get([wide, file], 'https://cdn.test/movie.mp4#t=1')).arrayBuffer()).to.have.property('byteLength', 1000)
  })

  it('answers ranges and HEAD', async () => {
    const contents = [stub(['https://cdn.test/show/'])]
    const url = 'https://cdn.test/show/a%20b/seg1.m4s'
    for (const [range, contentRange, from, to] of [
      ['bytes=10-19', 'bytes 10-19/1000', 10, 20], ['bytes=990-', 'bytes 990-999/1000', 990, 1000], ['bytes=-5', 'bytes 995-999/1000', 995, 1000],
      ['bytes=900-5000', 'bytes 900-999/1000', 900, 1000]
    ] as const) {
      const response = await get(contents, url, { headers: { range } })
      expect([response.status, response.headers.get('content-range')], range).to.deep.equal([206, contentRange])
      expect(new Uint8Array(await response.arrayBuffer())).to.deep.equal(bytes.subarray(from, to))
    }
    expect((await get(contents, url, { headers: { range: 'bytes=1000-' } })).status).to.equal(416)
    const head = await get(contents, url, { method: 'HEAD' })
    expect([head.status, await head.text()]).to.deep.equal([200, ''])
  })

  it('falls back to the network with an event when no source gives the first block', async () => {
    const broken = stub(['https://cdn.test/show/'], () => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new UnavailableError('none')) })
    }))
    const response = await get([broken], 'https://cdn.test/show/a%20b/seg1.m4s')
    expect(await response.text()).to.equal('from the origin')
    expect(fallbacks).to.deep.equal([{ content: 'shoal:x', path: 'a b/seg1.m4s', from: 'peer', to: 'origin', reason: 'no-peer' }])
  })

  it('says what was wrong with a source', async () => {
    const url = 'https://cdn.test/show/a%20b/seg1.m4s'
    const failing = (error: Error, more: object = {}): OpenContent =>
      ({ ...stub(['https://cdn.test/show/']), stat: () => Promise.reject(error), ...more }) as unknown as OpenContent
    await get([failing(new ManifestError('forged'))], url)
    await get([failing(new Error('disk'))], url)
    await get([failing(new UnavailableError('closed'), { closed: true })], url)
    expect(fallbacks.map(({ reason }) => reason)).to.deep.equal(['mismatch', 'refused', 'refused'])
  })

  it('does not wait long for the manifest, and leaves the origin time', async () => {
    const cases = [[1, 3000, 500, 'deadline'], [1, 600, 300, 'deadline'], [0, 3000, 500, 'no-peer']] as const
    for (const [connected, deadline, ms, reason] of cases) {
      const slow = {
        ...stub(['https://cdn.test/show/']),
        stats: { connected },
        stat: (_: string, { signal }: ReadOptions) => new Promise((_resolve, reject) => {
          signal?.addEventListener('abort', () => { reject(signal.reason as Error) })
        })
      } as unknown as OpenContent
      const answer = get([slow], 'https://cdn.test/show/a%20b/seg1.m4s', { deadline })
      clock.advance(ms - 1)
      await Promise.resolve()
      expect(passed).to.have.length(0)
      clock.advance(1)
      expect(await (await answer).text()).to.equal('from the origin')
      expect(fallbacks.pop()?.reason).to.equal(reason)
      passed.length = 0
    }
  })

  it('ends the reading when the body is cancelled, without waiting for the block', async () => {
    let ended: AbortSignal | undefined
    const stuck = stub(['https://cdn.test/show/'], async function * ({ signal }) {
      ended = signal
      yield bytes.subarray(0, 10)
      await new Promise((_resolve, reject) => { signal?.addEventListener('abort', () => { reject(signal.reason as Error) }) })
    })
    const { body } = await get([stuck], 'https://cdn.test/show/a%20b/seg1.m4s')
    const reader = body?.getReader()
    await reader?.read()
    void reader?.read().catch(() => {})
    await reader?.cancel('seen enough')
    expect(ended?.reason).to.equal('seen enough')
  })

  it('does not fall back when the caller gave up', async () => {
    const abort = new AbortController()
    const broken = stub(['https://cdn.test/show/'], () => ({
      [Symbol.asyncIterator]: () => ({ next: () => { abort.abort(new Error('enough')); return Promise.reject(new Error('enough')) } })
    }))
    await get([broken], 'https://cdn.test/show/a%20b/seg1.m4s', { signal: abort.signal })
      .then(() => expect.fail('answered'), (error: Error) => expect(error.message).to.equal('enough'))
    expect(passed).to.deep.equal([])
  })
})
