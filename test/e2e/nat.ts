/**
 * Machines behind routers of several kinds, each with every other: one publishes, one fetches, and which way the bytes took is told. Then
 * pages in Chromium behind such routers, with those machines and with each other, and some who may use a TURN server. Everything runs in
 * network namespaces; a public machine runs a Shoal server, which relays and may carry content, and a server for STUN and TURN.
 *
 *     node test/e2e/nat.ts [--kinds symmetric,no-udp]     these machines alone, without pages
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Route } from '@shoal/interface'
import { Checks, Problem } from '../support/checks.ts'
import { Internet, ROUTERS, whyNoRouters, type Machine, type Router } from '../support/internet.ts'
import { removeSpaces, whyNoSpaces } from '../support/namespaces.ts'
import type { Ask, Fetched, Told } from '../support/obedient.ts'
import { obedientPage, startPage, type PageChild } from '../support/page-child.ts'
import { startShoal, type ShoalChild } from '../support/shoal-child.ts'

const ICE_PORT = 3478
const USER = { username: 'shoal@test', credential: 'open:sesame' }
/** Of each content the last segment is fetched when the best way is there. */
const SEGMENTS = 2
const BYTES = 1_000_000
/** Relayed connections end here after so many bytes: more than one content, less than two. */
const RELAY_LIMIT = 64 * 2 ** 20

type Kind = 'public' | Router
/** Who gives or takes: a machine, or a page behind such a router, or either of them with a TURN server. */
type Party = Kind | `page behind ${Router}` | 'another page behind port-restricted' | 'turn' | 'page with turn'

interface Node { ask (ask: Ask): Promise<Told> }

interface Pair {
  readonly from: Party
  readonly to: Party
  readonly giver: Node
  readonly taker: Node
  readonly routes: readonly Route[]
}

const ALL: readonly Kind[] = ['public', ...ROUTERS]
const { values } = parseArgs({ options: { kinds: { type: 'string', default: ALL.join(',') } } })
const kinds = values.kinds.split(',') as Kind[]

/** Where a page may find a way to a public address by itself, and where WebRTC alone passes. */
const OPEN: readonly Route[] = ['websocket', 'webrtc']
const PAIRS: readonly (readonly [from: Party, to: Party, routes: readonly Route[]])[] = [
  ['public', 'page behind symmetric', OPEN],
  ['full-cone', 'page behind symmetric', OPEN],
  ['port-restricted', 'page behind symmetric', ['relay']],
  ['public', 'page behind no-udp', ['websocket']],
  ['symmetric', 'page behind no-udp', ['relay']],
  ['port-restricted', 'page behind port-restricted', ['webrtc']],
  ['another page behind port-restricted', 'page behind port-restricted', ['webrtc']],
  ['page behind symmetric', 'another page behind port-restricted', ['relay']],
  ['page behind no-udp', 'another page behind port-restricted', ['relay']],
  ['page behind port-restricted', 'port-restricted', ['webrtc']],
  ['page behind no-udp', 'symmetric', ['relay']],
  ['page behind symmetric', 'no-udp', ['relay']],
  // both behind symmetric routers; it is enough that one has TURN
  ['turn', 'page with turn', ['turn']],
  ['page with turn', 'turn', ['turn']],
  ['turn', 'symmetric', ['turn']]
]

/** The best that there is between two kinds, whoever of them dials. */
function best (a: Kind, b: Kind): readonly Route[] {
  const pair = [a, b]
  // whoever of the two hears of the other first dials
  if (pair.includes('public')) return pair.includes('no-udp') ? ['direct'] : ['direct', 'webrtc']
  // whatever arrives at a full cone is let in, but nobody can know its ports for TCP
  if (pair.includes('no-udp')) return ['direct', 'relay']
  // each port of a symmetric router is for one other machine only
  if (a === 'symmetric' && b === 'symmetric') return ['relay']
  if (pair.includes('symmetric') && pair.includes('port-restricted')) return ['relay']
  return ['direct', 'webrtc']
}

const obstacle = whyNoSpaces() ?? whyNoRouters()
const checks = new Checks()
if (obstacle !== undefined) {
  console.log(`  NOT tested: ways through routers and firewalls: ${obstacle}`)
  for (const from of kinds) for (const to of kinds) checks.skip(`${from} to ${to}`, obstacle)
  for (const [from, to] of PAIRS) checks.skip(`${from} to ${to}`, obstacle)
  checks.end()
  process.exit()
}

const hosts: ShoalChild[] = []
const pages: PageChild[] = []
const internet = new Internet()
const begin = async ({ space }: Machine): Promise<ShoalChild> => {
  const host = await startShoal(space)
  hosts.push(host)
  return host
}
const machine = (kind: Kind): Machine => kind === 'public' ? internet.host() : internet.home(kind)

