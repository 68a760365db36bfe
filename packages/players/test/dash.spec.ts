import { ManualClock } from '@shoal/base'
import { expect } from 'chai'
import { DashLoads } from '../src/dash/loads.js'
import { Deliverer } from '../src/core/deliverer.js'
import { settled } from './seat.js'
import { BASE, StubContent } from './stubs.js'
import type { DashLoader, DashRequest, DashResponse } from '../src/dash/types.js'

const PATH = 'video/1.m4s'

describe('dash', () => {
  async function bench () {
    const content = new StubContent(new Map([[PATH, new Uint8Array(1000)]]))
    const clock = new ManualClock()
    const media = { currentTime: 0, playbackRate: 1 }
    const loads = new DashLoads(new Deliverer(undefined, { base: BASE, clock, media, content: content.asContent() }))
    const heard: string[] = []
    const parent: DashLoader = {
      load: () => { heard.push('load') }, abort: () => { heard.push('abort') }, reset: () => { heard.push('reset') }
    }
    const loader = loads.extend(parent)
    const request: DashRequest = {
      url: BASE + PATH,
      method: 'GET',
      responseType: 'arraybuffer',
      customData: {
        request: { type: 'MediaSegment', startTime: 20, duration: 4 }, onloadend: () => { heard.push('loadend') }, onabort: () => { heard.push('aborted') }
      }
    }
    const response: DashResponse = { request }
    await settled()
    return { content, loads, parent, loader, request, response, heard }
  }

  it('is the loader that dash.js makes of both, and still reaches what it replaced', async () => {
    const { parent, loader, request, heard } = await bench()
    // FactoryMaker puts the extension into the parent
    Object.assign(parent, loader)
    parent.load({ ...request, url: 'https://time.example.com/' }, { request })
    expect(heard).to.deep.equal(['load'])
  })

  it('tells dash.js how long a delivery took before it measures it', async () => {
    const { loads, loader, request, response } = await bench()
    loader.load(request, response)
    await settled()
    const fragment = request.customData.request
    Object.assign(fragment, { startDate: new Date(99_000), endDate: new Date(100_000) })
    loads.timed(response)
    // 1,000 bytes at three times the segment's 250 B/s, after 10 ms
    expect(fragment.endDate?.getTime()).to.equal(100_000)
    expect(fragment.firstByteDate?.getTime()).to.be.closeTo(100_000 - 1333, 2)
    expect(fragment.startDate?.getTime()).to.be.closeTo(100_000 - 1343, 2)
  })

  it('ends its reads when dash.js resets the loader', async () => {
    const { content, loader, request, response, heard } = await bench()
    content.silent = true
    loader.load(request, response)
    await settled()
    loader.reset()
    await settled()
    expect(content.reads[0]?.options.signal?.aborted).to.equal(true)
    expect(heard).to.deep.equal(['aborted', 'reset'])
  })
})
