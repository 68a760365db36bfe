import { createChart } from './chart.js'
import { megabytes, percent, short } from './format.js'
import { createGauge } from './gauge.js'
import { createGraph } from './graph.js'
import { Model, sum } from './model.js'
import { byPeer } from './peers.js'
import { play, type Playback } from './player.js'
import { fillSettings } from './settings.js'
import { createStrip } from './strip.js'
import type { Shoal } from '@shoal/interface'
import type { DemoState, PageConfig, ViewerReport } from '../reports.js'

const TICK_MS = 1000

/** What the demo check reads. */
export interface Figures extends Playback {
  readonly id: string | undefined
  readonly position: number
  readonly duration: number
  readonly fromViewers: number
  readonly fromNode: number
  readonly fromOrigin: number
  readonly webrtc: number
  /** How far the node has come. */
  readonly node: 'starting' | 'opening' | 'open'
  /** Sessions, as `transport peer received`. */
  readonly peers: readonly string[]
  /** When sessions began and ended, and what the node took from the origin, why and among how many of them. */
  readonly log: readonly string[]
}

declare global {
  interface Window { shoalDemo: { figures (): Figures } }
}

function element<T extends HTMLElement> (id: string): T {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`index.html has no element ${id}`)
  return found as T
}

async function main (): Promise<void> {
  const config = await (await fetch('config.json')).json() as PageConfig
  const video = element<HTMLVideoElement>('video')
  const model = new Model(config.node)
  // the player must not wait for the node: it is another chunk, and starts while the first segments play
  const starting = import('./node.js').then(({ startNode }) => startNode(config))
  const playback = play(video, config, starting, model)
  let shoal: Shoal | undefined
  const transports = new Map<string, string>()
  const log: string[] = []
  const note = (what: string): void => { log.push(`${Math.round(performance.now())} ms: ${what}`) }
  const status = element('state')

  starting.then(node => {
    shoal = node
    note('the node is up')
    node.addEventListener('peer:connect', ({ detail }) => { note(`${detail.direction} ${detail.transport} session with ${short(detail.peer)}`) })
    node.addEventListener('peer:disconnect', ({ detail }) => { note(`no session with ${short(detail.peer)} any more, ${detail.reason}`) })
    node.addEventListener('segment', ({ detail }) => {
      for (const { peer, transport } of byPeer(node.status.peers)) transports.set(peer, transport)
      if (detail.source === 'origin') note(`${detail.path} from the origin, ${detail.reason}, ${node.status.peers.length} sessions`)
      model.delivered(detail, peer => transports.get(peer)?.startsWith('webrtc') === true)
    })
    node.addEventListener('error', ({ detail }) => { playback.troubles.push(`${detail.doing}: ${detail.error.message}`) })
    node.addEventListener('fallback', ({ detail }) => { playback.troubles.push(`${detail.path}: ${detail.from} to ${detail.to}, ${detail.reason}`) })
    node.addEventListener('peer:penalty', ({ detail }) => { playback.troubles.push(`penalty: ${detail.reason}, ${detail.detail}`) })
    addEventListener('pagehide', () => {
      navigator.sendBeacon('goodbye', JSON.stringify({ id: node.peerId }))
      node.stop().catch(() => {})
    })
    fillSettings(element('settings-list'), config, node)
  }, (error: unknown) => { status.textContent = `Without peers: ${error instanceof Error ? error.message : String(error)}` })

  window.shoalDemo = {
    figures: () => ({
      ...playback,
      id: shoal?.peerId,
      position: video.currentTime,
      duration: video.duration,
      fromViewers: model.total.viewers,
      fromNode: model.total.node,
      fromOrigin: model.total.origin,
      webrtc: model.webrtc,
      node: shoal === undefined ? 'starting' : shoal.contents.length === 0 ? 'opening' : 'open',
      peers: shoal?.status.peers.map(({ peer, transport, stats }) => `${transport} ${short(peer)} ${megabytes(stats.received)}`) ?? [],
      log
    })
  }

  const draw = {
    strip: createStrip(element('segments')),
    chart: createChart(element('delivered')),
    gauge: createGauge(element('offload')),
    graph: createGraph(element('network'), () => shoal?.peerId, config.node)
  }
  draw.gauge({ fromViewers: 0, fromNode: 0, ceiling: 0, viewers: 1 })
  draw.strip(model)
  controls(() => { void tick() })

  async function tick (): Promise<void> {
    model.sample(performance.now() / 1000, shoal?.status.total.uploaded ?? 0)
    draw.strip(model)
    draw.chart(model)
    const total = sum(model.total)
    element('delivered-note').textContent = `${megabytes(total)}, ${percent(total === 0 ? 0 : 1 - model.total.origin / total)} from peers`
    const seconds = model.cells.filter(cell => sum(cell.mix) > 0).length
    element('segments-note').textContent = model.cells.length === 0 ? 'where each came from' : `${seconds} of ${model.cells.length} are here`
    for (const item of document.querySelectorAll<HTMLElement>('.legend .node')) item.hidden &&= model.total.node === 0
    if (shoal === undefined) return
    const state = await report(shoal, model)
    if (state !== undefined) show(state)
  }

  function show (state: DemoState): void {
    draw.graph(state)
    const delivered = state.viewers.map(viewer => viewer.fromViewers + viewer.fromNode + viewer.fromOrigin).reduce((a, b) => a + b, 0)
    const share = (key: 'fromViewers' | 'fromNode'): number => delivered === 0 ? 0 : state.viewers.reduce((sum, viewer) => sum + viewer[key], 0) / delivered
    const viewers = Math.max(1, state.viewers.length)
    draw.gauge({ fromViewers: share('fromViewers'), fromNode: share('fromNode'), ceiling: (viewers - 1) / viewers, viewers })
    const others = new Set(state.viewers.map(({ id }) => id))
    const linked = new Set(shoal?.status.peers.map(({ peer }) => peer).filter(peer => others.has(peer))).size
    element('network-note').textContent = viewers === 1 ? '1 viewer' : `${viewers} viewers, you are linked to ${linked}`
    status.textContent = state.origin.down ? 'The origin is off: peers deliver alone' : viewers === 1 ? 'Alone: open another viewer' : `You are ${short(shoal?.peerId ?? '')}`
    const button = element('origin')
    button.setAttribute('aria-checked', String(!state.origin.down))
    document.body.classList.toggle('origin-down', state.origin.down)
  }

  void tick()
  setInterval(() => { void tick() }, TICK_MS)
}

