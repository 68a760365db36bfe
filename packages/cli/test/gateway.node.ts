import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { expect } from 'chai'
import fc from 'fast-check'
import { BlockMismatchError, OriginError, UnavailableError } from '@shoal/interface'
import { type Gateway, MAX_ACTIVE_REQUESTS, startGateway } from '../src/gateway/gateway.js'
import { GatewayContents } from '../src/gateway/contents.js'
import { parseContentPath } from '../src/gateway/content-route.js'
import { parseRange } from '../src/gateway/range.js'
import { StubContent, StubNode } from './support/stub-node.js'
import { until } from './support/until.js'

const BYTES = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)
const SHOW = new Map([['index.html', new TextEncoder().encode('<h1>x</h1>')], ['720p/seg 1.m4s', BYTES], ['empty.txt', new Uint8Array()]])

interface Answer { readonly status: number, readonly headers: IncomingHttpHeaders, readonly body: Buffer }

/** A request as typed: `fetch` would tidy up paths and headers. */
async function ask (url: string, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { hostname, port } = new URL(url)
  return await new Promise((resolve, reject) => {
    httpRequest({ host: hostname, port, path, method, headers, agent: false }, response => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => { resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }) })
    }).on('error', reject).end()
  })
}

function code ({ body }: Answer): string {
  return (JSON.parse(body.toString()) as { error: { code: string } }).error.code
}

