import { expect } from 'chai'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DemoState, ViewerReport } from '../src/reports.js'
import { cut, timescales } from '../src/servers/fragments.js'
import { liveStream } from '../src/servers/live.js'
import { startOrigin, type OriginServer } from '../src/servers/origin.js'
import { startPage } from '../src/servers/page.js'
import type { Listening } from '../src/servers/http.js'

const MEDIA = join(import.meta.dirname, '..', '..', 'media', 'stream')

describe('demo: servers', () => {
  let origin: OriginServer
  let page: Listening
  const relay = { down: false, async set (down: boolean) { this.down = down } }

  before(async () => {
    origin = await startOrigin(async path => path.includes('/../') ? undefined : await readFile(join(MEDIA, path)).catch(() => undefined))
    const show = { link: 'shoal:x', origin: origin.url, playlist: 'main.m3u8', node: 'n' }
    const config = { shows: { film: show, live: show, low: show, files: show }, bootstrap: [], relay: 'r' }
    page = await startPage({ port: 0, files: new Map([['index.html', new TextEncoder().encode('<p>hello')]]), config, origin, relay })
  })

  after(async () => {
    await page.close()
    await origin.close()
  })

  const post = async (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
    await fetch(page.url + path, { method: 'POST', body: JSON.stringify(body), headers })

  it('serves ranges with CORS and counts what it sends', async () => {
    const whole = await (await fetch(`${origin.url}720p/seg00.m4s`)).bytes()
    const part = await fetch(`${origin.url}720p/seg00.m4s`, { headers: { Range: 'bytes=10-19' } })
    expect(part.status).to.equal(206)
    expect(part.headers.get('content-range')).to.equal(`bytes 10-19/${whole.length}`)
    expect(part.headers.get('access-control-allow-origin')).to.equal('*')
    expect(await part.bytes()).to.deep.equal(whole.slice(10, 20))
    expect(origin.sent.get('720p/seg00.m4s')).to.equal(whole.length + 10)
  })

  it('gives nothing from outside its folder', async () => {
    for (const path of ['..%2f..%2fpackage.json', '%2e%2e/README.md', 'make/make.js', '%00', '%']) {
      expect((await fetch(origin.url + path)).status, path).to.equal(404)
    }
    expect((await fetch(`${origin.url}720p/seg00.m4s`, { headers: { Range: 'bytes=99999999-' } })).status).to.equal(416)
  })

  it('is switched off and on by the page, and not by another site', async () => {
    expect((await post('network', { down: true }, { 'Sec-Fetch-Site': 'cross-site' })).status).to.equal(403)
    expect(origin.down).to.equal(false)
    await post('network', { down: true })
    expect((await fetch(`${origin.url}main.m3u8`)).status).to.equal(503)
    const state = await (await post('network', { down: false })).json() as DemoState
    expect(state.origin.down).to.equal(false)
    expect((await fetch(`${origin.url}main.m3u8`)).status).to.equal(200)
  })

  it('is slowed down, all answers together, and the relay is killed', async () => {
    const rate = 1_000_000
    const state = await (await post('network', { rate, relayDown: true })).json() as DemoState
    expect([state.origin.rate, state.relay.down, relay.down]).to.deep.equal([rate, true, true])
    const began = performance.now()
    const bodies = await Promise.all(['720p/seg00.m4s', '720p/seg01.m4s'].map(async path => await (await fetch(origin.url + path)).bytes()))
    const bytes = bodies.reduce((sum, { length }) => sum + length, 0)
    expect(bytes / (performance.now() - began) * 1000).to.be.at.most(rate * 1.1)
    for (const body of [{ rate: -1 }, { rate: 'fast' }, { relayDown: 1 }, {}]) expect((await post('network', body)).status).to.equal(400)
    await post('network', { rate: 0, relayDown: false })
    expect([origin.rate, relay.down]).to.deep.equal([Infinity, false])
  })

  it('collects what viewers report, forgets those who leave, refuses nonsense', async () => {
    const report: ViewerReport = { id: 'v1', show: 'film', fromViewers: 1, fromNode: 2, fromOrigin: 3, given: 4, peers: [] }
    expect((await (await post('viewer', report)).json() as DemoState).viewers).to.deep.equal([report])
    for (const body of [null, 7, {}, { ...report, id: 'x'.repeat(200) }, { ...report, fromNode: 'many' }, { ...report, show: 'x' }, 'x'.repeat(70_000)]) {
      expect((await post('viewer', body)).status).to.equal(400)
    }
    expect((await (await post('goodbye', { id: 'v1' })).json() as DemoState).viewers).to.deep.equal([])
  })

  it('lets the page reach nothing but itself, its origin and nodes', async () => {
    const response = await fetch(page.url)
    expect(response.headers.get('content-security-policy')).to.contain(`connect-src 'self' ws: ${new URL(origin.url).origin}`)
    expect(await response.text()).to.equal('<p>hello')
    expect((await fetch(`${page.url}nothing.js`)).status).to.equal(404)
  })
})

describe('demo: live streams', () => {
  const none = new URLSearchParams()
  const text = async (bytes: Promise<Uint8Array | undefined>): Promise<string> => new TextDecoder().decode(await bytes)

  /** Where each track of each fragment begins, in seconds. */
  function begins (bytes: Uint8Array, scales: readonly number[]): number[] {
    const times: number[] = []
    const view = new DataView(bytes.buffer, bytes.byteOffset)
    for (let at = 4; at < bytes.length - 16; at++) {
      if (new TextDecoder('latin1').decode(bytes.subarray(at, at + 4)) !== 'tfdt') continue
      times.push(Number(view.getBigUint64(at + 8)) / (scales[times.length % scales.length] as number))
    }
    return times
  }

  it('cuts a segment into parts that have all of it, later than it says', async () => {
    const scales = timescales(await readFile(join(MEDIA, '720p', 'init.mp4')))
    expect(scales).to.deep.equal([12_288, 48_000])
    const segment = await readFile(join(MEDIA, '720p', 'seg01.m4s'))
    const parts = cut(segment, scales, { parts: 4, seconds: 4, shift: 92, first: 1 })
    for (const [n, part] of parts.entries()) {
      for (const at of begins(part, scales)) expect(at).to.be.closeTo(96 + n, 0.1)
    }
    // what is in them is what was in it: the rest are a few boxes
    expect(parts.reduce((sum, { length }) => sum + length, 0)).to.be.within(segment.length, segment.length + 600)
    expect(() => cut(segment.subarray(0, 100), scales, { parts: 1, seconds: 4, shift: 0, first: 1 })).to.throw()
  })

  it('lists what is there, in parts where it should, and waits for what is asked for by number', async () => {
    const [live, low] = [await liveStream(MEDIA, false), await liveStream(MEDIA, true)]
    const playlist = await text(live('720p/index.m3u8', none))
    expect(playlist).to.not.contain('EXT-X-PART')
    const listed = playlist.split('\n').filter(line => line.endsWith('.m4s'))
    expect(listed.length).to.equal(8)
    const last = listed.at(-1) as string
    expect((await live(`720p/${last}`, none))?.length).to.be.above(10_000)
    expect(await live(`720p/${last.replace('.m4s', '.0.m4s')}`, none)).to.equal(undefined)
    expect(await live('720p/seg9999.m4s', none)).to.equal(undefined)
    const first = await text(low('720p/index.m3u8', none))
    const parts = (playlist: string): string[] => [...playlist.matchAll(/EXT-X-PART:.*(seg\d+\.\d\.m4s)/g)].map(found => found[1] as string)
    const hinted = (playlist: string): string | undefined => /EXT-X-PRELOAD-HINT:TYPE=PART,URI="(.*)"\n$/.exec(playlist)?.[1]
    const [, segment, part] = /seg(\d+)\.(\d)\.m4s/.exec(parts(first).at(-1) as string) as unknown as [string, string, string]
    const next = Number(segment) * 4 + Number(part) + 1
    const name = `seg${Math.floor(next / 4)}.${next % 4}.m4s`
    expect(parts(first)).to.not.include(name)
    expect(hinted(first)).to.equal(name)
    const soon = await low(`720p/${name}`, none)
    const later = await text(low('720p/index.m3u8', new URLSearchParams({ _HLS_msn: String(Math.floor(next / 4)), _HLS_part: String(next % 4) })))
    expect(parts(later)).to.include(name)
    expect(soon).to.deep.equal(await low(`720p/${name}`, none))
    expect(soon?.length).to.be.above(0)
    const whole = Buffer.concat(await Promise.all([0, 1, 2, 3].map(async n => await low(`720p/seg6.${n}.m4s`, none) as Uint8Array)))
    expect(whole.equals(await low('720p/seg6.m4s', none) as Uint8Array)).to.equal(true)
  })
})
