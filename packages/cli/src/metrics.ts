import type { LedgerEntry, NodeStatus, Transport } from '@shoal/interface'
import type { EventCounts } from './node-events.js'

/** What the gateway counted. */
export interface GatewayCounts {
  /** Answers by HTTP status. */
  readonly responses: ReadonlyMap<number, number>
  readonly bytes: number
  /** Requests being answered now. */
  readonly active: number
}

export interface MetricsInput {
  readonly status: NodeStatus
  readonly ledger: readonly LedgerEntry[]
  readonly events: EventCounts
  readonly gateway: GatewayCounts | undefined
  readonly version: string
  /** Resident set size of the process, bytes. */
  readonly rss: number
}

type Labels = Readonly<Record<string, string | number>>
type Sample = readonly [labels: Labels, value: number]

/**
 * The node's state in the Prometheus text format.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/ version 0.0.4
 */
export function renderMetrics ({ status, ledger, events, gateway, version, rss }: MetricsInput): string {
  const { total, store, contents, peers, connections, uptime, peerId, upload } = status
  return [
    metric('gauge', 'shoal_info', 'Always 1; says which node and version this is.', [[{ version, peer: peerId }, 1]]),
    metric('gauge', 'shoal_uptime_seconds', 'Time since the node started.', uptime),
    metric('gauge', 'shoal_rss_bytes', 'Resident set size of the process.', rss),
    metric('counter', 'shoal_received_bytes_total', 'Verified bytes received, by source.', [
      [{ source: 'peer' }, total.fromPeers], [{ source: 'origin' }, total.fromOrigin]
    ]),
    metric('counter', 'shoal_sent_bytes_total', 'Block bytes sent to peers.', total.uploaded),
    metric('gauge', 'shoal_upload_rate_bytes', 'Bytes per second that may go to peers now.', upload.rateNow),
    metric('gauge', 'shoal_upload_month_bytes', 'Block bytes sent to peers in this calendar month.', upload.month),
    metric('gauge', 'shoal_upload_monthly_bytes', 'Block bytes that may be sent to peers in a calendar month.', upload.monthly),
    metric('gauge', 'shoal_ledger_peers', 'Peers that the ledger remembers, by standing.', byStanding(ledger)),
    metric('counter', 'shoal_wasted_bytes_total', 'Bytes that arrived for nothing: duplicate, cancelled or corrupt.', total.wasted),
    metric('gauge', 'shoal_connections', 'Open libp2p connections, whatever they serve.', connections),
    metric('gauge', 'shoal_peers', 'Peers with a session, by transport.', byTransport(peers)),
    metric('counter', 'shoal_peer_connects_total', 'Sessions opened.', events.connects),
    metric('counter', 'shoal_peer_disconnects_total', 'Sessions ended.', events.disconnects),
    metric('counter', 'shoal_connections_refused_total', 'Connections refused before anything was said over them, by reason.',
      labelled(events.refusedConnections, 'reason')),
    metric('counter', 'shoal_penalties_total', 'Penalties given to peers, by reason.', labelled(events.penalties, 'reason')),
    metric('counter', 'shoal_fallbacks_total', 'Deliveries that changed their source, by reason.', [...events.fallbacks].map(([key, value]) => {
      const [from = '', to = '', reason = ''] = key.split(' ')
      return [{ from, to, reason }, value]
    })),
    metric('counter', 'shoal_refusals_total', 'Tokens that did not count, by who refused whom and reason.', [...events.refusals].map(([key, value]) => {
      const [by = '', reason = ''] = key.split(' ')
      return [{ by, reason }, value]
    })),
    metric('counter', 'shoal_segments_total', 'Segments delivered to readers, by main source.', labelled(events.segments, 'source')),
    metric('gauge', 'shoal_contents', 'Open contents.', contents.length),
    metric('gauge', 'shoal_content_bytes', 'Size of the open contents together.', sum(contents.map(({ bytes }) => bytes))),
    metric('gauge', 'shoal_content_held_bytes', 'What of the open contents is held.', sum(contents.map(({ held }) => held))),
    metric('gauge', 'shoal_store_bytes', 'Bytes in the block store; files served from where they lie do not count.', store.used),
    metric('gauge', 'shoal_store_quota_bytes', 'Bytes that the block store may take.', store.quota),
    metric('counter', 'shoal_store_withdrawn_blocks_total', 'Blocks withdrawn because their file changed or vanished.', events.withdrawn),
    metric('counter', 'shoal_store_corrupt_blocks_total', 'Blocks that did not hash to their digest when read back.', events.corrupt),
    metric('counter', 'shoal_errors_total', 'Errors that the node reported.', events.errors),
    ...gateway === undefined ? [] : [
      metric('counter', 'shoal_gateway_responses_total', 'Answers of the HTTP gateway, by status.', labelled(gateway.responses, 'status')),
      metric('counter', 'shoal_gateway_sent_bytes_total', 'Content bytes sent by the HTTP gateway.', gateway.bytes),
      metric('gauge', 'shoal_gateway_active', 'Requests that the HTTP gateway is answering.', gateway.active)
    ]
  ].join('')
}

function metric (type: 'counter' | 'gauge', name: string, help: string, value: number | readonly Sample[]): string {
  const samples: readonly Sample[] = typeof value === 'number' ? [[{}, value]] : value
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${samples.map(([labels, number]) => `${name}${braces(labels)} ${text(number)}\n`).join('')}`
}

function braces (labels: Labels): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}="${String(value).replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function text (value: number): string {
  return value === Infinity ? '+Inf' : String(value)
}

function labelled (counts: ReadonlyMap<string | number, number>, label: string): Sample[] {
  return [...counts].map(([key, value]) => [{ [label]: key }, value])
}

function byTransport (peers: NodeStatus['peers']): Sample[] {
  const counts: Record<Transport, number> = { 'tcp': 0, 'quic': 0, 'ws': 0, 'webrtc': 0, 'webrtc-direct': 0, 'turn': 0, 'relay': 0, 'memory': 0 }
  for (const { transport } of peers) counts[transport]++
  return Object.entries(counts).map(([transport, count]) => [{ transport }, count])
}

function byStanding (ledger: readonly LedgerEntry[]): Sample[] {
  const counts = { good: 0, unknown: 0, bad: 0, banned: 0 }
  for (const { score, bannedUntil } of ledger) counts[bannedUntil !== undefined ? 'banned' : score > 0 ? 'good' : score < 0 ? 'bad' : 'unknown']++
  return Object.entries(counts).map(([standing, count]) => [{ standing }, count])
}

function sum (numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0)
}
