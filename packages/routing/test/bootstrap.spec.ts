import { expect } from 'chai'
import { BootstrapError, ConfigError } from '@shoal/interface'
import { resolveBootstrap } from '../src/bootstrap.js'

const PEER = '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5'
const OTHER = '12D3KooWJbJFaZ1fwpD5jHKyzqSD7Vx6Pzt9z8dUZ6XrRpyNjn8E'

async function rejection (promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('expected a rejection')
}

/** Answers by URL; anything else is a dead host. */
function web (pages: Record<string, () => Response>): { fetch: typeof globalThis.fetch, asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    fetch: async (input, init) => {
      const url = (input as URL).href
      asked.push(url)
      expect(init).to.include({ redirect: 'error', credentials: 'omit' })
      const page = pages[url]
      if (page === undefined) throw new TypeError('fetch failed')
      return page()
    }
  }
}

describe('bootstrap', () => {
  it('takes multiaddrs as they are', async () => {
    const addr = `/ip4/8.8.8.8/tcp/4001/p2p/${PEER}`
    expect(await resolveBootstrap([addr, addr])).to.deep.equal([addr])
    expect(await resolveBootstrap([])).to.deep.equal([])
  })

  it('asks the well-known place of a URL', async () => {
    const { fetch, asked } = web({
      'https://node.example.com/.well-known/shoal': () => Response.json({
        peerId: PEER,
        addrs: ['/ip4/8.8.8.8/tcp/1', `/ip4/8.8.8.8/tcp/2/p2p/${PEER}`, `/ip4/8.8.8.8/tcp/3/p2p/${OTHER}`, 7, 'nonsense'],
        more: true
      })
    })
    expect(await resolveBootstrap(['https://node.example.com/some/page?x=1'], { fetch })).to.deep.equal([
      `/ip4/8.8.8.8/tcp/1/p2p/${PEER}`, `/ip4/8.8.8.8/tcp/2/p2p/${PEER}`
    ])
    expect(asked).to.deep.equal(['https://node.example.com/.well-known/shoal'])
  })

  it('goes on with those that answer, and says which did not', async () => {
    const page = (): Response => Response.json({ peerId: PEER, addrs: ['/ip4/8.8.8.8/tcp/1'] })
    const { fetch } = web({ 'https://a.example.com/.well-known/shoal': page })
    const failures: string[] = []
    const onfailure = (error: BootstrapError): void => { failures.push(error.message) }
    const addrs = await resolveBootstrap(['https://dead.example.com', 'https://a.example.com'], { fetch, onfailure })
    expect(addrs).to.have.lengthOf(1)
    expect(failures).to.have.lengthOf(1)
    expect(failures[0]).to.contain('dead.example.com')
  })

  for (const [what, page] of Object.entries<() => Response>({
    'an error status': () => new Response('no', { status: 500 }),
    'no JSON': () => new Response('<html>'),
    'JSON of another shape': () => Response.json({ peers: [] }),
    'null': () => Response.json(null),
    'a peer id that is none': () => Response.json({ peerId: 'me', addrs: ['/ip4/8.8.8.8/tcp/1'] }),
    'no address': () => Response.json({ peerId: PEER, addrs: [] }),
    'an endless body': () => new Response(new ReadableStream({ pull (controller) { controller.enqueue(new Uint8Array(10_000)) } }))
  })) {
    it(`names the node that answers with ${what}`, async () => {
      const { fetch } = web({ 'https://bad.example.com/.well-known/shoal': page })
      const error = await rejection(resolveBootstrap(['https://bad.example.com/'], { fetch }))
      expect(error).to.be.instanceOf(BootstrapError)
      expect(error.message).to.contain('https://bad.example.com/.well-known/shoal')
    })
  }

  it('ends when the signal says so', async () => {
    const fetch: typeof globalThis.fetch = (_url, init) => new Promise((_resolve, reject) => {
      init?.signal?.addEventListener('abort', () => { reject(init.signal?.reason as Error) })
    })
    const controller = new AbortController()
    const resolving = rejection(resolveBootstrap(['https://slow.example.com'], { fetch, signal: controller.signal }))
    controller.abort(new Error('enough'))
    expect((await resolving).message).to.equal('enough')
  })

  for (const entry of [
    '', 'node.example.com', 'ftp://node.example.com', 'http://node.example.com', 'http://127.0.0.1.example.com', '/ip4/999.1.1.1/tcp/1',
    '/nothing', '/'
  ]) {
    it(`refuses "${entry}" before anybody is asked`, async () => {
      const { fetch, asked } = web({})
      expect(await rejection(resolveBootstrap(['https://a.example.com', entry], { fetch }))).to.be.instanceOf(ConfigError)
      expect(asked).to.deep.equal([])
    })
  }

  it('allows http for this machine', async () => {
    for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080']) {
      const page = (): Response => Response.json({ peerId: PEER, addrs: ['/ip4/127.0.0.1/tcp/1'] })
      const { fetch } = web({ [`http://${host}/.well-known/shoal`]: page })
      expect(await resolveBootstrap([`http://${host}`], { fetch })).to.have.lengthOf(1)
    }
  })
})
