/**
 * Machines behind routers of several kinds, each with every other: one publishes, one fetches, and which way the bytes took is told.
 * Everything runs in network namespaces; a public machine runs a Shoal server, which relays and may carry content, and a STUN server.
 *
 *     node test/e2e/nat.ts [--kinds symmetric,no-udp]
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Route } from '@shoal/interface'
import { Checks, Problem } from '../support/checks.ts'
import { Internet, ROUTERS, whyNoRouters, type Machine, type Router } from '../support/internet.ts'
import { removeSpaces, whyNoSpaces } from '../support/namespaces.ts'
import { startShoal, type Fetched, type ShoalChild } from '../support/shoal-child.ts'

const STUN_PORT = 3478
/** Of each content the last segment is fetched when the best way is there. */
const SEGMENTS = 2
const BYTES = 1_000_000
/** Relayed connections end here after so many bytes: more than one content, less than two. */
const RELAY_LIMIT = 64 * 2 ** 20

type Kind = 'public' | Router

const { values } = parseArgs({ options: { kinds: { type: 'string', default: ['public', ...ROUTERS].join(',') } } })
const kinds = values.kinds.split(',') as Kind[]

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
  checks.end()
  process.exit()
}

const hosts: ShoalChild[] = []
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
  const { addrs: [bootstrap = ''] = [] } = await server.ask({
    do: 'start',
    options: { server: true, listen: [`/ip4/${serving.address}/tcp/4001`], relay: { content: true, limit: RELAY_LIMIT } },
    stun: { address: serving.address, port: STUN_PORT }
  })
  const options = { bootstrap: [bootstrap], iceServers: [{ urls: `stun:${serving.address}:${STUN_PORT}` }] }
  const start = async (kind: Kind): Promise<ShoalChild> => {
    const where = machine(kind)
    const host = await begin(where)
    await host.ask({ do: 'start', options })
    await found(kind, where, host)
    return host
  }
  const givers = new Map<Kind, ShoalChild>()
  const takers = new Map<Kind, ShoalChild>()
  await Promise.all(kinds.map(async kind => {
    const [giver, taker] = await Promise.all([start(kind), start(kind)])
    givers.set(kind, giver)
    takers.set(kind, taker)
  }))

  const matrix = new Map<Kind, Map<Kind, Route>>(kinds.map(kind => [kind, new Map()]))
  // all who take at the same time, each from one after the other
  const taking = [...takers].map(([to, taker]) => {
    let last: Promise<unknown> = Promise.resolve()
    return [...givers].map(([from, giver]) => {
      const result = last.then(() => exchange(giver, taker, `${from}-${to}`, best(from, to)))
      last = result.catch(() => {})
      return { from, to, result }
    })
  }).flat()
  for (const { from, to, result } of taking) {
    await checks.check(`${to} fetches from ${from}`, async () => {
      const { seconds, route, routes } = await result
      matrix.get(to)?.set(from, route)
      console.log(`          ${route} in ${seconds.toFixed(1)} s; sessions: ${routes.join(', ')}`)
      const wanted = best(from, to)
      if (!wanted.includes(route)) throw new Problem(`it went by ${route}, where ${wanted.join(' or ')} is to be had`)
      if (!routes.includes(route)) throw new Problem(`no peer:connect told of ${route}, only of ${routes.join(', ')}`)
    })
  }
  const width = Math.max(...kinds.map(kind => kind.length)) + 2
  console.log(`\n  ${'from \\ to'.padEnd(width)}${kinds.map(kind => kind.padEnd(width)).join('')}`)
  for (const from of kinds) {
    console.log(`  ${from.padEnd(width)}${kinds.map(to => (matrix.get(to)?.get(from) ?? 'failed').padEnd(width)).join('')}`)
  }
} finally {
  await Promise.all(hosts.map(host => host.kill()))
  removeSpaces()
}
checks.end()

/** One publishes, the other fetches. */
async function exchange (giver: ShoalChild, taker: ShoalChild, name: string, routes: readonly Route[]): Promise<Fetched> {
  const { link = '', digest } = await giver.ask({ do: 'publish', name, bytes: BYTES, segments: SEGMENTS })
  const { digest: got, fetched } = await taker.ask({ do: 'fetch', link, routes })
  if (fetched === undefined || got !== digest) throw new Problem('what came is not what was published')
  return fetched
}

/** Waits until the node can be found: where it is, as others have confirmed, or behind its router through the relay. */
async function found (kind: Kind, { address }: Machine, host: ShoalChild): Promise<void> {
  const way = kind === 'public' ? `/ip4/${address}/` : '/p2p-circuit'
  for (let tries = 0; tries < 600; tries++) {
    const { addrs = [] } = await host.ask({ do: 'addrs' })
    if (addrs.some(addr => addr.includes(way))) return
    await sleep(100)
  }
  throw new Error(`the ${kind} node has no address with ${way}`)
}
