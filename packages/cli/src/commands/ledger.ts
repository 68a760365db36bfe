import type { LedgerEntry } from '@shoal/interface'
import { defaultDataFolder } from '../defaults.js'
import { formatBytes, plural, shortPeer } from '../format.js'
import type { Command } from '../types.js'

export const ledger: Command = {
  name: 'ledger',
  summary: 'what a running node remembers of each peer: bytes either way, score, penalties',
  args: [],
  options: ['data', 'config', 'json', 'help'],
  defaults: env => ({ data: defaultDataFolder(env) }),
  examples: [
    ['shoal ledger', 'the best first; scores go from −100, shut out, over 0, nothing known, towards 100'],
    ['shoal ledger --data ./node --json', 'one line a peer']
  ],
  attach: 'only',

  async run ({ node, emit, log }) {
    const entries = [...(await node()).ledger].sort((a, b) => b.score - a.score || b.received - a.received)
    if (entries.length === 0) log('no peer gave anything, took anything or misbehaved yet')
    for (const entry of entries) emit(entry)
  },

  render (line) {
    const { peer, score, received, sent, useful, wasted, corrupt, latency, penalty, bannedUntil } = line as LedgerEntry
    const notes = [
      ...latency > 0 ? [`${Math.round(latency)} ms a block`] : [],
      ...wasted > 0 ? [`${formatBytes(wasted)} for nothing`] : [],
      ...corrupt > 0 ? [`${plural(corrupt, 'bad block')}`] : [],
      ...penalty >= 0.05 ? [`penalty ${penalty.toFixed(1)}`] : [],
      ...typeof bannedUntil === 'number' ? [`shut out until ${new Date(bannedUntil).toISOString()}`] : []
    ]
    return [
      score.toFixed(1).padStart(6), shortPeer(peer), `gave ${formatBytes(received)} in ${plural(useful, 'block')}, got ${formatBytes(sent)}`, ...notes
    ].join('  ')
  }
}
