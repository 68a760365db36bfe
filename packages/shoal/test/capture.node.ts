import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { Shoal, ShoalOptions } from '@shoal/interface'
import { createTenant, issueToken } from '@shoal/policy/issuing'
import { expect } from 'chai'
import { createShoal } from '../src/index.js'

/** 12 bytes of it that appear anywhere are no coincidence. */
const PIECE_BYTES = 12

describe('what lies between two nodes', function () {
  this.timeout(30_000)
  const nodes: Shoal[] = []
  const wires: Wire[] = []
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async shoal => { await shoal.stop() }))
    for (const wire of wires.splice(0)) wire.close()
  })

  const node = async (options: ShoalOptions): Promise<Shoal> => {
    const shoal = await createShoal({ listen: [], ...options })
    nodes.push(shoal)
    return shoal
  }

  for (const suffix of ['', '/ws']) {
    it(`sees neither content nor names nor token, over /tcp${suffix}`, async () => {
      const tenant = await createTenant()
      const tokens: string[] = []
      const token = async (peer: string): Promise<string> => {
        const issued = await issueToken(tenant, { peer, seconds: 3600 })
        tokens.push(issued)
        return issued
      }
      const port = await freePort()
      const wire = await Wire.open(port)
      wires.push(wire)
      const publisher = await node({
        listen: [`/ip4/127.0.0.1/tcp/${port}${suffix}`], announce: [`/ip4/127.0.0.1/tcp/${wire.port}${suffix}`], token
      })
      const text = Array.from({ length: 20_000 }, (_, line) => `line ${line} of a film that nobody else should see`).join('\n')
      const files = new Map([['reel/film.txt', new TextEncoder().encode(text)]])
      const { link } = await publisher.publishBytes(files, { name: 'film', policy: { token: tenant.tenant } })
      const viewer = await node({ token })
      const content = await viewer.open(link)
      let got = ''
      const decoder = new TextDecoder()
      for await (const bytes of content.read('reel/film.txt')) got += decoder.decode(bytes, { stream: true })
      expect(got).to.equal(text)
      const seen = wire.seen
      // it all went this way
      expect(seen.byteLength).to.be.above(text.length)
      for (const secret of [text, ...tokens, 'reel/film.txt', new URL(link).pathname]) {
        for (const piece of pieces(secret)) expect(seen.includes(piece), `${piece.toString()} in the clear`).to.equal(false)
      }
    })
  }
})

/** A wire to a port of this machine, on which somebody listens in. */
class Wire {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #chunks: Buffer[] = []

  private constructor (target: number) {
    this.#server = createServer(near => {
      const far = connect(target, '127.0.0.1')
      for (const [from, to] of [[near, far], [far, near]] as const) {
        this.#sockets.add(from)
        from.on('data', chunk => {
          this.#chunks.push(chunk)
          to.write(chunk)
        })
        from.once('close', () => { to.destroy() })
        from.on('error', () => { to.destroy() })
      }
    })
  }

  static async open (target: number): Promise<Wire> {
    const wire = new Wire(target)
    wire.#server.listen(0, '127.0.0.1')
    await once(wire.#server, 'listening')
    return wire
  }

  get port (): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** All that went over it, both ways. */
  get seen (): Buffer {
    return Buffer.concat(this.#chunks)
  }

  close (): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

/** Parts of a text: many of a long one, each of a line of its own. */
function * pieces (text: string): Generator<Buffer> {
  const bytes = Buffer.from(text)
  const step = Math.max(1, Math.floor(bytes.byteLength / 200))
  for (let at = 0; at + PIECE_BYTES <= bytes.byteLength; at += step) yield bytes.subarray(at, at + PIECE_BYTES)
}
