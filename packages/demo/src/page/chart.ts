import { colours as coloursOf, FONT, Surface } from './canvas.js'
import { megabytes, minutes, roundUp } from './format.js'
import { KINDS, NAMES, sum, type Kind, type Model, type Sample } from './model.js'

const SPAN_MIN_SECONDS = 60
const MARGIN = { top: 12, right: 8, bottom: 26, left: 46 }

/** Bytes that this viewer received, stacked by source, over time; what it gave to others as a line. */
export function createChart (canvas: HTMLCanvasElement): (model: Model) => void {
  let last: Model | undefined
  const again = (): void => { if (last !== undefined) draw(last) }
  const surface = new Surface(canvas, again)
  const colours = coloursOf([...KINDS, 'text-quiet', 'line', 'given'], again)

  function draw (model: Model): void {
    last = model
    const { context: c, width, height } = surface
    c.clearRect(0, 0, width, height)
    const samples = model.samples
    const end = samples.at(-1)
    const span = Math.max(SPAN_MIN_SECONDS, end?.at ?? 0)
    const step = roundUp(Math.max(1e6, sum(model.total), end?.given ?? 0) / 4)
    const top = step * Math.max(2, Math.ceil(Math.max(sum(model.total), end?.given ?? 0) / step))
    const x = (at: number): number => MARGIN.left + (width - MARGIN.left - MARGIN.right) * at / span
    const y = (bytes: number): number => height - MARGIN.bottom - (height - MARGIN.top - MARGIN.bottom) * bytes / top

    c.font = FONT
    c.textBaseline = 'middle'
    for (let value = 0; value <= top + 1; value += step) {
      c.fillStyle = colours.line
      c.fillRect(MARGIN.left, Math.round(y(value)), width - MARGIN.left - MARGIN.right, 1)
      c.fillStyle = colours['text-quiet']
      c.textAlign = 'right'
      c.fillText(value === 0 ? '0' : `${step >= 1e6 ? value / 1e6 : (value / 1e6).toFixed(1)} MB`, MARGIN.left - 8, y(value))
    }
    const tick = [10, 15, 20, 30, 60, 120, 300, 600, 1800].find(seconds => span / seconds <= width / 90) ?? 3600
    c.fillStyle = colours['text-quiet']
    for (let at = 0; at <= span; at += tick) {
      c.textAlign = at === 0 ? 'left' : x(at) > width - 24 ? 'right' : 'center'
      c.fillText(minutes(at), x(at), height - 9)
    }
    if (end === undefined) return

    let below: (sample: Sample) => number = () => 0
    for (const kind of ['origin', 'node', 'viewers'] as const) {
      const base = below
      const edge = (sample: Sample): number => base(sample) + sample[kind]
      area(kind, base, edge)
      below = edge
    }
    c.beginPath()
    for (const sample of samples) c.lineTo(x(sample.at), y(sample.given))
    c.setLineDash([2, 4])
    c.lineWidth = 1.5
    c.strokeStyle = colours.given
    c.stroke()
    c.setLineDash([])
    canvas.setAttribute('aria-label', `Received ${KINDS.map(kind => `${megabytes(model.total[kind])} from ${NAMES[kind]}`).join(', ')}; ` +
      `given to viewers ${megabytes(end.given)}`)

    function area (kind: Kind, base: (sample: Sample) => number, edge: (sample: Sample) => number): void {
      if (samples.every(sample => sample[kind] === 0)) return
      c.beginPath()
      for (const sample of samples) c.lineTo(x(sample.at), y(edge(sample)))
      for (const sample of [...samples].reverse()) c.lineTo(x(sample.at), y(base(sample)))
      const fill = c.createLinearGradient(0, MARGIN.top, 0, height - MARGIN.bottom)
      fill.addColorStop(0, `${colours[kind]}b0`)
      fill.addColorStop(1, `${colours[kind]}38`)
      c.fillStyle = fill
      c.fill()
      c.beginPath()
      for (const sample of samples) c.lineTo(x(sample.at), y(edge(sample)))
      c.lineWidth = 1.75
      c.lineJoin = 'round'
      c.strokeStyle = colours[kind]
      c.stroke()
    }
  }

  return draw
}
