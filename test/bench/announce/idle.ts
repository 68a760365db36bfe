/**
 * Nodes of one process that have fetched all there is, and what they still say to each other: a server and viewers, all connected to each
 * other as far as they care to be. Sockets are counted as the operating system sees them, encryption included.
 *
 * Sends `{ connections, bps }` to its parent: means over all nodes, bytes received per second (as many are sent).
 */

import diagnostics from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import { createShoal } from '../../../packages/shoal/dist/src/index.js'

export interface Idle { readonly connections: number, readonly bps: number }

const [viewers = '12', settle = '120', seconds = '120'] = process.argv.slice(2)
const sockets = new Set<Socket>()
for (const channel of ['net.client.socket', 'net.server.socket']) {
  diagnostics.subscribe(channel, message => { sockets.add((message as { socket: Socket }).socket) })
}
const sleep = async (s: number): Promise<void> => { await new Promise(resolve => setTimeout(resolve, s * 1000)) }
const received = (): number => [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, 0)

const LISTEN = ['/ip4/127.0.0.1/tcp/0']
const server = await createShoal({ listen: LISTEN, server: true })
const bootstrap = server.addrs
const { link } = await server.publishBytes(new Map([['a', new Uint8Array(300_000).fill(7)]]), { name: 'idle' })
const nodes = [server]
for (let i = 0; i < Number(viewers); i++) nodes.push(await createShoal({ listen: LISTEN, bootstrap }))
await Promise.all(nodes.slice(1).map(async node => {
  const content = await node.open(link)
  for await (const _ of content.read('a'));
}))
await sleep(Number(settle))
const before = received()
const connections = (): number => [...sockets].filter(({ destroyed }) => !destroyed).length / nodes.length
await sleep(Number(seconds))
const idle: Idle = { connections: connections(), bps: (received() - before) / Number(seconds) / nodes.length }
if (process.send === undefined) console.log(idle)
else process.send(idle)
await Promise.all(nodes.map(async node => { await node.stop() }))
process.exit()
