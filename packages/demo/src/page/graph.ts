import { colours as coloursOf, FONT, Surface } from './canvas.js'
import { settle, type Body } from './forces.js'
import { short } from './format.js'
import type { DemoState } from '../reports.js'

const PULSE_BYTES = 48 * 1024
const PULSES_MAX = 14
const REPORT_MS = 1000
const FRAME_MS = 33
const STILL = 0.05

interface Spot extends Body {
  readonly id: string
  readonly kind: 'me' | 'viewers' | 'node' | 'relay' | 'origin'
  label: string
  off: boolean
  shown: number
}

interface Edge { readonly a: Spot, readonly b: Spot, readonly kind: 'viewers' | 'node' | 'origin' }
interface Pulse { readonly from: Spot, readonly to: Spot, readonly kind: Edge['kind'], readonly at: number, readonly ms: number }

/** The peers as a graph that arranges itself; pulses run along an edge as bytes do. */
export function createGraph (
  canvas: HTMLCanvasElement, me: () => string | undefined, node: string, relay: string
): (state: DemoState) => void {
  const spots = new Map<string, Spot>()
  let edges: Edge[] = []
  const seen = new Map<string, number>()
  let pulses: Pulse[] = []
  let running = false
  let drawnAt = 0
  const calm = matchMedia('(prefers-reduced-motion: reduce)')
  const colours = coloursOf(['viewers', 'node', 'relay', 'origin', 'text', 'text-quiet', 'card', 'me'], wake)
  const surface = new Surface(canvas, wake)

  function spot (id: string, kind: Spot['kind'], label: string): Spot {
    const known = spots.get(id)
    if (known?.kind === kind) return known
    const angle = spots.size * 2.4
    const { width, height } = surface
    const made: Spot = {
      id, kind, label, off: false, shown: 0, vx: 0, vy: 0,
      radius: kind === 'me' ? 13 : kind === 'origin' ? 11 : kind === 'relay' ? 6 : 9,
      anchorX: kind === 'origin' ? 0.2 : kind === 'node' ? 0.8 : kind === 'relay' ? 0.5 : undefined,
      anchorY: kind === 'me' ? 0.5 : kind === 'viewers' ? undefined : 0.13,
      x: width / 2 + Math.cos(angle) * width * 0.3, y: height / 2 + Math.sin(angle) * height * 0.25
    }
    spots.set(id, made)
    return made
  }

  function update (state: DemoState): void {
    const mine = me()
    const origin = spot('origin', 'origin', 'Origin')
    const broker = spot(relay, 'relay', 'Relay')
    const edge = spot(node, 'node', 'Edge')
    for (const [there, name, off] of [[origin, 'Origin', state.origin.down], [broker, 'Relay', state.relay.down]] as const) {
      Object.assign(there, { off, label: off ? `${name}, off` : name })
    }
    const alive = new Set(['origin', node, relay])
    for (const { id } of state.viewers) {
      spot(id, id === mine ? 'me' : 'viewers', id === mine ? 'You' : short(id))
      alive.add(id)
    }
    for (const id of spots.keys()) if (!alive.has(id)) spots.delete(id)

    const next = new Map<string, Edge>()
    const line = (a: Spot, b: Spot, kind: Edge['kind']): void => {
      const key = [a.id, b.id].sort().join(' ')
      if (!next.has(key)) next.set(key, { a, b, kind })
    }
    for (const viewer of state.viewers) {
      const to = spots.get(viewer.id) as Spot
      line(to, origin, 'origin')
      flow(origin, to, 'origin', viewer.fromOrigin)
      for (const { peer, received } of viewer.peers) {
        const from = spots.get(peer)
        if (from === undefined || from === broker) continue
        const kind = from === edge ? 'node' : 'viewers'
        line(to, from, kind)
        flow(from, to, kind, received)
      }
    }
    edges = [...next.values()]
    const others = state.viewers.length - 1
    const off = [...state.origin.down ? ['the origin is off'] : [], ...state.relay.down ? ['the relay is off'] : []].map(what => `; ${what}`).join('')
    canvas.setAttribute('aria-label', `You, ${others} other ${others === 1 ? 'viewer' : 'viewers'}, the edge node, the relay and the origin${off}; ` +
      `${edges.filter(({ kind }) => kind === 'viewers').length} connections between viewers`)
    wake()
  }

  /** Turns bytes that arrived since the last report into pulses spread over the time until the next. */
  function flow (from: Spot, to: Spot, kind: Edge['kind'], bytes: number): void {
    const key = `${from.id}>${to.id}`
    const before = seen.get(key)
    seen.set(key, bytes)
    if (before === undefined || bytes <= before || calm.matches) return
    const count = Math.min(PULSES_MAX, Math.ceil((bytes - before) / PULSE_BYTES))
    const now = performance.now()
    for (let n = 0; n < count; n++) pulses.push({ from, to, kind, at: now + n * REPORT_MS / count, ms: 900 })
  }

  function wake (): void {
    if (running) return
    running = true
    requestAnimationFrame(frame)
  }

  function frame (now: number): void {
    if (now - drawnAt < FRAME_MS) { requestAnimationFrame(frame); return }
    drawnAt = now
    const bodies = [...spots.values()]
    let moved = settle(bodies, edges.filter(({ kind }) => kind === 'viewers'), surface.width, surface.height)
    if (calm.matches) for (let n = 0; n < 200 && moved > STILL; n++) moved = settle(bodies, edges, surface.width, surface.height)
    for (const body of bodies) { moved = Math.max(moved, 1 - body.shown); body.shown = Math.min(1, body.shown + 0.06) }
    pulses = pulses.filter(({ from, to, at, ms }) => now < at + ms && spots.get(from.id) === from && spots.get(to.id) === to)
    draw(now, bodies)
    running = moved > STILL || pulses.length > 0
    if (running) requestAnimationFrame(frame)
  }

  function draw (now: number, bodies: readonly Spot[]): void {
    const { context: c, width, height } = surface
    c.clearRect(0, 0, width, height)
    for (const { a, b, kind } of edges) {
      c.beginPath()
      c.moveTo(a.x, a.y)
      c.lineTo(b.x, b.y)
      c.setLineDash(kind === 'viewers' ? [] : [2, 5])
      c.globalAlpha = (kind === 'viewers' ? 0.5 : 0.28) * Math.min(a.shown, b.shown)
      c.lineWidth = kind === 'viewers' ? 1.5 : 1
      c.strokeStyle = colours[kind]
      c.stroke()
    }
    c.setLineDash([])
    for (const { from, to, kind, at, ms } of pulses) {
      const t = (now - at) / ms
      if (t < 0) continue
      const eased = t * t * (3 - 2 * t)
      c.globalAlpha = Math.sin(Math.PI * t)
      c.fillStyle = colours[kind]
      c.beginPath()
      c.arc(from.x + (to.x - from.x) * eased, from.y + (to.y - from.y) * eased, 3, 0, 7)
      c.fill()
    }
    c.font = FONT
    c.textAlign = 'center'
    c.textBaseline = 'top'
    for (const { x, y, radius, kind, label, off, shown } of bodies) {
      c.globalAlpha = shown * 0.2
      c.fillStyle = colours[off ? 'text-quiet' : kind]
      c.beginPath()
      c.arc(x, y, radius + 6, 0, 7)
      c.fill()
      c.globalAlpha = shown
      c.beginPath()
      if (kind === 'origin') c.roundRect(x - radius + 1, y - radius + 1, radius * 2 - 2, radius * 2 - 2, 4)
      else c.arc(x, y, radius * shown, 0, 7)
      c.fillStyle = off ? colours.card : colours[kind]
      c.fill()
      if (off) { c.strokeStyle = colours['text-quiet']; c.stroke() }
      // a rim in the colour of the ground keeps the name legible over edges
      c.strokeStyle = colours.card
      c.lineWidth = 4
      c.lineJoin = 'round'
      c.strokeText(label, x, y + radius + 9)
      c.fillStyle = kind === 'me' ? colours.text : colours['text-quiet']
      c.fillText(label, x, y + radius + 9)
    }
    c.globalAlpha = 1
  }

  return update
}
