import { NotFoundError, type Shoal, type ShoalOptions } from '@shoal/interface'
import { expect } from 'chai'
import { createShoal } from '../src/index.js'

const KEY = 'ab'.repeat(32)

describe('a private network', function () {
  this.timeout(30_000)
  const nodes: Shoal[] = []
  afterEach(async () => { await Promise.all(nodes.splice(0).map(async shoal => { await shoal.stop() })) })

  const node = async (options: ShoalOptions): Promise<Shoal> => {
    const shoal = await createShoal({ listen: [], ...options })
    nodes.push(shoal)
    return shoal
  }

  for (const suffix of ['', '/ws']) {
    it(`is for those who have its key, over /tcp${suffix}`, async () => {
      const listen = [`/ip4/127.0.0.1/tcp/0${suffix}`, '/ip4/127.0.0.1/udp/0/webrtc-direct']
      const publisher = await node({ networkKey: KEY, listen })
      expect(publisher.addrs).to.have.length(1)
      const { link } = await publisher.publishBytes(new Map([['x', new Uint8Array(300_000).fill(1)]]), { name: 'c' })
      const content = await (await node({ networkKey: KEY.toUpperCase() })).open(link)
      let size = 0
      for await (const bytes of content.read('x')) size += bytes.byteLength
      expect(size).to.equal(300_000)
      for (const networkKey of [undefined, 'cd'.repeat(32)]) {
        const outsider = await node({ networkKey })
        const reason = new NotFoundError('long enough')
        const ending = new AbortController()
        setTimeout(() => { ending.abort(reason) }, 2_000)
        expect(await outsider.open(link, { signal: ending.signal }).catch((error: unknown) => error)).to.equal(reason)
        expect(outsider.status.connections).to.equal(0)
      }
      expect(publisher.status.connections).to.equal(1)
    })
  }
})
