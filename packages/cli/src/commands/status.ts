import type { NodeStatus, PeerStatus } from '@shoal/interface'
import { defaultDataFolder } from '../defaults.js'
import { formatBytes, formatSeconds, formatShare, plural, printable, shortPeer, table } from '../format.js'
import type { Command } from '../types.js'

const OPTIONS = ['data', 'config', 'json', 'help'] as const

export const status: Command = {
  name: 'status',
  summary: 'how a running node stands: contents, store, bytes by source',
  args: [],
  options: OPTIONS,
  defaults: env => ({ data: defaultDataFolder(env) }),
  examples: [
    ['shoal status', 'of the node that "shoal serve" runs with its default folder'],
    ['shoal status --data ./node --json', 'one JSON object; a quota of null is unlimited']
  ],
  attach: 'only',

  async run ({ node, emit }) {
    emit((await node()).status)
  },

  render (line) {
    const { peerId, addrs, connections, uptime, store, contents, peers, profile, upload, total } = line as NodeStatus
    const rows = contents.map(({ name, bytes, held, connected, swarmSize, duty, copies, link }) => [
      `  ${name}`, formatBytes(bytes), formatShare(bytes === 0 ? 1 : held / bytes), `${connected} of ~${swarmSize}`, duty,
      typeof copies === 'number' ? String(Math.floor(copies)) : '', link.split('?', 1)[0] ?? link
    ])
    const rate = (measured: number | undefined): string => measured === undefined ? 'not measured yet' : `${formatBytes(measured)}/s`
    return [
      `peer         ${peerId}`,
      `up           ${formatSeconds(uptime)}`,
      ...addrs.map((addr, i) => `${i === 0 ? 'addresses' : '         '}    ${addr}`),
      `connections  ${connections}, ${plural(peers.length, 'peer')}`,
      `store        ${formatBytes(store.used)} of ${formatBytes(store.quota ?? Infinity)}`,
      `received     ${formatBytes(total.fromPeers)} from peers, ${formatBytes(total.fromOrigin)} from origins, ${formatBytes(total.wasted)} for nothing`,
      `given        ${formatBytes(total.uploaded)}, ${formatBytes(upload.month)} of ${formatBytes(upload.monthly ?? Infinity)} this month`,
      `while busy   ${rate(profile.downRate)} from peers, ${rate(profile.upRate)} to peers`,
      '',
      ...rows.length === 0 ? ['no contents open'] : [table([['  CONTENT', 'SIZE', 'HELD', 'PEERS', 'DUTY', 'COPIES', 'LINK'], ...rows], [1, 2, 3, 5])]
    ].join('\n')
  }
}

export const peers: Command = {
  name: 'peers',
  summary: 'the peers of a running node, what they gave and got',
  args: [],
  options: OPTIONS,
  defaults: env => ({ data: defaultDataFolder(env) }),
  examples: [
    ['shoal peers', 'of the node that "shoal serve" runs with its default folder'],
    ['shoal peers --data ./node --json', 'one line a peer']
  ],
  attach: 'only',

  async run ({ node, emit, log }) {
    const { peers } = (await node()).status
    if (peers.length === 0) log('no peers connected')
    for (const peer of peers) emit(peer)
  },

  render (line) {
    const { peer, route, limited, direction, addr, contents, stats } = line as PeerStatus
    const rtt = stats.rtt === undefined ? '' : `, ${Math.round(stats.rtt)} ms away`
    return `${shortPeer(peer)}  ${route}${limited ? ' for signalling' : ''}, ${direction}${rtt}: ${formatBytes(stats.received)} received at ${formatBytes(stats.rate)}/s, ` +
      `${formatBytes(stats.sent)} sent, ${plural(contents.length, 'content')} shared\n  ${printable(addr)}`
  }
}
