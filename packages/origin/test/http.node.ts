import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect } from 'chai'
import { systemClock, systemRandom } from '@shoal/base'
import { OriginError } from '@shoal/interface'
import { createOrigin } from '../src/index.js'

const DATA = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 253)

const good: RequestListener = (request, response) => {
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  if (match === null) {
    response.end(DATA)
    return
  }
  const start = Number(match[1])
  const end = match[2] === '' ? DATA.length : Math.min(DATA.length, Number(match[2]) + 1)
  response.writeHead(206, {
    'content-range': `bytes ${start}-${end - 1}/${DATA.length}`, 'content-length': end - start, 'content-type': 'video/mp4'
  })
  response.end(DATA.subarray(start, end))
}

describe('origin over HTTP', () => {
  const servers: Server[] = []

  async function serve (listener: RequestListener): Promise<string> {
    const server = createServer(listener)
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  async function read (bases: string[], start = 1000, end = 200_000) {
    const failures: string[] = []
    const origin = createOrigin({
      bases,
      clock: systemClock,
      random: systemRandom,
      headersTimeoutMs: 150,
      progressTimeoutMs: 150,
      onfailure: ({ error }) => { failures.push(error.message) }
    })
    const { body, url, contentType } = await origin.fetch({ path: 'dir/a b.mp4', start, end })
    const parts: Uint8Array[] = []
    for await (const chunk of body) parts.push(chunk)
    return { bytes: new Uint8Array(Buffer.concat(parts)), failures, url, contentType }
  }

  async function failure (base: string): Promise<OriginError> {
    try {
      await read([base])
    } catch (error) {
      expect(error).to.be.instanceOf(OriginError)
      return error as OriginError
    }
    throw new Error('expected a rejection')
  }

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  it('asks again at once when the server closed an idle connection just as it was used again', async () => {
    const used = new WeakSet<Socket>()
    let closed = 0
    const base = await serve((request, response) => {
      if (used.has(request.socket)) {
        closed++
        request.socket.destroy()
        return
      }
      used.add(request.socket)
      good(request, response)
    })
    for (let i = 0; i < 3; i++) {
      const { bytes, failures } = await read([base])
      expect(bytes).to.deep.equal(DATA.slice(1000, 200_000))
      expect(failures).to.deep.equal([])
    }
    expect(closed).to.be.greaterThan(0)
  })

  it('does not go on asking a server that closes every connection', async () => {
    let asked = 0
    const base = await serve(request => {
      asked++
      request.socket.destroy()
    })
    // which of the two it is depends on whether all of the request was read
    expect((await failure(base)).message).to.match(/other side closed|ECONNRESET/)
    expect(asked).to.equal(2)
  })

  it('reads a range', async () => {
    const base = await serve(good)
    const { bytes, url, contentType } = await read([base])
    expect(Buffer.compare(bytes, DATA.subarray(1000, 200_000))).to.equal(0)
    expect(url).to.equal(`${base}dir/a%20b.mp4`)
    expect(contentType).to.equal('video/mp4')
  })

  it('reads from a server that knows no ranges', async () => {
    const { bytes } = await read([await serve((_request, response) => { response.end(DATA) })])
    expect(Buffer.compare(bytes, DATA.subarray(1000, 200_000))).to.equal(0)
  })

  it('follows a redirect', async () => {
    const target = await serve(good)
    const { bytes, url } = await read([await serve((request, response) => {
      response.writeHead(302, { location: `${target}moved${request.url}` }).end()
    })])
    expect(bytes).to.have.lengthOf(199_000)
    expect(url).to.equal(`${target}moved/dir/a%20b.mp4`)
  })

  const BAD: Record<string, { listener: RequestListener, says: RegExp, status?: number }> = {
    'lacks the file': { listener: (_request, response) => { response.writeHead(404).end('no') }, says: /404/, status: 404 },
    'fails': { listener: (_request, response) => { response.writeHead(500).end('oops') }, says: /500/, status: 500 },
    'breaks off': {
      listener: (request, response) => {
        response.writeHead(206, { 'content-length': 199_000 })
        response.write(DATA.subarray(1000, 50_000), () => { request.socket.destroy() })
      },
      says: /terminated/, status: 206
    },
    'breaks off without a length': {
      listener: (_request, response) => { response.writeHead(206).end(DATA.subarray(1000, 50_000)) }, says: /199000 bytes, got 49000/,
      status: 206
    },
    'gives another range': {
      listener: (_request, response) => {
        response.writeHead(206, { 'content-range': 'bytes 0-198999/300000' }).end(DATA.subarray(0, 199_000))
      },
      says: /bytes 1000 to 199999, got "bytes 0-198999\/300000"/,
      status: 206
    },
    'gives too much': { listener: (_request, response) => { response.writeHead(206).end(DATA) }, says: /got a longer one/, status: 206 },
    'is silent': { listener: () => {}, says: /an answer within 150 ms/ },
    'stops in the middle': {
      listener: (_request, response) => { response.writeHead(206).write(DATA.subarray(1000, 2000)) }, says: /more bytes within 150 ms/,
      status: 206
    },
    'trickles': {
      listener: (_request, response) => {
        response.writeHead(206)
        const timer = setInterval(() => { response.write('x') }, 20)
        response.once('close', () => { clearInterval(timer) })
      },
      says: /more bytes within 150 ms \(10000 at least\), got [1-9]\d* bytes/,
      status: 206
    },
    'talks garbage': { listener: request => { request.socket.end('garbage\r\n\r\n') }, says: /fetch failed: / },
    'hangs up': { listener: request => { request.socket.destroy() }, says: /fetch failed: / }
  }
  for (const [what, { listener, says, status }] of Object.entries(BAD)) {
    it(`says what is wrong with a server that ${what}`, async () => {
      const error = await failure(await serve(listener))
      expect(error.message).to.match(says)
      expect(error.status).to.equal(status)
    })
  }

  it('says what is wrong with a server that is not there', async () => {
    const base = await serve(good)
    const [server] = servers.splice(0)
    server?.close()
    expect((await failure(base)).message).to.contain('ECONNREFUSED')
  })

  it('goes to the next base when the first gives no answer', async () => {
    const bases = [await serve(() => {}), await serve((_request, response) => { response.writeHead(500).end() }), await serve(good)]
    const { bytes, failures } = await read(bases)
    expect(bytes).to.have.lengthOf(199_000)
    expect(failures).to.have.lengthOf(2)
  })
})
