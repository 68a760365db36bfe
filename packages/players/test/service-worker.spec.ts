import { ManualClock } from '@shoal/base'
import { expect } from 'chai'
import { BEGIN_MS, PASSED_ON_BYTES_MAX, SILENCE_MS } from '../src/service-worker/protocol.js'
import { settled } from './seat.js'
import { workerStub, type WorkerStub } from './service-worker-stubs.js'
import { BASE, StubContent, stubOrigin } from './stubs.js'
import type { FallbackReport } from '../src/core/types.js'

const CLIP = Uint8Array.from({ length: 4000 }, (_, i) => i % 251)
const URL_OF_CLIP = `${BASE}clip.mp4`

describe('service worker', () => {
  let stub: WorkerStub
  afterEach(() => { stub.end() })

  async function bench (serve = true) {
    const content = new StubContent(new Map([['clip.mp4', CLIP]]))
    content.pieces = 1000
    const origin = stubOrigin(new Map([['clip.mp4', CLIP]]))
    const clock = new ManualClock()
    const fallbacks: FallbackReport[] = []
    const options = { base: BASE, clock, content: content.asContent(), onfallback: (report: FallbackReport) => { fallbacks.push(report) } }
    stub = workerStub(origin.fetch, undefined, options, serve)
    await settled()
    return { content, origin, clock, fallbacks }
  }

  describe('what it answers', () => {
    it('a whole file, with type, length and tag', async () => {
      const { origin } = await bench()
      const response = await stub.fetch(URL_OF_CLIP) as Response
      expect(response.status).to.equal(200)
      expect(Object.fromEntries(response.headers)).to.deep.equal({
        'accept-ranges': 'bytes', 'content-length': '4000', 'content-type': 'video/mp4', 'etag': '"bafy4000"'
      })
      expect(await response.bytes()).to.deep.equal(CLIP)
      expect(origin.asked).to.have.length(0)
    })

    it('206 to a range, whether it has an end or not', async () => {
      await bench()
      for (const [range, start, end] of [['bytes=0-', 0, 4000], ['bytes=1000-', 1000, 4000], ['bytes=10-19', 10, 20], ['bytes=3990-9999', 3990, 4000]] as const) {
        const response = await stub.fetch(URL_OF_CLIP, { headers: { range } }) as Response
        expect(response.status).to.equal(206)
        expect(response.headers.get('content-range')).to.equal(`bytes ${start}-${end - 1}/4000`)
        expect(response.headers.get('content-length')).to.equal(String(end - start))
        expect(await response.bytes()).to.deep.equal(CLIP.subarray(start, end))
      }
    })

    it('416 to a range behind the end', async () => {
      await bench()
      const response = await stub.fetch(URL_OF_CLIP, { headers: { range: 'bytes=4000-' } }) as Response
      expect([response.status, response.headers.get('content-range')]).to.deep.equal([416, 'bytes */4000'])
    })

    it('nothing to what it does not understand, to other methods, navigations, other URLs and pages without a name', async () => {
      await bench()
      expect(stub.fetch(URL_OF_CLIP, { headers: { range: 'bytes=0-1,5-6' } })).to.equal(undefined)
      expect(stub.fetch(URL_OF_CLIP, { method: 'POST', body: 'x' })).to.equal(undefined)
      expect(stub.fetch('https://elsewhere.example.com/clip.mp4')).to.equal(undefined)
      expect(stub.fetch(URL_OF_CLIP, {}, '')).to.equal(undefined)
    })
  })

  describe('credit', () => {
    it('the page sends no more than the reader has room for', async () => {
      const { content } = await bench()
      let given = 0
      content.onpiece = () => { given++ }
      const response = await stub.fetch(URL_OF_CLIP) as Response
      await settled()
      await settled()
      // two wait in the stream; the page holds the next one
      expect(given).to.equal(3)
      expect(await response.bytes()).to.deep.equal(CLIP)
    })

    it('a reader that goes away ends the read', async () => {
      const { content } = await bench()
      const response = await stub.fetch(URL_OF_CLIP) as Response
      await response.body?.cancel()
      await settled()
      expect(content.reads[0]?.options.signal?.aborted).to.equal(true)
    })
  })

  describe('a page that keeps silent', () => {
    it('is waited for as long as SILENCE_MS, then the network answers', async () => {
      const { origin, clock } = await bench()
      stub.mute()
      const answer = stub.fetch(URL_OF_CLIP) as Promise<Response>
      await settled()
      clock.advance(SILENCE_MS - 1)
      await settled()
      expect(origin.asked).to.have.length(0)
      clock.advance(1)
      expect(await (await answer).bytes()).to.deep.equal(CLIP)
      expect(origin.asked).to.have.length(1)
    })

    it('that has said that it looks after it is waited for a little longer', async () => {
      const { content, origin, clock } = await bench()
      content.stuck = true
      const answer = stub.fetch(URL_OF_CLIP) as Promise<Response>
      await settled()
      clock.advance(SILENCE_MS * 2)
      await settled()
      expect(origin.asked).to.have.length(0)
      clock.advance(BEGIN_MS)
      expect(await (await answer).bytes()).to.deep.equal(CLIP)
    })

    it('and was never heard of costs no time, and is not asked twice', async () => {
      const { origin, clock } = await bench(false)
      expect(await (await stub.fetch(URL_OF_CLIP) as Response).bytes()).to.deep.equal(CLIP)
      expect(origin.asked).to.have.length(1)
      expect(stub.page.heard).to.have.length(1)
      clock.advance(SILENCE_MS)
      await settled()
      expect(stub.fetch(URL_OF_CLIP)).to.equal(undefined)
      expect(stub.page.heard).to.have.length(1)
    })
  })

  describe('what the network gave', () => {
    /** The content opens when `open` is called. */
    async function early (clip = CLIP) {
      const content = new StubContent(new Map([['clip.mp4', clip], ['main.m3u8', clip]]))
      const { promise, resolve } = Promise.withResolvers<void>()
      const origin = stubOrigin(content.files)
      stub = workerStub(origin.fetch, undefined, { base: BASE, clock: new ManualClock(), content: promise.then(() => content.asContent()) })
      await settled()
      return { content, open: async () => { resolve(); await settled() } }
    }

    it('is offered to the content once it is open, from where it lies; playlists are not', async () => {
      const { content, open } = await early()
      expect(await (await stub.fetch(URL_OF_CLIP) as Response).bytes()).to.deep.equal(CLIP)
      expect((await (await stub.fetch(URL_OF_CLIP, { headers: { range: 'bytes=1000-1999' } }) as Response).bytes()).length).to.equal(1000)
      await (await stub.fetch(`${BASE}main.m3u8`) as Response).bytes()
      await settled()
      expect(content.offers).to.deep.equal([])
      await open()
      expect(content.offers).to.deep.equal([
        { path: 'clip.mp4', bytes: CLIP, start: 0 }, { path: 'clip.mp4', bytes: CLIP.subarray(1000, 2000), start: 1000 }
      ])
    })

    it('is left out when there is more of it than a page should keep', async () => {
      const large = new Uint8Array(PASSED_ON_BYTES_MAX + 1)
      const { content, open } = await early(large)
      expect((await (await stub.fetch(URL_OF_CLIP) as Response).bytes()).length).to.equal(large.length)
      await open()
      expect(content.offers).to.deep.equal([])
    })
  })

  it('a worker that starts anew asks the page, which serves it, even the request that the network failed', async () => {
    const { content, origin } = await bench()
    stub.restart()
    origin.answers.push(() => { throw new TypeError('Failed to fetch') })
    expect(await (await stub.fetch(URL_OF_CLIP) as Response).bytes()).to.deep.equal(CLIP)
    expect(content.reads).to.have.length(1)
    expect(await (await stub.fetch(URL_OF_CLIP) as Response).bytes()).to.deep.equal(CLIP)
    expect(origin.asked).to.have.length(1)
  })

  it('the head of a live content that may name what is asked for is waited for as the deadline allows', async () => {
    const { content } = await bench()
    await (await stub.fetch(URL_OF_CLIP) as Response).bytes()
    expect([content.looks[0]?.deadline, content.reads[0]?.options.deadline]).to.deep.equal([2000, 2000])
  })

  it('the page gives up on a manifest that does not come', async () => {
    const { content, origin, clock, fallbacks } = await bench()
    content.stuck = true
    const answer = stub.fetch(URL_OF_CLIP) as Promise<Response>
    await settled()
    clock.advance(2500)
    expect(await (await answer).bytes()).to.deep.equal(CLIP)
    expect(origin.asked).to.have.length(1)
    expect(fallbacks.map(({ reason }) => reason)).to.deep.equal(['stalled'])
  })

  it('goes on with the network from the byte where the page broke off', async () => {
    const { content, origin, fallbacks } = await bench()
    content.breakAfter = 2000
    const response = await stub.fetch(URL_OF_CLIP, { headers: { range: 'bytes=500-' } }) as Response
    expect(await response.bytes()).to.deep.equal(CLIP.subarray(500))
    expect(origin.asked.map(request => request.headers.get('range'))).to.deep.equal(['bytes=2500-'])
    expect(fallbacks.map(({ reason }) => reason)).to.deep.equal(['failed'])
  })

  it('breaks off where the network cannot go on, rather than put other bytes behind', async () => {
    const { content, origin } = await bench()
    content.breakAfter = 2000
    origin.answers.push(() => new Response(CLIP))
    const response = await stub.fetch(URL_OF_CLIP) as Response
    expect(await response.bytes().then(() => 'all', () => 'broken')).to.equal('broken')
  })

  it('goes to the network when the page serves no longer', async () => {
    const { content, origin } = await bench()
    content.silent = true
    const answer = stub.fetch(URL_OF_CLIP) as Promise<Response>
    await settled()
    stub.end()
    expect(await (await answer).bytes()).to.deep.equal(CLIP)
    expect(origin.asked).to.have.length(1)
  })
})
