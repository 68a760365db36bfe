/** What every adapter does, whatever the player: the same tests over each of them. */

import { ManualClock } from '@shoal/base'
import { expect } from 'chai'
import { APPEND_MARGIN_MS, ORIGIN_RESERVE_MIN_MS, PEER_RATE_CEILING } from '../src/core/defaults.js'
import { MEDIA, SECONDS, settled, START, type Adapter, type Seat, type Wanted } from './seat.js'
import { BASE, StubContent, stubOrigin } from './stubs.js'
import type { NodeSource } from '../src/core/source.js'
import type { FallbackReport, Media, RequestReport } from '../src/core/types.js'
import type { Shoal } from '@shoal/interface'

const BYTES = 40_000
const SEGMENT = Uint8Array.from({ length: BYTES }, (_, i) => i % 251)
const PLAYLIST = new TextEncoder().encode('#EXTM3U\n')
const FILES = new Map([['720p/seg3.m4s', SEGMENT], ['main.m3u8', PLAYLIST], ['k.key', new Uint8Array(16)]])
const fragment: Wanted = { url: `${BASE}720p/seg3.m4s`, type: 'fragment' }
const playlist: Wanted = { url: `${BASE}main.m3u8`, type: 'playlist' }

export function compliance (adapter: Adapter): void {
  const seats: Seat[] = []

  async function bench (node?: NodeSource, media: Media = MEDIA) {
    const content = new StubContent(FILES)
    content.pieces = 10_000
    const origin = stubOrigin(FILES)
    const clock = new ManualClock(1_700_000_000_000)
    clock.advance(1000)
    const fallbacks: FallbackReport[] = []
    const requests: RequestReport[] = []
    const options = {
      base: BASE, clock, media,
      onfallback: (report: FallbackReport) => { fallbacks.push(report) },
      onrequest: (report: RequestReport) => { requests.push(report) }
    }
    const seat = node === undefined
      ? await adapter.seat(undefined, { ...options, content: content.asContent() }, origin)
      : await adapter.seat(node, { ...options, link: 'shoal:x' }, origin)
    seats.push(seat)
    await settled()
    return { content, origin, clock, fallbacks, requests, seat }
  }
  const nodeOf = (content: StubContent): Shoal => ({ open: () => Promise.resolve(content.asContent()) }) as unknown as Shoal

  describe(`${adapter.name}: compliance`, () => {
    afterEach(() => { for (const seat of seats.splice(0)) seat.end?.() })

    it('takes fragments through the content', async () => {
      const { content, origin, requests, seat } = await bench()
      const got = await seat.load(fragment).done
      expect(got).to.include({ kind: 'success', status: 200 })
      expect(got.bytes).to.deep.equal(SEGMENT)
      expect(origin.asked).to.have.length(0)
      expect(content.reads.map(read => read.path)).to.deep.equal(['720p/seg3.m4s'])
      expect(requests.map(({ path, via, bytes }) => [path, via, bytes])).to.deep.equal([['720p/seg3.m4s', 'shoal', BYTES]])
    })

    it('asks the origin at once while there is no node', async () => {
      const { origin, seat } = await bench(() => undefined)
      const got = await seat.load(fragment).done
      expect(got.bytes).to.deep.equal(SEGMENT)
      expect(origin.asked).to.have.length(1)
    })

    it('hands the origin\'s bytes on untouched, whatever they are', async () => {
      const { origin, seat } = await bench(() => undefined)
      origin.answers.push(() => new Response('other bytes'))
      const got = await seat.load(fragment).done
      expect(new TextDecoder().decode(got.bytes)).to.equal('other bytes')
    })

    it('asks the origin when the node fails, and says so', async () => {
      const { origin, fallbacks, seat } = await bench(Promise.reject(new Error('no WebRTC')))
      expect((await seat.load(fragment).done).bytes).to.deep.equal(SEGMENT)
      expect(origin.asked).to.have.length(1)
      expect(fallbacks.map(report => report.reason)).to.deep.equal(['no-content'])
    })

    it('goes through the content once it is open', async () => {
      const content = new StubContent(FILES)
      const nodes: Shoal[] = []
      const { origin, seat } = await bench(() => nodes[0])
      await seat.load(fragment).done
      nodes.push(nodeOf(content))
      await seat.load(fragment).done
      await settled()
      await seat.load(fragment).done
      expect(content.reads.length).to.be.above(0)
      expect(origin.asked.length + content.reads.length).to.equal(3)
    })

    it('takes the query for none of the path, and other URLs for none of its business', async () => {
      const { content, origin, requests, seat } = await bench()
      await seat.load({ ...fragment, url: `${fragment.url}?token=1` }).done
      expect(content.reads.map(read => read.path)).to.deep.equal(['720p/seg3.m4s'])
      origin.answers.push(() => new Response('ad'))
      const got = await seat.load({ ...fragment, url: 'https://ads.example.com/show/720p/seg3.m4s' }).done
      expect(new TextDecoder().decode(got.bytes)).to.equal('ad')
      expect(content.reads).to.have.length(1)
      expect(requests.filter(({ via }) => via === 'shoal')).to.have.length(1)
    })

    it('tells contents by what of the query is significant', async () => {
      const { content, seat } = await bench()
      content.policy = { significantQuery: ['sq'] }
      content.files.set('720p/seg3.m4s?sq=7', PLAYLIST)
      expect((await seat.load({ ...fragment, url: `${fragment.url}?token=1&sq=7` }).done).bytes).to.deep.equal(PLAYLIST)
    })

    it('asks the origin for playlists, and keeps a copy for others', async () => {
      const { content, origin, seat } = await bench()
      expect((await seat.load(playlist).done).bytes).to.deep.equal(PLAYLIST)
      expect(origin.asked).to.have.length(1)
      await settled()
      expect(content.reads).to.deep.equal([{ path: 'main.m3u8', options: {} }])
    })

    it('keeps no copy of a live content’s playlists, which come by themselves', async () => {
      const { content, seat } = await bench()
      content.summary = { live: {} }
      expect((await seat.load(playlist).done).bytes).to.deep.equal(PLAYLIST)
      await settled()
      expect(content.reads).to.deep.equal([])
    })

    for (const [what, answer] of [
      ['answers with an error', () => new Response('down', { status: 503 })],
      ['cannot be reached, or refuses by CORS', () => { throw new TypeError('Failed to fetch') }]
    ] as const) {
      it(`asks the content for playlists when the origin ${what}`, async () => {
        const { origin, fallbacks, seat } = await bench()
        origin.answers.push(answer)
        const got = await seat.load(playlist).done
        expect(got).to.include({ kind: 'success', status: 200 })
        expect(got.bytes).to.deep.equal(PLAYLIST)
        expect(fallbacks.map(report => [report.to, report.reason])).to.deep.equal([['shoal', 'origin-failed']])
      })
    }

    if (adapter.keys) it('leaves keys alone', async () => {
      const { content, origin, seat } = await bench()
      expect((await seat.load({ url: `${BASE}k.key`, type: 'key' }).done).bytes).to.have.length(16)
      expect(origin.asked).to.have.length(1)
      expect(content.reads).to.have.length(0)
    })

    it('cuts to the byte range, through the content and from the origin', async () => {
      for (const node of [undefined, () => undefined]) {
        const { seat } = await bench(node)
        const got = await seat.load({ ...fragment, range: [10, 2000] }).done
        expect(got).to.include({ kind: 'success', status: 206 })
        expect(got.bytes).to.deep.equal(SEGMENT.subarray(10, 2000))
      }
    })

    it('goes to the origin when a read breaks, and gives every byte once', async () => {
      const { content, fallbacks, seat } = await bench()
      content.breakAfter = 20_000
      const got = await seat.load(fragment).done
      expect(got.kind).to.equal('success')
      expect(got.bytes).to.deep.equal(SEGMENT)
      expect(fallbacks[0]).to.include({ path: '720p/seg3.m4s', from: 'shoal', to: 'origin', reason: 'failed' })
    })

    it('goes to the origin when the content lacks the path', async () => {
      const { content, origin, seat } = await bench()
      content.files.clear()
      expect((await seat.load(fragment).done).bytes).to.deep.equal(SEGMENT)
      expect(origin.asked).to.have.length(1)
    })

    it('gives the origin\'s bytes where they are not the manifest\'s and nobody has those, at once', async () => {
      const { content, origin, fallbacks, seat } = await bench()
      content.mismatched = true
      content.stats.connected = 0
      origin.answers.push(() => new Response('changed'))
      const got = await seat.load(fragment).done
      expect(new TextDecoder().decode(got.bytes)).to.equal('changed')
      expect(fallbacks.map(report => report.reason)).to.deep.equal(['mismatch'])
    })

    it('goes to the origin when the swarm stays silent', async () => {
      const { content, clock, origin, fallbacks, seat } = await bench()
      content.silent = true
      const { done } = seat.load(fragment)
      await settled()
      clock.advance(2400)
      await settled()
      expect(origin.asked).to.have.length(0)
      clock.advance(8000)
      expect((await done).bytes).to.deep.equal(SEGMENT)
      expect(fallbacks.map(report => report.reason)).to.deep.equal(['stalled'])
    })

    it('comes back to a slow swarm when the origin is gone', async () => {
      const { content, clock, origin, fallbacks, seat } = await bench()
      content.silent = true
      const { done } = seat.load(fragment)
      await settled()
      origin.answers.push(() => new Response('down', { status: 503 }))
      content.silent = false
      clock.advance(10_000)
      expect((await done).bytes).to.deep.equal(SEGMENT)
      expect(fallbacks.map(report => report.reason)).to.deep.equal(['stalled', 'origin-failed'])
    })

    it('gives the origin\'s status as the error when nobody has it', async () => {
      const { seat } = await bench()
      expect(await seat.load({ ...fragment, url: `${BASE}none.m4s` }).done).to.include({ kind: 'error', status: 404 })
    })

    it('gives an error of the network as the player knows it', async () => {
      const { origin, seat } = await bench()
      origin.answers.push(() => { throw new TypeError('Failed to fetch') })
      expect(await seat.load({ ...fragment, url: `${BASE}none.m4s` }).done).to.include({ kind: 'error', status: 0 })
    })

    it('stops reading when the player aborts', async () => {
      const { content, seat } = await bench()
      content.silent = true
      const { done, abort } = seat.load(fragment)
      await settled()
      abort()
      expect((await done).kind).to.equal('abort')
      await settled()
      expect(content.reads[0]?.options.signal?.aborted).to.equal(true)
    })

    it('stops the origin when the player aborts', async () => {
      const { origin, seat } = await bench(() => undefined)
      origin.answers.push(() => new Promise<never>(() => {}))
      const { done, abort } = seat.load(fragment)
      await settled()
      abort()
      expect((await done).kind).to.equal('abort')
      expect(origin.asked[0]?.signal.aborted).to.equal(true)
    })

    it('starts a node behind the first fragment, not behind a playlist, and once', async () => {
      const content = new StubContent(FILES)
      let calls = 0
      const { origin, seat } = await bench(() => { calls++; return Promise.resolve(nodeOf(content)) })
      await seat.load(playlist).done
      await settled()
      expect(calls).to.equal(0)
      await seat.load(fragment).done
      await settled()
      expect([calls, origin.asked.length]).to.deep.equal([1, 2])
      // the playlist's copy for others could not be made before
      expect(content.reads).to.deep.equal([{ path: 'main.m3u8', options: {} }])
      expect((await seat.load(fragment).done).bytes).to.deep.equal(SEGMENT)
      expect([calls, origin.asked.length]).to.deep.equal([1, 2])
    })

    it('starts a node when the origin is gone before anything came of it', async () => {
      const content = new StubContent(FILES)
      const { origin, seat } = await bench(() => Promise.resolve(nodeOf(content)))
      origin.answers.push(() => new Response('down', { status: 503 }))
      expect((await seat.load(fragment).done).bytes).to.deep.equal(SEGMENT)
      expect(content.reads).to.have.length(1)
    })

    it('calls for a node again when none came, and not before it may help', async () => {
      const content = new StubContent(FILES)
      let calls = 0
      const { clock, fallbacks, seat } = await bench(() => {
        calls++
        return calls === 1 ? Promise.reject(new Error('no storage')) : Promise.resolve(nodeOf(content))
      })
      for (const [ms, expected] of [[0, 1], [9_999, 1], [1, 2]] as const) {
        clock.advance(ms)
        await seat.load(fragment).done
        await settled()
        expect(calls).to.equal(expected)
      }
      expect(fallbacks.map(report => report.reason)).to.deep.equal(['no-content'])
    })

    if (adapter.sees) it('gives the content what came past it, once that is open', async () => {
      const content = new StubContent(FILES)
      const { origin, seat } = await bench(() => Promise.resolve(nodeOf(content)))
      const whole = seat.load({ ...fragment, url: `${fragment.url}?token=1` }).done
      const part = seat.load({ ...fragment, range: [100, 300] }).done
      // players give their copies away
      for (const got of await Promise.all([whole, part])) got.bytes?.fill(0)
      await settled()
      expect(origin.asked).to.have.length(2)
      expect(content.offers).to.deep.equal([
        { path: '720p/seg3.m4s', bytes: SEGMENT, start: 0 }, { path: '720p/seg3.m4s', bytes: SEGMENT.subarray(100, 300), start: 100 }
      ])
      await seat.load(fragment).done
      expect(content.offers).to.have.length(2)
    })

    if (!adapter.timed) return

    it('starts a node when the first frame can be shown, or will not be for a while', async () => {
      for (const [readyState, ms] of [[3, 550], [1, 1_500]] as const) {
        const media = { ...MEDIA, readyState: 1 }
        let calls = 0
        const { clock, seat } = await bench(() => { calls++; return new Promise<Shoal>(() => {}) }, media)
        await seat.load(fragment).done
        for (let at = 0; at < 500; at += 50) { clock.advance(50); await settled() }
        media.readyState = readyState
        for (let at = 500; at < ms; at += 50) { expect(calls).to.equal(0); clock.advance(50); await settled() }
        expect(calls).to.equal(1)
      }
    })

    it('knows that what a player asks for first is due at once, though it stands elsewhere', async () => {
      const { content, seat } = await bench(undefined, { ...MEDIA, readyState: 0 })
      await seat.load(fragment).done
      expect(content.reads[0]?.options.deadline).to.equal(0)
    })

    it('waits longer for the content where the origin has shown that it is quick', async () => {
      const media = { ...MEDIA, currentTime: START }
      const { clock, origin, seat } = await bench(new Promise<Shoal>(() => {}), media)
      await seat.load(fragment).done
      media.currentTime = 0
      const { done } = seat.load(fragment)
      await settled()
      clock.advance(START * 1000 - APPEND_MARGIN_MS - ORIGIN_RESERVE_MIN_MS - 1)
      await settled()
      expect(origin.asked).to.have.length(1)
      clock.advance(1)
      expect((await done).bytes).to.deep.equal(SEGMENT)
    })

    it('gives the deadline by the playhead', async () => {
      const { content, seat } = await bench()
      await seat.load(fragment).done
      expect(content.reads[0]?.options.deadline).to.be.within(1, START * 1000)
    })

    it('lets a fragment that is not due wait for the content, but not longer than the origin can still be in time', async () => {
      const { clock, origin, seat } = await bench(new Promise<Shoal>(() => {}))
      const { done } = seat.load(fragment)
      await settled()
      expect(origin.asked).to.have.length(0)
      clock.advance(START * 1000 - 2000)
      expect((await done).bytes).to.deep.equal(SEGMENT)
    })

    it('does not take memory or a neighbour for bandwidth', async () => {
      const { content, seat } = await bench()
      for (const source of ['store', 'peer'] as const) {
        content.source = source
        const { rate } = await seat.load(fragment).done
        expect(rate).to.be.closeTo(PEER_RATE_CEILING * BYTES / (SECONDS * 1000), 1)
      }
    })

    it('does not take patience for a slow network', async () => {
      const { content, clock, seat } = await bench()
      await seat.load(fragment).done
      content.held = new Promise(resolve => { clock.after(8000, resolve) })
      const { done } = seat.load(fragment)
      await settled()
      clock.advance(8000)
      expect((await done).rate).to.be.closeTo(PEER_RATE_CEILING * BYTES / (SECONDS * 1000), 1)
    })

    it('takes what the origin delivered as it was', async () => {
      const { clock, origin, seat } = await bench(() => undefined)
      origin.answers.push(() => new Response(slowly(clock, SEGMENT, 1000)))
      const { done } = seat.load(fragment)
      for (let i = 0; i < 20; i++) { await settled(); clock.advance(100) }
      expect((await done).rate).to.be.closeTo(BYTES / 1000, BYTES / 1000 * 0.3)
    })
  })
}

/** In ten pieces over `ms`. */
function slowly (clock: ManualClock, bytes: Uint8Array, ms: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0
  return new ReadableStream({
    async pull (controller) {
      if (at >= bytes.length) { controller.close(); return }
      if (at > 0) await new Promise<void>(resolve => { clock.after(ms / 10, resolve) })
      controller.enqueue(bytes.slice(at, at + bytes.length / 10))
      at += bytes.length / 10
    }
  })
}
