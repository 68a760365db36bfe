import { ConfigError, type NodeStatus, type Shoal } from '@shoal/interface'
import type { Ipfs } from '@shoal/ipfs'
import { defaultDataFolder, GATEWAY_ADDRESS, METRICS_ADDRESS, REPORT_INTERVAL_MS, serveListen } from '../defaults.js'
import { formatBytes, plural } from '../format.js'
import { startGateway } from '../gateway/gateway.js'
import { startMetricsServer } from '../metrics-server.js'
import type { HttpService } from '../http.js'
import { parseAddress } from '../http.js'
import { countEvents } from '../node-events.js'
import { COMMON } from '../options/table.js'
import type { Command, Context } from '../types.js'
import { version } from '../version.js'
import { stopped } from './seeding.js'

interface ServingLine {
  readonly peerId: string
  readonly addrs: readonly string[]
  /** URL, `null` when off. */
  readonly gateway: string | null
  readonly metrics: string | null
}

export const serve: Command = {
  name: 'serve',
  summary: 'run a standalone node: relay, DHT server, store, gateway, metrics, status page',
  args: [],
  options: ['gateway', 'ipfs', 'metrics', ...COMMON],
  defaults: env => ({
    data: defaultDataFolder(env), listen: serveListen(), server: true, gateway: GATEWAY_ADDRESS, metrics: METRICS_ADDRESS
  }),
  examples: [
    ['shoal serve', 'with the default folder and ports'],
    ['shoal serve --data ./node --announce /dns4/peer.example.com/tcp/443/wss', 'behind a proxy that ends TLS'],
    ['shoal serve --listen /ip4/0.0.0.0/tcp/0 --gateway off --metrics off', 'any free port, no HTTP'],
    ['shoal serve --ipfs gateway', 'a trustless gateway for Kubo, Helia and browsers, too']
  ],
  notes: 'Other commands with the same --data run inside this node. The gateway gives /shoal/<link>/<path>, /.well-known/shoal and /healthz;\n' +
    'with --ipfs also /ipfs/<CID>?format=raw and ?format=car of public contents that are open here.\n' +
    'Its status page at / answers this machine only. First line of --json: {"peerId","addrs","gateway","metrics"}.',
  attach: 'never',

  prepare (args, values) {
    for (const name of ['gateway', 'metrics'] as const) if (isOn(values[name])) parseAddress(values[name], `--${name}`)
    if (values.ipfs === 'gateway' && !isOn(values.gateway)) throw new ConfigError('--ipfs gateway: there is no gateway. Give --gateway HOST:PORT, or --ipfs bitswap')
    return args
  },

  async run (context) {
    const { values, emit, log, signal } = context
    const services: HttpService[] = []
    const node = await context.node()
    const events = countEvents(node)
    let ipfs: Ipfs | undefined
    try {
      ipfs = isOn(values.ipfs) ? await joinIpfs(node, values.ipfs === 'bitswap', log) : undefined
      const gateway = isOn(values.gateway)
        ? await startGateway({ address: values.gateway, node, version, log, ipfs: ipfs?.handle.bind(ipfs) })
        : undefined
      if (gateway !== undefined) services.push(gateway)
      const metrics = isOn(values.metrics)
        ? await startMetricsServer(values.metrics, () => ({
          status: node.status, ledger: node.ledger, events, gateway: gateway?.counts, version, rss: process.memoryUsage.rss()
        }))
        : undefined
      if (metrics !== undefined) services.push(metrics)
      log(`data folder ${values.data}`)
      emit({ peerId: node.peerId, addrs: node.addrs, gateway: gateway?.url ?? null, metrics: metrics?.url ?? null } satisfies ServingLine)
      await reportUntilStopped(signal, context, () => node.status)
      log('stopping')
    } finally {
      await Promise.all(services.map(async service => { await service.close() }))
      await ipfs?.stop()
    }
  },

  render (line) {
    const { peerId, addrs, gateway, metrics } = line as ServingLine
    return [
      `Serving as ${peerId}`,
      ...addrs.map((addr, i) => `  ${i === 0 ? 'addresses' : '         '}  ${addr}`),
      `  gateway    ${gateway ?? 'off'}${gateway === null ? '' : '/ (status page)'}`,
      `  metrics    ${metrics === null ? 'off' : `${metrics}/metrics`}`
    ].join('\n')
  }
}

/** Loaded only where it is wanted. */
async function joinIpfs (node: Shoal, bitswap: boolean, log: (line: string) => void): Promise<Ipfs> {
  const { startIpfs } = await import('@shoal/ipfs')
  return await startIpfs(node, { bitswap, onfailure: (error, doing) => { log(`ipfs: ${doing}: ${error.message}`) } })
}

function isOn (address: string | undefined): address is string {
  return address !== undefined && address !== 'off'
}

async function reportUntilStopped (signal: AbortSignal, { progress }: Context, status: () => NodeStatus): Promise<void> {
  // A line every few seconds would fill the log of a service: only a terminal shows how it goes
  const timer = process.stderr.isTTY ? setInterval(() => {
    const { total, peers, contents } = status()
    const notes = [plural(peers.length, 'peer'), plural(contents.length, 'content'), `${formatBytes(total.fromPeers + total.fromOrigin)} received`]
    progress({ doing: 'serving', done: total.uploaded, notes })
  }, REPORT_INTERVAL_MS) : undefined
  await stopped(signal)
  clearInterval(timer)
  progress(undefined)
}
