import { createSocket, type Socket } from 'node:dgram'
import { networkInterfaces } from 'node:os'
import type { Clock } from '@shoal/base'
import { scopeOf } from '@shoal/routing'
import { IGD_ANSWER_BYTES, IGD_ANSWERS } from '../../defaults.js'

/** Where the description of a gateway is, on the very machine that said so. */
export type Found = URL

export interface SearchOptions {
  readonly signal: AbortSignal
  /** Between two questions, ms. */
  readonly every: number
  readonly clock: Clock
  /** Whom to ask. @default the group of SSDP */
  readonly to?: { readonly address: string, readonly port: number }
}

const GROUP = { address: '239.255.255.250', port: 1900 }
const KINDS = [1, 2].map(version => `urn:schemas-upnp-org:device:InternetGatewayDevice:${version}`)

/**
 * Asks the local network for internet gateways (SSDP, UPnP Device Architecture 1.1 §1.3.2), until the signal is aborted. Each is found
 * once. Whoever is asked may answer what it likes: a description elsewhere than at the answering machine, which has to be of the local
 * network, is not believed.
 */
export async function * search ({ signal, every, clock, to = GROUP }: SearchOptions): AsyncGenerator<Found, void, unknown> {
  const seen = new Set<string>()
  const waiting: Found[] = []
  let wake: () => void = () => {}
  const sockets = (to === GROUP ? ownAddresses() : ['0.0.0.0']).map(address => {
    const socket = createSocket('udp4')
    socket.on('message', (message, from) => {
      const text = seen.size < IGD_ANSWERS && message.length <= IGD_ANSWER_BYTES ? message.toString('latin1') : ''
      const location = locationIn(text, from.address)
      if (location === undefined || seen.has(location.href)) return
      seen.add(location.href)
      waiting.push(location)
      wake()
    })
    // of an interface that is gone nothing is heard
    socket.on('error', () => {})
    socket.bind(0, address, () => {
      try {
        if (to === GROUP) socket.setMulticastInterface(address)
      } catch {
        return
      }
      ask(socket)
    })
    return socket
  })
  function ask (socket: Socket): void {
    for (const kind of KINDS) {
      const question = ['M-SEARCH * HTTP/1.1', `HOST: ${to.address}:${to.port}`, 'MAN: "ssdp:discover"', 'MX: 1', `ST: ${kind}`, '', '']
      socket.send(question.join('\r\n'), to.port, to.address, () => {})
    }
  }
  const again = (): void => {
    for (const socket of sockets) ask(socket)
    cancel = clock.after(every, again)
  }
  let cancel = clock.after(every, again)
  const onabort = (): void => { wake() }
  signal.addEventListener('abort', onabort)
  try {
    while (!signal.aborted) {
      const location = waiting.shift()
      if (location !== undefined) yield location
      else await new Promise<void>(resolve => { wake = resolve })
    }
  } finally {
    cancel()
    signal.removeEventListener('abort', onabort)
    for (const socket of sockets) socket.close()
  }
}

/** Of the networks in which a router may be. */
function ownAddresses (): string[] {
  return Object.values(networkInterfaces()).flatMap(addresses => addresses ?? [])
    .filter(({ family, address }) => family === 'IPv4' && scopeOf(`/ip4/${address}/tcp/1`) === 'private')
    .map(({ address }) => address)
}

function locationIn (answer: string, from: string): URL | undefined {
  const [, text = ''] = /^location:[ \t]*(\S+)[ \t]*\r?$/im.exec(answer) ?? []
  if (!/^HTTP\/1\.[01] 200/.test(answer) || !URL.canParse(text)) return undefined
  const location = new URL(text)
  const scope = scopeOf(`/ip4/${from}/tcp/1`)
  return location.protocol === 'http:' && location.hostname === from && scope !== 'public' && scope !== undefined ? location : undefined
}
