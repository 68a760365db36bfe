/** A line of a given rate in front of a TCP address. */

import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { Transform } from 'node:stream'

/** Bytes per second either way, for each connection; may change at any time. */
export interface Rates { up: number, down: number }

/**
 * Listens on loopback until the process ends.
 *
 * @param addr multiaddr `/ip4/…/tcp/…` with or without what follows
 * @param rates up: towards that address
 * @param localAddress where its connections come from @default any
 * @returns the same multiaddr with the port of the line
 */
export async function pacedProxy (addr: string, rates: Rates, localAddress?: string): Promise<string> {
  const match = /^\/ip4\/([^/]+)\/tcp\/(\d+)(.*)$/.exec(addr)
  if (match === null) throw new Error(`expected an IPv4 TCP address, got ${addr}`)
  const [, host = '', port, rest = ''] = match
  const server = createServer(near => {
    const far = connect({ port: Number(port), host, ...(localAddress === undefined ? {} : { localAddress }) })
    join(near, far, () => rates.up)
    join(far, near, () => rates.down)
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  server.unref()
  return `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}${rest}`
}

function join (from: Socket, to: Socket, rate: () => number): void {
  let free = 0
  const paced = new Transform({
    transform (chunk: Buffer, _encoding, done) {
      const now = performance.now()
      free = Math.max(free, now) + Math.min(chunk.byteLength * 1000 / rate(), 3_600_000)
      setTimeout(() => { done(null, chunk) }, free - now)
    }
  })
  from.pipe(paced).pipe(to)
  from.on('error', () => { to.destroy() })
  from.on('close', () => { to.destroy() })
}
