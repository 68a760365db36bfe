/**
 * No address outside the configuration is contacted, by Node.js nodes nor by pages: everything runs in a network namespace whose only way
 * out is a counted link, and not one packet may have gone there. Where namespaces are not permitted only what Node.js itself opens is
 * watched.
 *
 *     node test/e2e/contacts.ts
 */

import { spawnSync } from 'node:child_process'
import { createSocket, Socket as UdpSocket } from 'node:dgram'
import { readFileSync } from 'node:fs'
import { isIP, Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createShoal, type Shoal } from 'shoal'
import { launchChromium } from '../chromium.ts'
import { Checks, Problem } from '../support/checks.ts'
import { removeSpaces, Space, whyNoSpaces } from '../support/namespaces.ts'
import { pageServer } from '../support/pages.ts'

const LINK = 'out0'
const inside = process.argv.includes('--inside')

if (!inside) {
  const code = enterNamespace()
  if (code !== undefined) process.exit(code)
}

/** Packets that have left. */
function sent (): number {
  return Number(readFileSync(`/sys/class/net/${LINK}/statistics/tx_packets`, 'utf8'))
}

/** Addresses that this process connected or sent to, as it asked for them: for messages, and where there is no namespace. */
const contacted = new Set<string>()
watch()

const checks = new Checks()
const nodes: Shoal[] = []
const bytes = crypto.getRandomValues(new Uint8Array(60_000))
const content = new Map([['one.bin', bytes], ['two.bin', new Uint8Array(700_000).fill(7)]])

await checks.check('what is watched is seen', async () => {
  const before = inside ? sent() : 0
  const socket = createSocket('udp4')
  await new Promise<void>(resolve => { socket.send('hello', 9, '203.0.113.9', () => { resolve() }) })
  socket.close()
  expect(contacted.has('203.0.113.9'), 'the socket hook missed a datagram')
  if (inside) expect(sent() > before, 'the link did not count a packet')
  contacted.clear()
})

await checks.check('nodes that publish, find, fetch and relay stay among themselves', async () => {
  const before = inside ? sent() : 0
  const server = await node({ server: true, listen: ['/tcp/0', '/tcp/0/ws', '/udp/0/webrtc-direct'].map(addr => `/ip4/127.0.0.1${addr}`) })
  const bootstrap = server.addrs.slice(0, 1)
  const publisher = await node({ bootstrap })
  const { manifest } = await publisher.publishBytes(content, { name: 'contacts' })
  const fetcher = await node({ bootstrap })
  await (await fetcher.open(`shoal:${manifest}`)).fetchAll()
  await silence(before)
})

await checks.check('pages that play from each other over WebRTC stay among themselves', async () => {
  const server = await pageServer()
  const browser = await launchChromium()
  try {
    await (await browser.newPage()).goto(`${server.url}/empty`)
    await new Promise(resolve => { setTimeout(resolve, 2_000) })
    const before = inside ? sent() : 0
    const relay = nodes[0] as Shoal
    const { link } = await relay.publishBytes(content, { name: 'pages' })
    const bootstrap = relay.addrs.filter(addr => addr.includes('/ws/'))
    for (let i = 0; i < 2; i++) {
      const page = await (await browser.newContext()).newPage()
      await page.goto(server.url)
      const got = await page.evaluate(async ({ link, bootstrap }) => {
        const { createShoal } = (globalThis as unknown as { shoal: { createShoal (options: object): Promise<Shoal> } }).shoal
        const node = await createShoal({ bootstrap, share: false })
        const opened = await node.open(link)
        await opened.fetchAll()
        return opened.stats.fromPeers
      }, { link, bootstrap })
      expect(got === 760_000, `a page got ${got} bytes`)
    }
    if (inside) await silence(before)
  } finally {
    await browser.close()
    server.close()
  }
})

for (const running of nodes) await running.stop()
checks.end()
setTimeout(() => { process.exit() }, 1000).unref()

async function node (options: Parameters<typeof createShoal>[0]): Promise<Shoal> {
  const created = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'], ...options })
  nodes.push(created)
  return created
}

/** Nothing went out, and nothing does in a while. */
async function silence (before: number): Promise<void> {
  await new Promise(resolve => { setTimeout(resolve, 3_000) })
  const strangers = [...contacted].filter(host => !/^(127\.|::1$|localhost$|10\.213\.77\.)/.test(host))
  expect(strangers.length === 0, `contacted ${strangers.join(', ')}`)
  if (inside) expect(sent() === before, `${sent() - before} packets left; known to this process: ${[...contacted].join(', ')}`)
}

function expect (condition: boolean, message: string): void {
  if (!condition) throw new Problem(message)
}

function watch (): void {
  const note = (host: unknown): void => { contacted.add(typeof host === 'string' ? host : 'localhost') }
  const connect = Socket.prototype.connect
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]) {
    const options = (Array.isArray(args[0]) ? (args[0] as unknown[])[0] : args[0]) as { host?: string, path?: string } | number
    if (typeof options === 'object' && options.path === undefined) note(options.host)
    else if (typeof options === 'number') note(args[1])
    return Reflect.apply(connect, this, args) as Socket
  } as typeof connect
  const send = UdpSocket.prototype.send
  UdpSocket.prototype.send = function (this: UdpSocket, ...args: unknown[]) {
    note(args.find(arg => typeof arg === 'string' && isIP(arg) !== 0))
    Reflect.apply(send, this, args)
  } as typeof send
}

/** Runs this script again behind the counted link; returns its exit code, or `undefined` where that is not possible. */
function enterNamespace (): number | undefined {
  const obstacle = whyNoSpaces()
  if (obstacle !== undefined) {
    console.log(`  NOTICE  ${obstacle}: only the sockets of Node.js are watched`)
    return undefined
  }
  try {
    const space = new Space()
    const outside = new Space()
    space.ip('link', 'add', LINK, 'type', 'veth', 'peer', 'name', LINK, 'netns', outside.name)
    outside.ip('link', 'set', LINK, 'up')
    space.ip('addr', 'add', '10.213.77.2/24', 'dev', LINK)
    space.ip('link', 'set', LINK, 'up')
    space.ip('neigh', 'add', '10.213.77.1', 'lladdr', '02:00:00:00:00:01', 'dev', LINK, 'nud', 'permanent')
    space.ip('route', 'add', 'default', 'via', '10.213.77.1')
    const [program, ...args] = space.command(process.execPath, fileURLToPath(import.meta.url), '--inside')
    return spawnSync(program, args, { stdio: 'inherit' }).status ?? 1
  } finally {
    removeSpaces()
  }
}
