/**
 * The picture: deep water with shafts of light, drifting motes, and each fish as a bent spindle with a forked tail, hazed by distance.
 * Colours are linear light until the last step. A coarse buffer that fades slowly gives glow and trails.
 */
import { hunter, seeded } from './swim.js'

const COARSE = 4
const NEAREST = 0.6
// nearer than this a fish is seen through: the eye is in the water, not in the way
const CLOSE = [2.4, 4.4]
const HAZE = 0.072
const MOTES = 260

function noise1 (x, seed) {
  const i = Math.floor(x)
  const f = x - i
  const at = n => {
    const s = Math.sin(n * 127.1 + seed * 311.7) * 43758.5453
    return s - Math.floor(s)
  }
  const u = f * f * (3 - 2 * f)
  return at(i) * (1 - u) + at(i + 1) * u
}

function mix (a, b, t) { return a + (b - a) * t }
function smooth (a, b, x) { const t = Math.min(1, Math.max(0, (x - a) / (b - a))); return t * t * (3 - 2 * t) }

/** Colour of open water at height y of the view, -1 (bottom) to 1 (top). */
function water (y) {
  const t = smooth(-1.1, 1.15, y)
  const top = smooth(0.1, 1.5, y)
  return [0.0022 + 0.010 * t + 0.06 * top, 0.010 + 0.085 * t + 0.34 * top, 0.030 + 0.165 * t + 0.36 * top]
}

