/**
 * The motion: a shoal in three dimensions after Reynolds (1987): keep apart, head the same way, stay together; it follows a slowly
 * wandering point and opens up around a hunter that comes through now and then. The same seed gives the same film.
 */

const SIGHT = 1.35
const APART = 0.5
const SLOWEST = 1.3
const FASTEST = 3.4
const HUNTER_SIGHT = 3.6

/** mulberry32: small, seeded, good enough for pictures. */
export function seeded (seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** Where the shoal wants to be at time t. */
export function goal (t) {
  return [5.5 * Math.sin(t * 0.23), 1.3 * Math.sin(t * 0.17 + 1), 5.5 * Math.sin(t * 0.31 + 0.6)]
}

/** Where the hunter is at time t: it crosses the shoal about every 26 seconds and is far away in between. */
export function hunter (t) {
  const turn = t * 2 * Math.PI / 26 - 1.9
  const [gx, gy, gz] = goal(t)
  return [gx + 15 * Math.sin(turn), gy + 1.2 * Math.sin(turn * 2), gz + 9 * Math.sin(turn) * Math.cos(turn * 0.7)]
}

export function createShoal (count, random) {
  const p = new Float32Array(count * 3)
  const v = new Float32Array(count * 3)
  const force = new Float32Array(count * 3)
  const phase = new Float32Array(count)
  const size = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    for (let k = 0; k < 3; k++) {
      p[i * 3 + k] = (random() - 0.5) * (k === 1 ? 4 : 10)
      v[i * 3 + k] = (random() - 0.5) * 2
    }
    phase[i] = random() * 6.28
    size[i] = 0.8 + random() * 0.45
  }

  function neighbours () {
    const near = new Uint16Array(count)
    const sum = new Float32Array(count * 6)
    for (let i = 0; i < count; i++) {
      const a = i * 3
      for (let j = i + 1; j < count; j++) {
        const b = j * 3
        const dx = p[b] - p[a]
        const dy = p[b + 1] - p[a + 1]
        const dz = p[b + 2] - p[a + 2]
        const d2 = dx * dx + dy * dy + dz * dz
        if (d2 > SIGHT * SIGHT) continue
        near[i]++
        near[j]++
        for (let k = 0; k < 3; k++) {
          sum[i * 6 + k] += v[b + k]
          sum[j * 6 + k] += v[a + k]
          sum[i * 6 + 3 + k] += p[b + k]
          sum[j * 6 + 3 + k] += p[a + k]
        }
        if (d2 < APART * APART) {
          const push = 9 * (1 - Math.sqrt(d2) / APART) / (Math.sqrt(d2) + 0.05)
          force[a] -= dx * push
          force[a + 1] -= dy * push
          force[a + 2] -= dz * push
          force[b] += dx * push
          force[b + 1] += dy * push
          force[b + 2] += dz * push
        }
      }
    }
    for (let i = 0; i < count; i++) {
      const n = near[i]
      if (n === 0) continue
      for (let k = 0; k < 3; k++) {
        force[i * 3 + k] += 1.9 * (sum[i * 6 + k] / n - v[i * 3 + k])
        force[i * 3 + k] += 0.55 * (sum[i * 6 + 3 + k] / n - p[i * 3 + k])
      }
    }
  }

  function step (dt, t) {
    force.fill(0)
    neighbours()
    const g = goal(t)
    const h = hunter(t)
    for (let i = 0; i < count; i++) {
      const a = i * 3
      const dx = p[a] - h[0]
      const dy = p[a + 1] - h[1]
      const dz = p[a + 2] - h[2]
      const d = Math.sqrt(dx * dx + dy * dy + dz * dz)
      const fright = d < HUNTER_SIGHT ? 15 * (1 - d / HUNTER_SIGHT) : 0
      const pull = 0.11
      force[a] += (g[0] - p[a]) * pull + dx / d * fright
      force[a + 1] += (g[1] - p[a + 1]) * pull * 3 + dy / d * fright * 0.6 - v[a + 1] * 0.7
      force[a + 2] += (g[2] - p[a + 2]) * pull + dz / d * fright
      // a gentle swirl about the goal keeps the shoal a shoal and not a ball
      force[a] += -(p[a + 2] - g[2]) * 0.2
      force[a + 2] += (p[a] - g[0]) * 0.2
      let speed = 0
      for (let k = 0; k < 3; k++) {
        v[a + k] += force[a + k] * dt
        speed += v[a + k] * v[a + k]
      }
      speed = Math.sqrt(speed)
      const kept = Math.min(FASTEST, Math.max(SLOWEST, speed)) / speed
      for (let k = 0; k < 3; k++) {
        v[a + k] *= kept
        p[a + k] += v[a + k] * dt
      }
      phase[i] += dt * (5 + 3.2 * speed * kept)
    }
  }

  return { count, p, v, phase, size, step }
}
