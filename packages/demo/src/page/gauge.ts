import { percent } from './format.js'

const SVG = 'http://www.w3.org/2000/svg'
const RADIUS = 84
const SWEEP = 240
const LENGTH = Math.PI * 2 * RADIUS * SWEEP / 360

export interface Offload {
  /** Bytes from viewers over bytes delivered, over all viewers. */
  readonly fromViewers: number
  /** The same for bytes from the node. */
  readonly fromNode: number
  /** (N − 1) / N for N viewers: one copy has to come from elsewhere. */
  readonly ceiling: number
  readonly viewers: number
}

/** An arc that fills with what viewers gave each other, then with what the node gave; a mark at the ceiling of the first. */
export function createGauge (element: HTMLElement): (offload: Offload) => void {
  const svg = make('svg', { viewBox: '0 0 220 178' })
  const arc = `M ${at(0)} A ${RADIUS} ${RADIUS} 0 1 1 ${at(1)}`
  const track = make('path', { d: arc, class: 'track' })
  const reach = make('path', { d: arc, class: 'reach', 'stroke-dasharray': `0 ${LENGTH}` })
  const node = make('path', { d: arc, class: 'by-node', 'stroke-dasharray': `0 ${LENGTH}` })
  const value = make('path', { d: arc, class: 'value', 'stroke-dasharray': `0 ${LENGTH}` })
  const mark = make('line', { x1: 110, x2: 110, y1: 110 - RADIUS - 15, y2: 110 - RADIUS + 15, class: 'mark' })
  const number = make('text', { x: 110, y: 112, class: 'number' })
  const below = make('text', { x: 110, y: 136, class: 'below' })
  svg.append(track, reach, node, value, mark, number, below)
  element.append(svg)

  return ({ fromViewers, fromNode, ceiling, viewers }) => {
    reach.setAttribute('stroke-dasharray', `${LENGTH * ceiling} ${LENGTH}`)
    fill(value, fromViewers)
    fill(node, fromNode < 0.004 ? 0 : fromViewers + fromNode)
    mark.style.transform = `rotate(${-SWEEP / 2 + SWEEP * ceiling}deg)`
    number.textContent = percent(fromViewers + fromNode)
    // as long as fits between the ends of the arc
    const reached = fromNode < 0.004 ? `of ${percent(ceiling)} possible` : `viewers ${percent(fromViewers)} of ${percent(ceiling)}`
    below.textContent = viewers < 2 ? 'no other viewer yet' : reached
    element.setAttribute('aria-label', `${percent(fromViewers)} from viewers and ${percent(fromNode)} from the node; with ${viewers} ${viewers === 1 ? 'viewer' : 'viewers'} viewers can give each other at most ${percent(ceiling)}`)
  }
}

function fill (arc: SVGElement, share: number): void {
  arc.setAttribute('stroke-dasharray', `${LENGTH * share} ${LENGTH}`)
  // a round cap would show a dot for nothing
  arc.style.opacity = share < 0.004 ? '0' : '1'
}

function at (share: number): string {
  const angle = (-SWEEP / 2 + SWEEP * share - 90) * Math.PI / 180
  return `${110 + RADIUS * Math.cos(angle)} ${110 + RADIUS * Math.sin(angle)}`
}

function make (name: string, attributes: Record<string, string | number>): SVGElement {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  return element
}