async function report (shoal: Shoal, { total }: Model): Promise<DemoState | undefined> {
  const peers = byPeer(shoal.status.peers)
  const body: ViewerReport = { id: shoal.peerId, fromViewers: total.viewers, fromNode: total.node, fromOrigin: total.origin, peers }
  return await post('viewer', body)
}

async function post (path: string, body: unknown): Promise<DemoState | undefined> {
  try {
    return await (await fetch(path, { method: 'POST', body: JSON.stringify(body) })).json() as DemoState
  } catch {
    // the page's server is gone: playback goes on, only the common pictures stand still
    element('state').textContent = 'The demo has been stopped'
    return undefined
  }
}

function controls (refresh: () => void): void {
  element('open').addEventListener('click', () => { window.open(location.pathname, '_blank') })
  const origin = element('origin')
  origin.addEventListener('click', () => {
    void post('origin', { down: origin.getAttribute('aria-checked') === 'true' }).then(refresh)
  })
  const settings = element<HTMLDialogElement>('settings')
  element('settings-link').addEventListener('click', event => { event.preventDefault(); settings.showModal() })
  settings.addEventListener('click', event => { if (event.target === settings) settings.close() })
}

main().catch((error: unknown) => { element('state').textContent = `The page could not start: ${error instanceof Error ? error.message : String(error)}` })
