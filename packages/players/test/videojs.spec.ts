import { ManualClock } from '@shoal/base'
import { expect } from 'chai'
import { attachVideoJs } from '../src/videojs/index.js'
import { settled } from './seat.js'
import { BASE, StubContent } from './stubs.js'
import type { Vhs, VhsCallback, VhsOptions, VhsXhr, VideoJsPlayer } from '../src/videojs/types.js'

const PATH = 'video/1.m4s'

describe('videojs', () => {
  function bench (content?: StubContent) {
    let ready = (): void => {}
    const sources: Vhs[] = []
    const underlying: { options: VhsOptions, callback: VhsCallback, request: VhsXhr }[] = []
    const player: VideoJsPlayer = {
      on (_event, listener) { ready = listener }, off () { ready = () => {} }, tech: () => ({ vhs: sources.at(-1), el: () => null })
    }
    const source = (): Vhs => {
      const xhr = Object.assign((options: VhsOptions, callback: VhsCallback): VhsXhr => {
        const request = Object.assign(new EventTarget(), {
          response: null as unknown, responseText: '', responseType: '', responseURL: '', status: 0, statusText: '', abort () {}
        })
        underlying.push({ options, callback, request })
        return request
      }, { hooks: [] as string[] })
      sources.push({ xhr, playlists: { media: () => ({ segments: [{ resolvedUri: BASE + PATH, duration: 6 }] }) } })
      ready()
      return sources.at(-1) as Vhs
    }
    const options = content === undefined ? { link: 'shoal:x' } : { content: content.asContent() }
    const detach = attachVideoJs(player, undefined, { base: BASE, clock: new ManualClock(), ...options })
    return { source, underlying, detach, again: () => { ready() } }
  }
  const segment = { uri: BASE + PATH, requestType: 'segment', responseType: 'arraybuffer' }

  it('stands before the xhr of each source, once, and hooks set on it reach the original', () => {
    const { source, underlying, again, detach } = bench()
    const vhs = source()
    const { xhr } = vhs
    again()
    expect(vhs.xhr).to.equal(xhr)
    const hooked = xhr as unknown as { hooks: string[] }
    hooked.hooks.push('onRequest')
    expect(hooked.hooks).to.deep.equal(['onRequest'])
    const second = source()
    second.xhr({ uri: 'https://ads.example.com/', requestType: 'segment' }, () => {})
    expect(underlying).to.have.length(1)
    detach()
    const third = source()
    expect(third.xhr({ ...segment }, () => {})).to.equal(underlying.at(-1)?.request)
  })

  it('hands on the progress of the origin, by which VHS gives up a rung', async () => {
    const { source, underlying } = bench()
    const shown = source().xhr(segment, () => {})
    const seen: [number, EventTarget | null][] = []
    shown.addEventListener('progress', event => { seen.push([(event as ProgressEvent).loaded, event.target]) })
    await settled()
    underlying[0]?.request.dispatchEvent(Object.assign(new Event('progress'), { loaded: 5, total: 10, lengthComputable: true }))
    expect(seen).to.deep.equal([[5, shown]])
  })

  it('hands on that the origin took too long', async () => {
    const { source, underlying } = bench()
    const told: [unknown, boolean | undefined][] = []
    source().xhr(segment, (error, request) => { told.push([error, request.timedout]) })
    await settled()
    const [{ callback, request }] = underlying as [typeof underlying[0]]
    const late = new Error('timeout')
    callback(late, Object.assign(request, { timedout: true }))
    await settled()
    expect(told).to.deep.equal([[late, true]])
  })

  it('takes the bit rate from the playlist', async () => {
    const content = new StubContent(new Map([[PATH, new Uint8Array(60_000)]]))
    const { source } = bench(content)
    const vhs = source()
    await settled()
    const shown = await new Promise<VhsXhr>(resolve => { vhs.xhr(segment, (_error, request) => { resolve(request) }) })
    expect(shown.bandwidth).to.be.closeTo(3 * 80_000, 2_000)
    expect(shown.bytesReceived).to.equal(60_000)
  })
})
