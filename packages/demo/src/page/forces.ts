/** A body of the graph. `anchorX`, `anchorY`: where it would like to be, as a share of the picture. */
export interface Body {
  x: number
  y: number
  vx: number
  vy: number
  readonly radius: number
  readonly anchorX: number | undefined
  readonly anchorY: number | undefined
}

export interface Link<B> { readonly a: B, readonly b: B }

const REPULSION = 5200
const SPRING = 0.016
const ANCHOR = 0.05
const CENTRE = 0.008
const DAMPING = 0.82

/**
 * One step of a force layout: bodies repel each other, links pull them to their length, anchors and the centre hold them. Returns how much
 * still moves, in pixels.
 */
export function settle<B extends Body> (bodies: readonly B[], links: readonly Link<B>[], width: number, height: number): number {
  const length = Math.min(width, height) * 0.42
  for (const [i, a] of bodies.entries()) {
    for (const b of bodies.slice(i + 1)) {
      const dx = b.x - a.x || 0.1
      const dy = b.y - a.y || 0.1
      const push = REPULSION / Math.max(400, dx * dx + dy * dy)
      const d = Math.hypot(dx, dy)
      a.vx -= push * dx / d
      a.vy -= push * dy / d
      b.vx += push * dx / d
      b.vy += push * dy / d
    }
  }
  for (const { a, b } of links) {
    const d = Math.hypot(b.x - a.x, b.y - a.y) || 1
    const pull = SPRING * (d - length) / d
    a.vx += pull * (b.x - a.x)
    a.vy += pull * (b.y - a.y)
    b.vx -= pull * (b.x - a.x)
    b.vy -= pull * (b.y - a.y)
  }
  let moved = 0
  for (const body of bodies) {
    body.vx += ((body.anchorX ?? 0.5) * width - body.x) * (body.anchorX === undefined ? CENTRE : ANCHOR)
    body.vy += ((body.anchorY ?? 0.64) * height - body.y) * (body.anchorY === undefined ? CENTRE : ANCHOR)
    body.vx *= DAMPING
    body.vy *= DAMPING
    // labels hang below a body: it keeps away from the edges
    const x = Math.min(width - 44, Math.max(44, body.x + body.vx))
    const y = Math.min(height - 40, Math.max(26, body.y + body.vy))
    moved = Math.max(moved, Math.abs(x - body.x), Math.abs(y - body.y))
    body.x = x
    body.y = y
  }
  return moved
}
