import { expect } from 'chai'
import { join } from 'node:path'
import type { DemoState, ViewerReport } from '../src/reports.js'
import { startOrigin, type OriginServer } from '../src/servers/origin.js'
import { startPage } from '../src/servers/page.js'
import type { Listening } from '../src/servers/http.js'

const MEDIA = join(import.meta.dirname, '..', '..', 'media', 'stream')

describe('demo: servers', () => {
  let origin: OriginServer
  let page: Listening

  before(async () => {
    origin = await startOrigin(MEDIA)
    const config = { link: 'shoal:x', origin: origin.url, playlist: 'main.m3u8', bootstrap: [], node: 'n' }
    page = await startPage({ port: 0, files: new Map([['index.html', new TextEncoder().encode('<p>hello')]]), config, origin })
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
    expect((await post('origin', { down: true }, { 'Sec-Fetch-Site': 'cross-site' })).status).to.equal(403)
    expect(origin.down).to.equal(false)
    await post('origin', { down: true })
    expect((await fetch(`${origin.url}main.m3u8`)).status).to.equal(503)
    const state = await (await post('origin', { down: false })).json() as DemoState
    expect(state.origin.down).to.equal(false)
    expect((await fetch(`${origin.url}main.m3u8`)).status).to.equal(200)
  })

  it('collects what viewers report, forgets those who leave, refuses nonsense', async () => {
    const report: ViewerReport = { id: 'v1', fromViewers: 1, fromNode: 2, fromOrigin: 3, peers: [] }
    expect((await (await post('viewer', report)).json() as DemoState).viewers).to.deep.equal([report])
    for (const body of [null, 7, {}, { ...report, id: 'x'.repeat(200) }, { ...report, fromNode: 'many' }, 'x'.repeat(70_000)]) {
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
