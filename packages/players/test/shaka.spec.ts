import { ManualClock } from '@shoal/base'
import { expect } from 'chai'
import { attachShaka } from '../src/shaka/index.js'
import { settled } from './seat.js'
import { shakaStub } from './shaka-stubs.js'
import { BASE, StubContent, stubOrigin } from './stubs.js'

const MANIFEST = 0
const SEGMENT = 1
const PATH = 'video/1.m4s'
const BYTES = new Uint8Array(1000).fill(7)
const context = { type: 1, segment: { getStartTime: () => 20, getEndTime: () => 24 } }

describe('shaka', () => {
  function bench () {
    const content = new StubContent(new Map([[PATH, BYTES]]))
    const origin = stubOrigin(new Map([[PATH, BYTES], ['main.mpd', BYTES]]))
    const clock = new ManualClock()
    const stub = shakaStub(origin.fetch, clock)
    const media = { currentTime: 0, playbackRate: 1 }
    const detach = attachShaka(stub.shaka, stub.player, undefined, { base: BASE, clock, media, content: content.asContent() })
    return { content, origin, clock, stub, detach }
  }

  it('shows signs of life while Shoal takes its time, which no estimate sees, and none afterwards', async () => {
    const { content, clock, stub } = bench()
    await settled()
    content.silent = true
    const { operation, progress } = stub.request(BASE + PATH, SEGMENT, context)
    await settled()
    clock.advance(5000)
    expect(progress).to.deep.equal(Array.from({ length: 5 }, () => [0, 0]))
    await operation.abort()
    await operation.promise.catch(() => {})
    clock.advance(5000)
    expect(progress).to.have.length(5)
  })

  it('leaves requests of other players to Shaka, and its own once it is detached', async () => {
    const { content, origin, stub, detach } = bench()
    await settled()
    const other = shakaStub(origin.fetch, new ManualClock())
    await other.request(BASE + PATH, SEGMENT, context).operation.promise
    expect(content.reads).to.have.length(0)
    await stub.request(BASE + PATH, SEGMENT, context).operation.promise
    expect(content.reads).to.have.length(1)
    detach()
    await stub.request(BASE + PATH, SEGMENT, context).operation.promise
    expect(content.reads).to.have.length(1)
    expect(origin.asked).to.have.length(2)
  })

  it('leaves HEAD and ranges that it does not know alone', async () => {
    const { content, origin, stub } = bench()
    await settled()
    await stub.request(BASE + PATH, SEGMENT, context, {}, { method: 'HEAD' }).operation.promise
    await stub.request(BASE + PATH, SEGMENT, context, { Range: 'bytes=-5' }).operation.promise
    expect(content.reads).to.have.length(0)
    expect(origin.asked).to.have.length(2)
  })

  it('hands on what Shaka itself answers, headers and all', async () => {
    const { stub } = bench()
    await settled()
    const { headers, status } = await stub.request(`${BASE}main.mpd`, MANIFEST, {}).operation.promise
    expect(headers['age']).to.equal('12')
    expect(status).to.equal(200)
  })

  it('asks for an init segment without a place in time', async () => {
    const { content, stub } = bench()
    await settled()
    await stub.request(BASE + PATH, SEGMENT, { ...context, type: 0 }).operation.promise
    expect(content.reads[0]?.options.deadline).to.equal(1000)
  })

  it('counts a segment as needed at once while nothing can be shown', async () => {
    const { content, origin, clock } = bench()
    const element = { currentTime: 0, playbackRate: 1, readyState: 0 } as HTMLMediaElement
    const stub = shakaStub(origin.fetch, clock, element)
    attachShaka(stub.shaka, stub.player, undefined, { base: BASE, clock, content: content.asContent() })
    await settled()
    await stub.request(BASE + PATH, SEGMENT, context).operation.promise
    expect(content.reads[0]?.options.deadline).to.equal(0)
  })
})
