import { expect } from 'chai'
import { countEvents } from '../src/node-events.js'
import { startMetricsServer } from '../src/metrics-server.js'
import { type MetricsInput, renderMetrics } from '../src/metrics.js'
import { StubNode } from './support/stub-node.js'

function input (node = new StubNode()): MetricsInput {
  return {
    status: node.status, ledger: node.ledger, events: countEvents(node), gateway: { responses: new Map([[206, 3]]), bytes: 7, active: 1 }, version: '1"\\\n', rss: 5
  }
}

describe('metrics', () => {
  it('is the Prometheus text format: each name once with help and type, then its samples', () => {
    const seen = new Set<string>()
    let current = ''
    for (const line of renderMetrics(input()).trimEnd().split('\n')) {
      const head = /^# (HELP|TYPE) (shoal_[a-z_]+) (.+)$/.exec(line)
      if (head?.[1] === 'HELP') {
        current = head[2] ?? ''
        expect(seen.has(current), current).to.equal(false)
        seen.add(current)
      } else if (head?.[1] === 'TYPE') {
        expect(head[2]).to.equal(current)
        expect(head[3]).to.equal(current.endsWith('_total') ? 'counter' : 'gauge')
      } else {
        expect(line).to.match(/^shoal_[a-z_]+(\{[a-z]+="([^"\\\n]|\\.)*"(,[a-z]+="([^"\\\n]|\\.)*")*\})? (\d+(\.\d+)?|\+Inf)$/)
        expect(line.split(/[ {]/, 1)[0]).to.equal(current)
      }
    }
    expect(seen.size).to.be.greaterThan(20)
  })

  it('counts what the node reports', () => {
    const node = new StubNode()
    const given = input(node)
    node.dispatchEvent(new CustomEvent('peer:refused', { detail: { content: 'c', peer: 'p', by: 'us', reason: 'expired', detail: '' } }))
    for (let i = 0; i < 2; i++) node.dispatchEvent(new CustomEvent('peer:penalty', { detail: { peer: 'p', reason: 'spam', detail: '', score: 0 } }))
    for (const count of [1, 40]) node.dispatchEvent(new CustomEvent('connection:refused', { detail: { reason: 'silent', count, from: '192.0.2.0/24' } }))
    node.dispatchEvent(new CustomEvent('fallback', { detail: { content: 'c', path: 'p', from: 'peer', to: 'origin', reason: 'deadline' } }))
    node.dispatchEvent(new CustomEvent('store:withdrawn', { detail: { path: 'p', blocks: 4, reason: 'changed' } }))
    node.dispatchEvent(new CustomEvent('error', { detail: { error: new Error('x'), doing: 'y' } }))
    const text = renderMetrics(given)
    for (const line of [
      'shoal_penalties_total{reason="spam"} 2', 'shoal_penalties_total{reason="corrupt-block"} 0',
      'shoal_fallbacks_total{from="peer",to="origin",reason="deadline"} 1', 'shoal_store_withdrawn_blocks_total 4', 'shoal_errors_total 1',
      'shoal_refusals_total{by="us",reason="expired"} 1',
      'shoal_connections_refused_total{reason="silent"} 41', 'shoal_connections_refused_total{reason="full"} 0',
      'shoal_peers{transport="tcp"} 1', 'shoal_peers{transport="webrtc-direct"} 0', 'shoal_received_bytes_total{source="origin"} 500', 'shoal_sent_bytes_total 5',
      'shoal_store_quota_bytes +Inf', 'shoal_rss_bytes 5', 'shoal_upload_rate_bytes 500', 'shoal_upload_month_bytes 70', 'shoal_upload_monthly_bytes 100',
      'shoal_ledger_peers{standing="good"} 1', 'shoal_ledger_peers{standing="banned"} 1', 'shoal_uptime_seconds 12.5', 'shoal_gateway_responses_total{status="206"} 3'
    ]) expect(text).to.contain(`${line}\n`)
  })

  it('answers /metrics, to those who name this machine', async () => {
    const server = await startMetricsServer('127.0.0.1:0', () => input())
    const ask = async (path: string, host?: string): Promise<number> => {
      const { get } = await import('node:http')
      return await new Promise((resolve, reject) => {
        get(`${server.url}${path}`, { agent: false, headers: host === undefined ? {} : { host } }, response => {
          response.resume()
          resolve(response.statusCode ?? 0)
        }).on('error', reject)
      })
    }
    try {
      expect(await ask('/metrics')).to.equal(200)
      expect(await ask('/metrics?x')).to.equal(200)
      expect(await ask('/')).to.equal(404)
      expect(await ask('/metrics', 'evil.example')).to.equal(403)
    } finally {
      await server.close()
    }
  })
})
