/**
 * How soon a newcomer has somebody to fetch from, and what a swarm that has nothing to do says. Real nodes: one that serves the DHT, one
 * that publishes, and N that come one after the other, know the first alone, and have a link without hints.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Child } from '../support/child.ts'
import type { Ask, Count, Told } from './discover/nodes.ts'
import { machine, print, progress, type Target } from './support/report.ts'
import { ownVersion } from './support/rivals.ts'
import { positive, readOptions, type Bench } from './support/usage.ts'

const NODES = fileURLToPath(new URL('discover/nodes.ts', import.meta.url))
const CONTENT_BYTES = 256 * 1024

type Host = Child<Ask, Told>

const help = `usage: npm run -s bench -- discover [options]

  --peers N        (default 50)
  --per-process N  of them, in one process (default 5)
  --every-ms N     between the start of one and the next (default 3000: this machine does the work of as many)
  --settle-s N     from when all of them are complete until they are idle: intervals have grown (default 240)
  --idle-s N       how long the idle swarm is listened to (default 60)
  --json           one JSON object as the last line of standard output, all else on standard error

Measured: first_peer_*, seconds from the call of createShoal, in a process whose modules are loaded, until a peer of the swarm has given the
manifest; quantiles over the peers, each of which knows the address of the DHT node alone. idle_bps: payload bytes per second, both
directions, of all of a peer's sockets, mean over the peers, when all have the whole content and all their connections
(neighbours and connections are means, too); failed: peers that found nobody in 30 s; server_idle_bps is the same of the DHT node, to which all are connected.`

export const discover: Bench = {
  name: 'discover',
  summary: 'time until a newcomer has its first useful peer, and the traffic of an idle swarm',
  help,

  async run (args, build) {
    const options = readOptions(args, {
      peers: { type: 'string', default: '50' },
      'per-process': { type: 'string', default: '5' },
      'every-ms': { type: 'string', default: '3000' },
      'settle-s': { type: 'string', default: '240' },
      'idle-s': { type: 'string', default: '60' },
      json: { type: 'boolean', default: false }
    })
    const peers = positive('peers', options.peers)
    const perProcess = positive('per-process', options['per-process'])
    const everyMs = positive('every-ms', options['every-ms'])
    const settleS = positive('settle-s', options['settle-s'])
    const idleS = positive('idle-s', options['idle-s'])
    build()

    const env = { ...machine(), peers, per_process: perProcess, every_ms: everyMs, settle_s: settleS, idle_s: idleS, libp2p: await ownVersion('libp2p') }
    const hosts: Host[] = []
    const begin = async (): Promise<Host> => {
      const host = await Child.start<Ask, Told>(NODES)
      hosts.push(host)
      return host
    }
    try {
      const [server, publisher] = [await begin(), await begin()]
      const { addr: bootstrap = '' } = await server.ask({ do: 'serve' })
      const { link = '' } = await publisher.ask({ do: 'publish', bootstrap, bytes: CONTENT_BYTES })
      const homes: Host[] = []
      for (let i = 0; i < Math.ceil(peers / perProcess); i++) homes.push(await begin())
      progress(`${homes.length} processes are ready`)

      const joining: Promise<Told>[] = []
      for (let i = 0; i < peers; i++) {
        // over all processes in turn, so that none is busy with all of those that come at about the same time
        const joined = (homes[i % homes.length] as Host).ask({ do: 'join', bootstrap, link })
        // it is waited for when all have been started
        joined.catch(() => {})
        joining.push(joined)
        await sleep(everyMs)
      }
      const first = (await Promise.allSettled(joining)).map(joined => {
        if (joined.status === 'fulfilled') return joined.value.firstPeerS ?? Infinity
        progress(`a peer found nobody: ${String(joined.reason).split('\n', 1)[0] ?? ''}`)
        return Infinity
      })
      const failed = first.filter(seconds => seconds === Infinity).length
      progress(`${peers - failed} of ${peers} peers have the content; listening to them in ${settleS} s`)

      await sleep(settleS * 1000)
      const counted = async (of: readonly Host[]): Promise<Count> => (await Promise.all(of.map(host => host.ask({ do: 'count' }))))
        .reduce<Count>((sum, { count: { bytes, connections, neighbours } = NOTHING }) => ({
          bytes: sum.bytes + bytes, connections: sum.connections + connections, neighbours: sum.neighbours + neighbours
        }), NOTHING)
      const before = [await counted(homes), await counted([server])] as const
      const began = performance.now()
      await sleep(idleS * 1000)
      const after = [await counted(homes), await counted([server])] as const
      const seconds = (performance.now() - began) / 1000
      const measured = {
        first_peer_p50_s: quantile(first, 0.5),
        first_peer_p99_s: quantile(first, 0.99),
        idle_bps: (after[0].bytes - before[0].bytes) / seconds / peers,
        server_idle_bps: (after[1].bytes - before[1].bytes) / seconds,
        neighbours: after[0].neighbours / peers,
        connections: after[0].connections / peers,
        failed
      }
      const targets: Target[] = [
        { key: 'first_peer_p50_s', op: '<=', want: 1 },
        { key: 'first_peer_p99_s', op: '<=', want: 5 },
        { key: 'idle_bps', op: '<=', want: 1000 },
        { key: 'failed', op: '<=', want: 0 }
      ]
      print({ bench: 'discover', env: { ...env, load_1min_after: machine().load_1min }, measured, runs: { first_peer_s: first }, targets }, options.json)
    } finally {
      await Promise.all(hosts.map(host => host.kill()))
    }
  }
}

const NOTHING: Count = { bytes: 0, connections: 0, neighbours: 0 }

/** The least of the values that so large a share of them do not exceed. */
function quantile (values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number
}