describe('gateway', () => {
  let show: StubContent
  let file: StubContent
  let bare: StubContent
  let node: StubNode
  let gateway: Gateway
  const logged: string[] = []

  beforeEach(async () => {
    show = new StubContent('show', SHOW)
    file = new StubContent('file', new Map([['film.mp4', BYTES]]), 'file')
    bare = new StubContent('bare', new Map([['a/<b>.txt', BYTES]]))
    node = new StubNode({}, [show, file, bare])
    gateway = await startGateway({ address: '127.0.0.1:0', node, version: '1.2.3', log: line => { logged.push(line) } })
  })

  afterEach(async () => { await gateway.close() })

  const get = async (path: string, headers?: Record<string, string>, method?: string): Promise<Answer> =>
    await ask(gateway.url, path, headers, method)

  it('gives a segment with what caches need', async () => {
    const answer = await get('/shoal/show/720p/seg%201.m4s')
    expect(answer.status).to.equal(200)
    expect(answer.body.equals(BYTES)).to.equal(true)
    expect(answer.headers).to.include({
      'content-type': 'video/iso.segment',
      'content-length': '1000',
      'accept-ranges': 'bytes',
      'etag': '"cid-720p/seg 1.m4s"',
      'cache-control': 'public, max-age=31536000, immutable',
      'access-control-allow-origin': '*',
      'x-content-type-options': 'nosniff'
    })
    expect(answer.headers['content-security-policy']).to.match(/^sandbox /).and.not.contain('allow-same-origin')
    expect(show.reads[0]).to.have.property('deadline').that.is.a('number')
  })

  const RANGES: [range: string, status: number, start: number, end: number][] = [
    ['bytes=0-0', 206, 0, 1], ['bytes=100-199', 206, 100, 200], ['bytes=990-', 206, 990, 1000], ['bytes=-10', 206, 990, 1000],
    ['bytes=-5000', 206, 0, 1000], ['bytes=500-99999', 206, 500, 1000],
    ['bytes=5-1', 200, 0, 1000], ['items=0-1', 200, 0, 1000], ['bytes=0-1,5-6', 200, 0, 1000], ['bytes=-', 200, 0, 1000]
  ]
  for (const [range, status, start, end] of RANGES) {
    it(`answers ${range} with ${status}`, async () => {
      const answer = await get('/shoal/file', { range })
      expect(answer.status).to.equal(status)
      expect(answer.body.equals(BYTES.subarray(start, end))).to.equal(true)
      expect(answer.headers['content-range']).to.equal(status === 206 ? `bytes ${start}-${end - 1}/1000` : undefined)
    })
  }

  it('answers 416 outside', async () => {
    for (const range of ['bytes=1000-', 'bytes=-0']) {
      const answer = await get('/shoal/file', { range })
      expect(answer.status).to.equal(416)
      expect(answer.headers['content-range']).to.equal('bytes */1000')
    }
    expect((await get('/shoal/show/empty.txt', { range: 'bytes=0-' })).status).to.equal(416)
  })

  it('never reads outside, whatever the range', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`)), fc.nat(5000), (header, size) => {
      const range = parseRange(header, size)
      if (range === undefined || range === 'unsatisfiable') return
      expect(range.start).to.be.within(0, size - 1)
      expect(range.end).to.be.within(range.start + 1, size)
    }))
  })

  it('knows HEAD, If-None-Match and If-Range', async () => {
    const head = await get('/shoal/file', {}, 'HEAD')
    expect(head.status).to.equal(200)
    expect(head.headers['content-length']).to.equal('1000')
    expect(head.body).to.have.length(0)
    expect(file.reads).to.have.length(0)
    const etag = String(head.headers['etag'])
    expect((await get('/shoal/file', { 'if-none-match': `"x", W/${etag}` })).status).to.equal(304)
    expect((await get('/shoal/file', { 'range': 'bytes=0-1', 'if-range': etag })).status).to.equal(206)
    expect((await get('/shoal/file', { 'range': 'bytes=0-1', 'if-range': '"old"' })).status).to.equal(200)
    expect((await get('/shoal/show/empty.txt')).status).to.equal(200)
  })

  it('gives index pages and listings of folders', async () => {
    const redirect = await get('/shoal/show')
    expect(redirect.status).to.equal(308)
    expect(redirect.headers['location']).to.equal('/shoal/show/')
    expect((await get('/shoal/show/')).body.toString()).to.equal('<h1>x</h1>')
    const listing = (await get('/shoal/bare/')).body.toString()
    expect(listing).to.contain('href="./a/%3Cb%3E.txt"').and.contain('a/&#60;b&#62;.txt').and.not.contain('<b>')
  })

  it('takes links, encoded, as well as CIDs', async () => {
    expect((await get('/shoal/shoal%3Ashow/empty.txt')).status).to.equal(200)
    expect((await get('/shoal/shoal:show/empty.txt')).status).to.equal(200)
    expect(parseContentPath('/shoal/shoal%3Akey%2Fname/a/b')).to.deep.equal({ link: 'shoal:key/name', path: 'a/b' })
  })

  it('tells segments apart by the query that the manifest says is significant', async () => {
    const queried = new StubContent('queried', new Map([['seg?sq=1', BYTES.subarray(0, 1)], ['seg', BYTES.subarray(0, 2)]]))
    queried.policy = { significantQuery: ['sq'] }
    node.known.set('queried', queried)
    for (const [path, length] of [['seg?token=a&sq=1', 1], ['seg?token=a', 2], ['seg%3Fsq=1', 1]] as const) {
      expect((await get(`/shoal/queried/${path}`)).body).to.have.length(length)
    }
    expect((await get('/shoal/queried/seg?sq=2')).status).to.equal(404)
  })

  it('refuses paths that climb', async () => {
    for (const path of ['../x', '..%2Fx', 'a/./b', 'a//b', 'a%5Cb', '%00', '%', '%ff']) {
      const answer = await get(`/shoal/show/${path}`)
      expect(answer.status, path).to.equal(400)
      expect(code(answer), path).to.equal('ERR_BAD_PATH')
    }
    expect((await get('/shoal/')).status).to.equal(400)
    expect((await get('/../../etc/passwd')).status).to.equal(404)
  })

  it('has the right status for what went wrong', async () => {
    expect((await get('/shoal/bad/')).status).to.equal(400)
    expect((await get('/shoal/show/none')).status).to.equal(404)
    expect((await get('/shoal/unknown/')).status).to.equal(504)
    expect((await get('/elsewhere')).status).to.equal(404)
    file.failAfter = 0
    for (const [error, status] of [[new UnavailableError('x'), 504], [new OriginError('x', 500), 502], [new BlockMismatchError('x'), 502]] as const) {
      file.failure = error
      expect((await get('/shoal/file')).status, error.name).to.equal(status)
    }
    file.failure = new Error('a secret path')
    const internal = await get('/shoal/file')
    expect(internal.status).to.equal(500)
    expect(internal.body.toString()).to.not.contain('secret')
    expect(logged.join()).to.contain('a secret path')
    const page = await get('/shoal/show/<none>', { accept: 'text/html' })
    expect(page.headers['content-type']).to.contain('text/html')
    expect(page.body.toString()).to.not.contain('<none>')
  })

  it('breaks off, and does not pretend, when bytes fail midway', async () => {
    file.failAfter = 500
    const failure = await get('/shoal/file').then(() => undefined, (error: unknown) => error)
    expect(failure).to.be.instanceOf(Error)
  })

  it('takes GET and HEAD only', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await get('/shoal/file', {}, method)
      expect(answer.status).to.equal(405)
      expect(answer.headers['allow']).to.equal('GET, HEAD')
    }
  })

  it('answers 503 beyond its limit, and recovers', async () => {
    let open = (): void => undefined
    file.gate = new Promise(resolve => { open = resolve })
    const waiting = Array.from({ length: MAX_ACTIVE_REQUESTS }, async () => await get('/shoal/file'))
    await until(() => gateway.counts.active >= MAX_ACTIVE_REQUESTS)
    const refused = await get('/shoal/file')
    expect(refused.status).to.equal(503)
    expect(refused.headers['retry-after']).to.equal('1')
    open()
    expect((await Promise.all(waiting)).map(({ status }) => status)).to.deep.equal(Array.from({ length: MAX_ACTIVE_REQUESTS }, () => 200))
    expect((await get('/shoal/file')).status).to.equal(200)
  })

  it('stops reading when the client goes away', async () => {
    file.gate = new Promise(() => undefined)
    const { hostname, port } = new URL(gateway.url)
    const request = httpRequest({ host: hostname, port, path: '/shoal/file', agent: false }).on('error', () => undefined)
    request.end()
    await until(() => file.reads.length > 0)
    request.destroy()
    await until(() => file.reads[0]?.signal?.aborted === true)
  })

  it('shows the node to this machine, asked for by its name, only', async () => {
    const status = await get('/status.json')
    expect(JSON.parse(status.body.toString())).to.include({ peerId: node.peerId, version: '1.2.3' }).and.not.have.property('error')
    const page = await get('/')
    expect(page.headers['content-security-policy']).to.contain("default-src 'none'").and.not.contain('unsafe')
    expect(page.body.toString()).to.not.match(/(src|href)="?https?:/)
    for (const path of ['/', '/status.json']) {
      expect((await get(path, { host: 'localhost:4780' })).status).to.equal(200)
      for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example']) expect((await get(path, { host })).status, host).to.equal(403)
    }
    expect((await get('/.well-known/shoal', { host: 'peer.example.com' })).headers['access-control-allow-origin']).to.equal('*')
    expect((await get('/healthz')).body.toString()).to.equal('ok\n')
  })

  it('counts what it answers', async () => {
    await get('/shoal/file', { range: 'bytes=0-9' })
    await get('/nothing')
    expect(Object.fromEntries(gateway.counts.responses)).to.deep.equal({ 206: 1, 404: 1 })
    expect(gateway.counts.bytes).to.equal(10)
  })
})

describe('gateway for the IPFS world', () => {
  const asked: Request[] = []
  let answer: () => Promise<Response> = () => Promise.reject(new Error('unset'))
  let gateway: Gateway
  const logged: string[] = []

  beforeEach(async () => {
    asked.length = logged.length = 0
    gateway = await startGateway({
      address: '127.0.0.1:0', node: new StubNode(), version: '1.2.3', log: line => { logged.push(line) },
      ipfs: async request => { asked.push(request); return await answer() }
    })
  })

  afterEach(async () => { await gateway.close() })

  it('passes on what a verifying client asks, and nothing that says who it is', async () => {
    answer = async () => new Response(BYTES, { status: 200, headers: { 'content-type': 'application/vnd.ipld.raw', 'etag': '"x.raw"' } })
    const got = await ask(gateway.url, '/ipfs/bafy/a%20b?format=raw', { 'accept': 'application/vnd.ipld.raw', 'cookie': 'a=b', 'authorization': 'x' })
    expect(got.status).to.equal(200)
    expect(got.body.equals(BYTES)).to.equal(true)
    expect(got.headers).to.include({ 'content-type': 'application/vnd.ipld.raw', 'etag': '"x.raw"', 'access-control-allow-origin': '*' })
    const [request] = asked
    expect(new URL(request?.url ?? '').pathname + new URL(request?.url ?? '').search).to.equal('/ipfs/bafy/a%20b?format=raw')
    expect(request?.headers.get('accept')).to.equal('application/vnd.ipld.raw')
    expect([request?.headers.get('cookie'), request?.headers.get('authorization')]).to.deep.equal([null, null])
    expect(gateway.counts.bytes).to.equal(BYTES.byteLength)
  })

  it('passes on what was answered without a body, and HEAD as HEAD', async () => {
    answer = async () => new Response(null, { status: 304, headers: { etag: '"x.raw"' } })
    expect((await ask(gateway.url, '/ipfs/bafy?format=raw', { 'if-none-match': '"x.raw"' })).status).to.equal(304)
    expect(asked[0]?.headers.get('if-none-match')).to.equal('"x.raw"')
    await ask(gateway.url, '/ipfs/bafy?format=raw', {}, 'HEAD')
    expect(asked[1]?.method).to.equal('HEAD')
  })

  it('breaks off, and does not pretend, when a CAR fails midway', async () => {
    let given = 0
    answer = async () => new Response(new ReadableStream<Uint8Array>({
      pull (controller) {
        if (given++ < 2) controller.enqueue(BYTES.slice())
        else controller.error(new Error('gone'))
      }
    }))
    const failure = await ask(gateway.url, '/ipfs/bafy?format=car').then(() => undefined, (error: unknown) => error)
    expect(failure).to.be.instanceOf(Error)
  })

  it('tells whoever answers that the client has gone', async () => {
    answer = async () => new Response(new ReadableStream<Uint8Array>({ pull: () => new Promise(() => undefined) }))
    const { hostname, port } = new URL(gateway.url)
    const request = httpRequest({ host: hostname, port, path: '/ipfs/bafy?format=car', agent: false }).on('error', () => undefined)
    request.end()
    await until(() => asked.length > 0)
    request.destroy()
    await until(() => asked[0]?.signal.aborted === true)
    await until(() => gateway.counts.active === 0)
  })

  it('says that it failed, to its log why', async () => {
    answer = () => Promise.reject(new Error('a secret path'))
    const got = await ask(gateway.url, '/ipfs/bafy?format=raw')
    expect([got.status, got.body.toString().includes('secret'), logged.join().includes('a secret path')]).to.deep.equal([500, false, true])
  })

  it('is not there unless it is asked for', async () => {
    const other = await startGateway({ address: '127.0.0.1:0', node: new StubNode(), version: '1.2.3', log: () => undefined })
    expect((await ask(other.url, '/ipfs/bafy?format=raw')).status).to.equal(404)
    await other.close()
  })
})

describe('open contents of the gateway', () => {
  const contents = (count: number): StubContent[] => Array.from({ length: count }, (_, i) => new StubContent(`c${i}`, SHOW))

  it('closes the least recently asked for, and what is in use when it is not any more', async () => {
    const stubs = contents(3)
    const gateway = new GatewayContents(new StubNode({}, stubs), 2)
    const done = Promise.withResolvers<undefined>()
    const using = gateway.use('shoal:c0', () => done.promise)
    for (const link of ['shoal:c1', 'shoal:c2', 'shoal:c1']) await gateway.use(link, () => Promise.resolve())
    await new Promise(setImmediate)
    expect(stubs.map(({ closed }) => closed)).to.deep.equal([0, 0, 0])
    done.resolve(undefined)
    await using
    expect(stubs.map(({ closed }) => closed)).to.deep.equal([1, 0, 0])
    await gateway.close()
    expect(stubs.map(({ closed }) => closed)).to.deep.equal([1, 1, 1])
  })

  it('asks once for what several want, and again after a failure', async () => {
    const node = new StubNode({}, contents(1))
    const gateway = new GatewayContents(node)
    const nothing = (): Promise<void> => Promise.resolve()
    await Promise.all([gateway.use('shoal:c0', nothing), gateway.use('shoal:c0', nothing)])
    expect(node.opened).to.have.length(1)
    for (let i = 0; i < 2; i++) await gateway.use('shoal:none', nothing).then(() => { throw new Error('opened') }, () => undefined)
    expect(node.opened).to.have.length(3)
    const waiting = gateway.use('shoal:silent', nothing).then(() => 'open', () => 'given up')
    await gateway.close()
    expect(await waiting).to.equal('given up')
  })
})