try {
  const serving = internet.host()
  const server = await begin(serving)
  await server.ask({ do: 'ice', address: serving.address, port: ICE_PORT, user: USER })
  const { addrs: bootstrap = [] } = await server.ask({
    do: 'start',
    options: {
      server: true,
      listen: [`/ip4/${serving.address}/tcp/4001`, `/ip4/${serving.address}/tcp/4002/ws`],
      relay: { content: true, limit: RELAY_LIMIT }
    }
  })
  const stun = { urls: `stun:${serving.address}:${ICE_PORT}` }
  const turn = { urls: `turn:${serving.address}:${ICE_PORT}`, ...USER }
  const startNode = async (kind: Kind, iceServers = [stun]): Promise<ShoalChild> => {
    const where = machine(kind)
    const host = await begin(where)
    await host.ask({ do: 'start', options: { bootstrap: bootstrap.filter(addr => !addr.includes('/ws/')), iceServers } })
    await found(kind, where, host)
    return host
  }
  const openPage = async (script: string, kind: Router, iceServers = [stun]): Promise<PageChild> => {
    const where = machine(kind)
    const page = await startPage(script, where.space)
    pages.push(page)
    await page.ask({ do: 'start', options: { bootstrap: bootstrap.filter(addr => addr.includes('/ws/')), iceServers, share: false } })
    await found(kind, where, page)
    return page
  }
  const givers = new Map<Kind, ShoalChild>()
  const takers = new Map<Kind, ShoalChild>()
  await Promise.all(kinds.map(async kind => {
    const [giver, taker] = await Promise.all([startNode(kind), startNode(kind)])
    givers.set(kind, giver)
    takers.set(kind, taker)
  }))

  const matrix = new Map<Kind, Map<Kind, Route>>(kinds.map(kind => [kind, new Map()]))
  const machines = [...takers].flatMap(([to, taker]) => [...givers].map(([from, giver]) =>
    ({ from, to, giver, taker, routes: best(from, to) })))
  await all(machines, (from, to, route) => { matrix.get(to as Kind)?.set(from as Kind, route) })
  const width = Math.max(...kinds.map(kind => kind.length)) + 2
  console.log(`\n  ${'from \\ to'.padEnd(width)}${kinds.map(kind => kind.padEnd(width)).join('')}`)
  for (const from of kinds) {
    console.log(`  ${from.padEnd(width)}${kinds.map(to => (matrix.get(to)?.get(from) ?? 'failed').padEnd(width)).join('')}`)
  }

  if (ALL.every(kind => kinds.includes(kind))) {
    const script = await obedientPage()
    // a few at a time: each brings a browser
    const [symmetric, noUdp] = await Promise.all([openPage(script, 'symmetric'), openPage(script, 'no-udp')])
    const [restricted, another] = await Promise.all([openPage(script, 'port-restricted'), openPage(script, 'port-restricted')])
    const [turnedPage, turned] = await Promise.all([openPage(script, 'symmetric', [turn]), startNode('symmetric', [turn])])
    const more: [Party, Node][] = [
      ['page behind symmetric', symmetric], ['page behind no-udp', noUdp], ['page behind port-restricted', restricted],
      ['another page behind port-restricted', another], ['page with turn', turnedPage], ['turn', turned]
    ]
    const from = new Map<Party, Node>([...givers, ...more])
    const to = new Map<Party, Node>([...takers, ...more])
    await all(PAIRS.map(([giver, taker, routes]) => ({
      from: giver, to: taker, giver: from.get(giver) as Node, taker: to.get(taker) as Node, routes
    })))
  }
} finally {
  await Promise.all(pages.map(page => page.ask({ do: 'close' }).catch(() => {})))
  await Promise.all([...hosts, ...pages].map(host => host.kill()))
  removeSpaces()
}
checks.end()

/** All who take at the same time, each from one after the other. */
async function all (pairs: readonly Pair[], went: (from: Party, to: Party, route: Route) => void = () => {}): Promise<void> {
  const last = new Map<Node, Promise<unknown>>()
  const results = pairs.map(({ from, to, giver, taker, routes }) => {
    const result = (last.get(taker) ?? Promise.resolve()).then(() => exchange(giver, taker, `${from} to ${to}`, routes))
    last.set(taker, result.catch(() => {}))
    return result
  })
  for (const [i, { from, to, routes: wanted }] of pairs.entries()) {
    await checks.check(`${to} fetches from ${from}`, async () => {
      const { seconds, route, routes } = await results[i] as Fetched
      went(from, to, route)
      console.log(`          ${route} in ${seconds.toFixed(1)} s; sessions: ${routes.join(', ')}`)
      if (!wanted.includes(route)) throw new Problem(`it went by ${route}, where ${wanted.join(' or ')} is to be had`)
      if (!routes.includes(route)) throw new Problem(`no peer:connect told of ${route}, only of ${routes.join(', ')}`)
    })
  }
}

/** One publishes, the other fetches. */
async function exchange (giver: Node, taker: Node, name: string, routes: readonly Route[]): Promise<Fetched> {
  const { link = '', digest } = await giver.ask({ do: 'publish', name, bytes: BYTES, segments: SEGMENTS })
  const { digest: got, fetched } = await taker.ask({ do: 'fetch', link, routes })
  if (fetched === undefined || got !== digest) throw new Problem('what came is not what was published')
  return fetched
}

/** Waits until the node can be found: where it is, as others have confirmed, or behind its router through the relay. */
async function found (kind: Kind, { address }: Machine, host: Node): Promise<void> {
  const way = kind === 'public' ? `/ip4/${address}/` : '/p2p-circuit'
  for (let tries = 0; tries < 600; tries++) {
    const { addrs = [] } = await host.ask({ do: 'addrs' })
    if (addrs.some(addr => addr.includes(way))) return
    await sleep(100)
  }
  throw new Error(`the ${kind} node has no address with ${way}`)
}
