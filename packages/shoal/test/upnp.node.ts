import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ManualClock, seededRandom, systemClock } from '@shoal/base'
import { UnavailableError } from '@shoal/interface'
import { expect } from 'chai'
import { IGD_ANSWER_BYTES, IGD_ANSWERS, IGD_LEASE_S } from '../src/defaults.js'
import { gatewayClient } from '../src/node/upnp/client.js'

const SERVICE = 'urn:schemas-upnp-org:service:WANIPConnection:1'

interface Router {
  readonly description?: string
  /** It makes mappings, and does not say so. */
  readonly mute?: boolean
  readonly external?: string
  readonly permanent?: boolean
  readonly taken?: readonly number[]
}

describe('UPnP', () => {
  const servers: Server[] = []
  const sockets: Socket[] = []
  /** All that routers were told to do: action, protocol, outside port, inside address and port, lease. */
  const done: string[] = []

  afterEach(() => {
    for (const server of servers.splice(0)) {
      server.close()
      server.closeAllConnections()
    }
    for (const socket of sockets.splice(0)) socket.close()
    done.length = 0
  })

  async function router ({ description, external = '45.83.220.9', permanent = false, taken = [], mute = false }: Router): Promise<string> {
    const server = createServer((request, response) => {
      response.setHeader('content-type', 'text/xml')
      if (request.url === '/away') {
        response.writeHead(302, { location: '/description.xml' }).end()
        return
      }
      if (request.method === 'GET') {
        response.end(description ?? descriptionOf('/control'))
        return
      }
      let body = ''
      request.on('data', (part: Buffer) => { body += part.toString() })
      request.on('end', () => {
        const value = (name: string): string => new RegExp(`<${name}>(.*?)</${name}>`).exec(body)?.[1] ?? ''
        const action = /<u:(\w+)/.exec(body)?.[1] ?? ''
        const port = Number(value('NewExternalPort'))
        const unending = permanent && Number(value('NewLeaseDuration')) > 0
        const fault = action === 'AddPortMapping' && taken.includes(port) ? 718 : unending ? 725 : undefined
        if (fault !== undefined) {
          response.writeHead(500).end(envelope(`<s:Fault><detail><UPnPError><errorCode>${fault}</errorCode></UPnPError></detail></s:Fault>`))
          return
        }
        if (action !== 'GetExternalIPAddress') {
          done.push([action, value('NewProtocol'), port, value('NewInternalClient'), value('NewInternalPort'), value('NewLeaseDuration')].join(' ').trim())
        }
        if (mute && action === 'AddPortMapping') return
        const answer = `<NewExternalIPAddress>${external}</NewExternalIPAddress>`
        response.end(envelope(`<u:${action}Response xmlns:u="${SERVICE}">${answer}</u:${action}Response>`))
      })
    })
    servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /** Where to ask for these, by each of whose descriptions one answers. */
  async function network (...locations: readonly string[]): Promise<{ address: string, port: number }> {
    const socket = createSocket('udp4')
    sockets.push(socket)
    socket.on('message', (question, from) => {
      expect(question.toString()).to.match(/^M-SEARCH \* HTTP\/1\.1\r\n/)
      socket.send('NOTIFY nonsense', from.port, from.address)
      for (const location of locations) {
        socket.send(`HTTP/1.1 200 OK\r\nST: igd\r\nLOCATION: ${location}\r\n\r\n`, from.port, from.address)
      }
    })
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return socket.address()
  }

  const descriptionOf = (control: string, type = SERVICE): string => '<?xml version="1.0"?><root><device><serviceList>' +
    '<service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/other</controlURL></service>' +
    `<service><serviceType>${type}</serviceType><controlURL>${control}</controlURL></service></serviceList></device></root>`

  const envelope = (text: string): string => `<?xml version="1.0"?><s:Envelope><s:Body>${text}</s:Body></s:Envelope>`

  type Gateway = Awaited<ReturnType<ReturnType<typeof gatewayClient>['getGateway']>>

  const placeOf = ({ host, port }: Gateway): string => `http://${host}:${port}`

  /** Those that are found before `ms` have passed, or the first `count`. */
  async function found (to: { address: string, port: number }, count = 1, ms = 20_000): Promise<Gateway[]> {
    const gateways: Gateway[] = []
    const signal = AbortSignal.timeout(ms)
    for await (const gateway of gatewayClient(systemClock, seededRandom(1), to).findGateways({ signal })) {
      gateways.push(gateway)
      if (gateways.length === count) break
    }
    return gateways
  }

  it('maps a port on a router of version 1, and takes the mapping away with its protocol and its port', async () => {
    const at = await router({})
    const [gateway] = await found(await network(`${at}/description.xml`))
    expect(await gateway?.map(4001, '192.168.1.2', { protocol: 'tcp' })).to.include(
      { externalHost: '45.83.220.9', externalPort: 4001, internalHost: '192.168.1.2', internalPort: 4001, protocol: 'TCP' })
    await gateway?.map(4001, '192.168.1.2', { protocol: 'UDP' })
    await gateway?.stop()
    await gateway?.stop()
    expect(done).to.deep.equal([
      'AddPortMapping TCP 4001 192.168.1.2 4001 3600', 'AddPortMapping UDP 4001 192.168.1.2 4001 3600',
      'DeletePortMapping TCP 4001', 'DeletePortMapping UDP 4001'
    ])
  })

  it('takes another port when one is taken, and deletes that', async () => {
    const at = await router({ taken: [4001] })
    const [gateway] = await found(await network(`${at}/description.xml`))
    const { externalPort = 0 } = await gateway?.map(4001, '192.168.1.2') ?? {}
    expect(externalPort).to.be.within(1024, 65_535).and.not.equal(4001)
    await gateway?.unmap(4001)
    expect(done).to.deep.equal([`AddPortMapping TCP ${externalPort} 192.168.1.2 4001 3600`, `DeletePortMapping TCP ${externalPort}`])
  })

  it('asks without an end where a router knows no other, and anew before the end', async () => {
    const clock = new ManualClock()
    const gateway = await gatewayClient(clock, seededRandom(1)).getGateway(new URL(await router({ permanent: true })))
    await gateway.map(4001, '192.168.1.2')
    expect(done).to.deep.equal(['AddPortMapping TCP 4001 192.168.1.2 4001 0'])
    clock.advance(IGD_LEASE_S * 500)
    while (done.length < 2) await new Promise(resolve => { setTimeout(resolve, 5) })
    await gateway.stop()
    clock.advance(IGD_LEASE_S * 1000)
    expect(done.slice(1)).to.deep.equal(['AddPortMapping TCP 4001 192.168.1.2 4001 0', 'DeletePortMapping TCP 4001'])
  })

  it('takes back at the end what it was asking for, and asks for no more', async () => {
    const gateway = await gatewayClient(systemClock, seededRandom(1)).getGateway(new URL(await router({ mute: true })))
    const mapping = gateway.map(4001, '192.168.1.2').catch((error: unknown) => error)
    while (done.length < 1) await new Promise(resolve => { setTimeout(resolve, 5) })
    await gateway.stop()
    expect(await mapping).to.be.instanceOf(UnavailableError)
    expect(await gateway.map(4002, '192.168.1.2').catch((error: unknown) => error)).to.be.instanceOf(UnavailableError)
    expect(done).to.deep.equal(['AddPortMapping TCP 4001 192.168.1.2 4001 3600', 'DeletePortMapping TCP 4001'])
  })

  it('takes only so many for routers, however many say so in how many searches', async () => {
    const at = await router({})
    const client = gatewayClient(systemClock, seededRandom(1), await network())
    const all = new Set<string>()
    for (let search = 0; search < 2; search++) {
      // other names each time
      sockets.at(-1)?.removeAllListeners('message').on('message', (_question, from) => {
        for (let i = 0; i < IGD_ANSWERS - 3; i++) {
          sockets.at(-1)?.send(`HTTP/1.1 200 OK\r\nLOCATION: ${at}/${search}-${i}\r\n\r\n`, from.port, from.address)
        }
      })
      for await (const { id } of client.findGateways({ signal: AbortSignal.timeout(400) })) all.add(id)
    }
    expect(all.size).to.equal(IGD_ANSWERS)
  })

  it('finds the router among those that lie', async () => {
    const honest = await router({})
    const other = await router({})
    const descriptions = [
      // sends us on to another machine
      descriptionOf('http://192.0.2.1/control'), descriptionOf('//192.0.2.1/control'), descriptionOf('file:///etc/passwd'),
      descriptionOf('/control', 'urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1'),
      descriptionOf('/control').replace('<root>', `<root>${'<a>'.repeat(IGD_ANSWER_BYTES)}`), '<html>', ''
    ]
    const liars = [
      // elsewhere than at the answering machine
      'http://192.0.2.1/description.xml', 'http://localhost.example/', 'https://127.0.0.1/', 'no url', 'file:///etc/passwd',
      `${await router({})}/away`,
      ...await Promise.all(descriptions.map(description => router({ description })))
    ]
    for (const group of [liars.slice(0, 7), liars.slice(7)]) {
      // they are asked one after the other
      expect((await found(await network(...group, honest))).map(placeOf)).to.deep.equal([honest])
    }
    expect((await found(await network(honest, honest, other), 2)).map(placeOf)).to.deep.equal([honest, other])
    expect(done).to.deep.equal([])
  })

  for (const external of ['', 'router.example', '2001:db8::1', '999.1.1.1', '<a>1.2.3.4</a>', '1.2.3.4/tcp/22']) {
    it(`maps nothing for a router that says it is ${external === '' ? 'nowhere' : external}`, async () => {
      const gateway = await gatewayClient(systemClock, seededRandom(1)).getGateway(new URL(await router({ external })))
      const error: unknown = await gateway.map(4001, '192.168.1.2').catch((error: unknown) => error)
      expect(error).to.be.instanceOf(UnavailableError)
      expect(done).to.deep.equal([])
    })
  }

  it('waits in silence where no router answers', async () => {
    expect(await found(await network(), 1, 200)).to.deep.equal([])
    // nobody is there who could say so
    expect(await found({ address: '127.0.0.1', port: 9 }, 1, 200)).to.deep.equal([])
  })
})