export function createPainter (width, height) {
  const w = width / COARSE
  const h = height / COARSE
  const back = new Float32Array(w * h * 3)
  const glow = new Float32Array(w * h * 3)
  const image = new Float32Array(width * height * 3)
  const out = Buffer.alloc(width * height * 3)
  const random = seeded(7)
  const motes = Array.from({ length: MOTES }, () => [random() * 24 - 12, random() * 12 - 6, random() * 24 - 12, random()])
  const gamma = new Uint8Array(4097)
  for (let i = 0; i <= 4096; i++) {
    const x = i / 4096
    gamma[i] = Math.round(255 * (x <= 0.0031308 ? 12.92 * x : 1.055 * x ** (1 / 2.4) - 0.055))
  }

  function camera (t, centre) {
    const turn = 0.05 * t + 0.5 * Math.sin(t * 0.061)
    const far = 8.4 + 2.4 * Math.sin(t * 0.11 + 0.5)
    const eye = [centre[0] + far * Math.cos(turn), centre[1] - 1.6 + 1.5 * Math.sin(t * 0.083), centre[2] + far * Math.sin(turn)]
    const f = [centre[0] - eye[0], centre[1] - eye[1], centre[2] - eye[2]]
    const n = Math.hypot(...f)
    f[0] /= n; f[1] /= n; f[2] /= n
    const m = Math.hypot(f[0], f[2])
    const right = [-f[2] / m, 0, f[0] / m]
    const up = [right[1] * f[2] - right[2] * f[1], right[2] * f[0] - right[0] * f[2], right[0] * f[1] - right[1] * f[0]]
    return { eye, f, right, up, turn, focal: height * 1.05 }
  }

  function project (cam, x, y, z) {
    const dx = x - cam.eye[0]
    const dy = y - cam.eye[1]
    const dz = z - cam.eye[2]
    const depth = dx * cam.f[0] + dy * cam.f[1] + dz * cam.f[2]
    const s = cam.focal / depth
    return [
      width / 2 + s * (dx * cam.right[0] + dz * cam.right[2]),
      height / 2 - s * (dx * cam.up[0] + dy * cam.up[1] + dz * cam.up[2]),
      depth, s
    ]
  }

  function paintWater (t, cam) {
    const tilt = cam.f[1] * 1.5
    for (let j = 0; j < h; j++) {
      const y = 1 - 2 * (j + 0.5) / h
      const c = water(y + tilt)
      for (let i = 0; i < w; i++) {
        const x = (2 * (i + 0.5) / w - 1) * 1.78
        // shafts fan out from a sun above the frame; they drift with time and with the turning camera
        const angle = Math.atan2(x - 0.35, 2.3 - y)
        const a = angle * 9 + cam.turn * 4
        const shaft = noise1(a + t * 0.10, 1) * noise1(a * 2.7 - t * 0.16, 2) + 0.45 * noise1(a * 5.3 + t * 0.21, 3) * noise1(a * 1.3, 4)
        const light = Math.max(0, shaft - 0.25) * smooth(-1.15, 1.0, y + tilt * 0.6) * (0.9 - 0.45 * Math.abs(angle))
        const sun = Math.exp(-((x - 0.35) ** 2 * 0.55 + (1.5 - y - tilt * 0.5) ** 2 * 0.85))
        const o = (j * w + i) * 3
        back[o] = c[0] + light * 0.055 + sun * 0.10
        back[o + 1] = c[1] + light * 0.20 + sun * 0.30
        back[o + 2] = c[2] + light * 0.22 + sun * 0.29
      }
    }
  }

  /** Bilinear enlargement of a coarse buffer, added to (or put into) the image. */
  function enlarge (from, add) {
    for (let y = 0; y < height; y++) {
      const v = Math.min(h - 1.001, Math.max(0, (y + 0.5) / COARSE - 0.5))
      const j = Math.floor(v)
      const fy = v - j
      for (let x = 0; x < width; x++) {
        const u = Math.min(w - 1.001, Math.max(0, (x + 0.5) / COARSE - 0.5))
        const i = Math.floor(u)
        const fx = u - i
        const a = (j * w + i) * 3
        const b = a + w * 3
        const o = (y * width + x) * 3
        for (let k = 0; k < 3; k++) {
          const value = (from[a + k] * (1 - fx) + from[a + 3 + k] * fx) * (1 - fy) + (from[b + k] * (1 - fx) + from[b + 3 + k] * fx) * fy
          image[o + k] = add ? image[o + k] + value : value
        }
      }
    }
  }

  /** Body and tail as segments [x0, y0, r0, x1, y1, r1]; every pixel takes the one that covers it most. */
  function fish (cam, x, y, z, vx, vy, vz, phase, length, dark) {
    const middle = project(cam, x, y, z)
    if (middle[2] < NEAREST) return
    const speed = Math.hypot(vx, vy, vz)
    const hx = vx / speed
    const hy = vy / speed
    const hz = vz / speed
    const m = Math.hypot(hx, hz) + 1e-6
    const sx = -hz / m
    const sz = hx / m
    const points = []
    const body = [0.016, 0.058, 0.080, 0.082, 0.068, 0.042, 0.016]
    // a fish is taller than wide: head on and from above it is slim
    const headOn = (hx * cam.f[0] + hy * cam.f[1] + hz * cam.f[2]) ** 2
    const flat = mix(1, 0.55, Math.min(1, headOn + Math.abs(cam.f[1])))
    for (let k = 0; k < body.length; k++) {
      const s = k / (body.length - 1)
      const bend = 0.13 * length * s * s * Math.sin(phase - s * 3.2)
      const back = (0.45 - s * 0.86) * length
      const q = project(cam, x + hx * back + sx * bend, y + hy * back, z + hz * back + sz * bend)
      if (q[2] < NEAREST) return
      points.push([q[0], q[1], body[k] * length * q[3] * flat])
    }
    const segments = []
    for (let k = 0; k + 1 < points.length; k++) segments.push([...points[k], ...points[k + 1]])
    const end = points[points.length - 1]
    const flap = 0.16 * length * Math.sin(phase - 3.6)
    for (const side of [1, -1]) {
      const tail = length * 0.58
      const q = project(cam, x - hx * tail + sx * flap, y - hy * tail + side * 0.12 * length, z - hz * tail + sz * flap)
      if (q[2] < NEAREST) return
      segments.push([end[0], end[1], end[2], q[0], q[1], 0.010 * length * q[3]])
    }
    let x0 = width; let x1 = 0; let y0 = height; let y1 = 0
    for (const s of segments) {
      const r = Math.max(s[2], s[5]) + 1.5
      x0 = Math.min(x0, s[0] - r, s[3] - r); x1 = Math.max(x1, s[0] + r, s[3] + r)
      y0 = Math.min(y0, s[1] - r, s[4] - r); y1 = Math.max(y1, s[1] + r, s[4] + r)
    }
    x0 = Math.max(0, Math.floor(x0)); x1 = Math.min(width - 1, Math.ceil(x1))
    y0 = Math.max(0, Math.floor(y0)); y1 = Math.min(height - 1, Math.ceil(y1))
    if (x0 > x1 || y0 > y1) return

    const clear = Math.exp(-HAZE * Math.max(0, middle[2] - 2))
    // the flank mirrors the light when it turns towards it: the flash that runs through a shoal
    const roll = Math.abs(sx * 0.55 + sz * 0.83) * 0.7 + 0.3 * Math.abs(Math.sin(phase * 0.25))
    const flash = dark ? 0 : roll ** 6 * 2.0
    const solid = smooth(CLOSE[0], CLOSE[1], middle[2])
    if (solid === 0) return
    const soft = mix(3, 1, solid)
    for (let py = y0; py <= y1; py++) {
      const hazeColour = water((1 - 2 * py / height) + cam.f[1] * 1.5)
      for (let px = x0; px <= x1; px++) {
        let cover = 0
        let across = 0
        for (const s of segments) {
          const ex = s[3] - s[0]
          const ey = s[4] - s[1]
          const along = Math.min(1, Math.max(0, ((px - s[0]) * ex + (py - s[1]) * ey) / (ex * ex + ey * ey + 1e-6)))
          const dx = px - s[0] - ex * along
          const dy = py - s[1] - ey * along
          const r = Math.max(0.35, s[2] + (s[5] - s[2]) * along)
          const d = Math.sqrt(dx * dx + dy * dy)
          const c = Math.min(1, Math.max(0, (r - d) / soft + 0.5)) * Math.min(1, r / 0.6)
          if (c > cover) { cover = c; across = dy / (r + 0.3) }
        }
        if (cover <= 0) continue
        cover *= solid
        const o = (py * width + px) * 3
        const lit = smooth(0.9, -0.9, across)
        const band = Math.exp(-((across + 0.1) ** 2) * 7)
        const r = dark ? 0.004 : 0.012 + 0.08 * lit + flash * band * 0.75
        const g = dark ? 0.020 : 0.045 + 0.25 * lit + flash * band * 0.92
        const b = dark ? 0.040 : 0.085 + 0.28 * lit + flash * band * 0.95
        image[o] = mix(image[o], mix(hazeColour[0], r, clear), cover)
        image[o + 1] = mix(image[o + 1], mix(hazeColour[1], g, clear), cover)
        image[o + 2] = mix(image[o + 2], mix(hazeColour[2], b, clear), cover)
      }
    }
    if (dark) return
    const gx = Math.round(middle[0] / COARSE)
    const gy = Math.round(middle[1] / COARSE)
    const shine = clear * (0.006 + 0.022 * flash) * Math.min(3, length * middle[3] / 40)
    for (let j = -1; j <= 1; j++) {
      for (let i = -1; i <= 1; i++) {
        if (gx + i < 0 || gx + i >= w || gy + j < 0 || gy + j >= h) continue
        const o = ((gy + j) * w + gx + i) * 3
        const k = shine / (1 + i * i + j * j)
        glow[o] += 0.45 * k
        glow[o + 1] += 0.9 * k
        glow[o + 2] += k
      }
    }
  }

  function paintMotes (t, cam) {
    for (const [mx, my, mz, seed] of motes) {
      const wrap = (a, c, half) => c + ((((a - c + half) % (2 * half)) + 2 * half) % (2 * half)) - half
      const sway = Math.sin(t * 0.2 + seed * 6) * 0.3
      const q = project(cam, wrap(mx + t * 0.12, cam.eye[0], 9), wrap(my - t * 0.05, cam.eye[1], 5), wrap(mz + sway, cam.eye[2], 9))
      if (q[2] < 1 || q[2] > 9) continue
      const r = Math.min(5, 0.011 * q[3])
      const k = 0.2 * Math.exp(-q[2] * 0.2) * (0.4 + 0.6 * seed)
      for (let y = Math.max(0, Math.floor(q[1] - r)); y <= Math.min(height - 1, q[1] + r); y++) {
        for (let x = Math.max(0, Math.floor(q[0] - r)); x <= Math.min(width - 1, q[0] + r); x++) {
          const fall = k * Math.max(0, 1 - ((x - q[0]) ** 2 + (y - q[1]) ** 2) / (r * r))
          const o = (y * width + x) * 3
          image[o] += fall * 0.6
          image[o + 1] += fall
          image[o + 2] += fall
        }
      }
    }
  }

  function finish (fade) {
    for (let y = 0; y < height; y++) {
      const ny = 2 * y / height - 1
      for (let x = 0; x < width; x++) {
        const nx = 2 * x / width - 1
        const k = fade * (1 - 0.26 * (nx * nx * 0.8 + ny * ny * 0.5) ** 1.5)
        const o = (y * width + x) * 3
        for (let c = 0; c < 3; c++) {
          const value = image[o + c] * k
          out[o + c] = gamma[Math.min(4096, Math.round(4096 * value / (1 + 0.18 * value)))]
        }
      }
    }
    return out
  }

  return function paint (t, shoal, centre, fade) {
    const cam = camera(t, centre)
    paintWater(t, cam)
    enlarge(back, false)
    for (let i = 0; i < glow.length; i++) glow[i] *= 0.86
    const away = (x, y, z) => (x - cam.eye[0]) * cam.f[0] + (y - cam.eye[1]) * cam.f[1] + (z - cam.eye[2]) * cam.f[2]
    const depth = i => away(shoal.p[i * 3], shoal.p[i * 3 + 1], shoal.p[i * 3 + 2])
    const order = Array.from({ length: shoal.count }, (_, i) => [depth(i), i]).filter(([d]) => d > NEAREST).sort((a, b) => b[0] - a[0])
    const [hx, hy, hz] = hunter(t)
    const [nx, ny, nz] = hunter(t + 0.05)
    const hd = away(hx, hy, hz)
    let drawn = false
    const hunt = () => { drawn = true; if (hd > 3) fish(cam, hx, hy, hz, nx - hx, ny - hy, nz - hz, t * 3.2, 3.0, true) }
    for (const [d, i] of order) {
      if (!drawn && d < hd) hunt()
      const a = i * 3
      fish(cam, ...shoal.p.subarray(a, a + 3), ...shoal.v.subarray(a, a + 3), shoal.phase[i], 0.56 * shoal.size[i], false)
    }
    if (!drawn) hunt()
    paintMotes(t, cam)
    enlarge(glow, true)
    return finish(fade)
  }
}
