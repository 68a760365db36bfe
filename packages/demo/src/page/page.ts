import { createChart } from './chart.js'
import { loadFiles } from './files.js'
import { megabytes, percent, short } from './format.js'
import { createGauge } from './gauge.js'
import { createGraph } from './graph.js'
import { Model, sum } from './model.js'
import { Panel } from './panel.js'
import { byPeer } from './peers.js'
import { idle, play, type Playback } from './player.js'
import { createScoreboard } from './scoreboard.js'
import { fillSettings } from './settings.js'
import { createStrip } from './strip.js'
import type { Shoal } from '@shoal/interface'
import { SHOWS, type DemoState, type PageConfig, type ShowName, type ViewerReport } from '../reports.js'

const TICK_MS = 1000
/** What a page of this kind is about. */
const TITLES: Readonly<Record<ShowName, string>> = { film: 'Segments', live: 'Live segments', low: 'Live segments, in parts', files: 'Files' }

/** What the demo check reads. */
export interface Figures extends Omit<Playback, 'latency'> {
  readonly show: ShowName
  readonly latency: number | undefined
  readonly id: string | undefined
  readonly position: number
  readonly duration: number
  readonly fromViewers: number
  readonly fromNode: number
  readonly fromOrigin: number
  readonly webrtc: number
  /** Bytes of the content that are here. */
  readonly held: number
  /** Pictures that are to be seen. */
  readonly pictures: number
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

/** What this page shows, by its address; the rest of the page follows. */
function choose (): ShowName {
  const asked = new URLSearchParams(location.search).get('show')
  const name = SHOWS.find(show => show === asked) ?? 'film'
  for (const link of document.querySelectorAll<HTMLAnchorElement>('.shows a')) {
    if (new URL(link.href).searchParams.get('show') === name) link.setAttribute('aria-current', 'page')
  }
  element('segments-title').textContent = TITLES[name]
  element('film').hidden = name === 'files'
  element('files').hidden = name !== 'files'
  const live = name === 'live' || name === 'low'
  element('latency').hidden = !live
  if (live) element('none').textContent = 'before you came'
  return name
}

async function main (): Promise<void> {
  const name = choose()
  const config = await (await fetch('config.json')).json() as PageConfig
  const show = config.shows[name]
  const video = element<HTMLVideoElement>('video')
  const model = new Model(show.node)
  // the player must not wait for the node: it is another chunk, and starts while the first segments play
  const starting = import('./node.js').then(({ startNode }) => startNode(config))
  const playback = name === 'files' ? idle() : play(video, name, show, starting, model)
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
      // through a TURN server it is WebRTC, too
      model.delivered(detail, peer => /^(webrtc|turn)/.test(transports.get(peer) ?? ''))
    })
    node.addEventListener('error', ({ detail }) => { playback.troubles.push(`${detail.doing}: ${detail.error.message}`) })
    node.addEventListener('fallback', ({ detail }) => { playback.troubles.push(`${detail.path}: ${detail.from} to ${detail.to}, ${detail.reason}`) })
    node.addEventListener('peer:penalty', ({ detail }) => { playback.troubles.push(`penalty: ${detail.reason}, ${detail.detail}`) })
    addEventListener('pagehide', () => {
      navigator.sendBeacon('goodbye', JSON.stringify({ id: node.peerId }))
      node.stop().catch(() => {})
    })
    fillSettings(element('settings-list'), config, show, node)
  }, (error: unknown) => { status.textContent = `Without peers: ${error instanceof Error ? error.message : String(error)}` })

  if (name === 'files') void loadFiles(show, starting, { find: element, model, trouble: what => { playback.troubles.push(what) } })

  window.shoalDemo = {
    figures: () => ({
      ...playback,
      show: name,
      latency: playback.latency(),
      id: shoal?.peerId,
      position: video.currentTime,
      duration: video.duration,
      fromViewers: model.total.viewers,
      fromNode: model.total.node,
      fromOrigin: model.total.origin,
      webrtc: model.webrtc,
      held: shoal?.status.contents[0]?.held ?? 0,
      pictures: document.querySelectorAll('#pictures .there').length,
      node: shoal === undefined ? 'starting' : shoal.contents.length === 0 ? 'opening' : 'open',
      peers: shoal?.status.peers.map(({ peer, transport, stats }) => `${transport} ${short(peer)} ${megabytes(stats.received)}`) ?? [],
      log
    })
  }

  const draw = {
    strip: createStrip(element('segments'), name === 'film' ? 'times' : name === 'files' ? 'none' : 'behind'),
    chart: createChart(element('delivered')),
    gauge: createGauge(element('offload')),
    graph: createGraph(element('network'), () => shoal?.peerId, show.node, config.relay),
    scores: createScoreboard(element('scores'))
  }
  const panel = new Panel(element, async what => await post('network', what))
  draw.gauge({ fromViewers: 0, fromNode: 0, ceiling: 0, viewers: 1 })
  draw.scores([], '')
  draw.strip(model)
  controls()

  async function tick (): Promise<void> {
    model.sample(performance.now() / 1000, shoal?.status.total.uploaded ?? 0)
    draw.strip(model)
    draw.chart(model)
    const total = sum(model.total)
    element('delivered-note').textContent = `${megabytes(total)}, ${percent(total === 0 ? 0 : 1 - model.total.origin / total)} from peers`
    const here = model.cells.filter(cell => sum(cell.mix) > 0).length
    element('segments-note').textContent = model.cells.length === 0 ? 'where each came from' : `${here} of ${model.cells.length} are here`
    const latency = playback.latency()
    element('latency').textContent = latency === undefined ? 'Live' : `Live, ${latency.toFixed(1)} s behind`
    if (shoal === undefined) return
    const state = await report(shoal, name, model)
    if (state !== undefined) tell(state)
  }

  function tell (state: DemoState): void {
    const mine = shoal?.peerId ?? ''
    const together = state.viewers.filter(viewer => viewer.show === name)
    panel.show(state)
    draw.graph({ ...state, viewers: together })
    draw.scores(together, mine)
    const delivered = together.map(viewer => viewer.fromViewers + viewer.fromNode + viewer.fromOrigin).reduce((a, b) => a + b, 0)
    const share = (key: 'fromViewers' | 'fromNode'): number => delivered === 0 ? 0 : together.reduce((sum, viewer) => sum + viewer[key], 0) / delivered
    const viewers = Math.max(1, together.length)
    draw.gauge({ fromViewers: share('fromViewers'), fromNode: share('fromNode'), ceiling: (viewers - 1) / viewers, viewers })
    const others = new Set(together.map(({ id }) => id))
    const linked = new Set(shoal?.status.peers.map(({ peer }) => peer).filter(peer => others.has(peer))).size
    element('network-note').textContent = viewers === 1 ? '1 viewer' : `${viewers} viewers, you are linked to ${linked}`
    status.textContent = say(state, viewers, mine)
  }

  void tick()
  setInterval(() => { void tick() }, TICK_MS)
}

function say ({ origin, relay }: DemoState, viewers: number, me: string): string {
  if (origin.down && relay.down) return 'Origin and relay are off: those who know each other go on'
  if (origin.down) return 'The origin is off: peers deliver alone'
  if (relay.down) return 'The relay is off: viewers go on as they are'
  return viewers === 1 ? 'Alone: open another viewer' : `You are ${short(me)}`
}

async function report (shoal: Shoal, show: ShowName, { total }: Model): Promise<DemoState | undefined> {
  const { peers, total: { uploaded } } = shoal.status
  const body: ViewerReport = {
    id: shoal.peerId,
    show,
    fromViewers: total.viewers,
    fromNode: total.node,
    fromOrigin: total.origin,
    given: uploaded,
    peers: byPeer(peers)
  }
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

function controls (): void {
  element('open').addEventListener('click', () => { window.open(location.href, '_blank') })
  const settings = element<HTMLDialogElement>('settings')
  element('settings-link').addEventListener('click', event => { event.preventDefault(); settings.showModal() })
  settings.addEventListener('click', event => { if (event.target === settings) settings.close() })
}

main().catch((error: unknown) => { element('state').textContent = `The page could not start: ${error instanceof Error ? error.message : String(error)}` })
