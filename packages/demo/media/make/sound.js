/** The sound: slow open chords, a low swell of water, and rare drops with an echo. Returns a WAV file: 48 kHz, stereo, 16 bit. */
import { seeded } from './swim.js'

const RATE = 48000
const CHORD_SECONDS = 11.5
// D, G, Bm and A with added seconds and ninths, as semitones from A2 = 110 Hz
const CHORDS = [[-7, 5, 9, 12, 16], [-2, 5, 10, 14, 17], [2, 5, 9, 14, 17], [0, 7, 9, 12, 16]]

export function ambient (seconds) {
  const length = Math.round(seconds * RATE)
  const left = new Float32Array(length)
  const right = new Float32Array(length)
  const random = seeded(11)

  for (let c = 0; c * CHORD_SECONDS < seconds; c++) {
    const chord = CHORDS[c % CHORDS.length]
    const from = Math.max(0, Math.round((c * CHORD_SECONDS - 3) * RATE))
    const until = Math.min(length, Math.round(((c + 1) * CHORD_SECONDS + 3) * RATE))
    for (const [n, semitone] of chord.entries()) {
      const hz = 110 * 2 ** (semitone / 12)
      for (const [detune, pan] of [[1, 0.5], [1.0028, 0.15], [0.9974, 0.85]]) {
        const w = 2 * Math.PI * hz * detune / RATE
        const start = random() * 6.28
        for (let i = from; i < until; i++) {
          const t = (i / RATE - c * CHORD_SECONDS + 3) / (CHORD_SECONDS + 6)
          const swell = Math.sin(Math.PI * Math.min(1, Math.max(0, t))) ** 1.6 * (0.8 + 0.2 * Math.sin(i / RATE * (0.5 + 0.11 * n)))
          const x = Math.sin(w * i + start) + 0.22 * Math.sin(2 * w * i + start) + 0.06 * Math.sin(3 * w * i)
          const k = swell * x * (n === 0 ? 0.036 : 0.019)
          left[i] += k * (1 - pan)
          right[i] += k * pan
        }
      }
    }
  }

  let low = 0
  let lower = 0
  for (let i = 0; i < length; i++) {
    low += 0.012 * (random() * 2 - 1 - low)
    lower += 0.02 * (low - lower)
    const k = lower * (0.55 + 0.35 * Math.sin(i / RATE * 0.42))
    left[i] += k
    right[i] += k * 0.9
  }

  const scale = [24, 26, 28, 31, 33, 36]
  for (let at = 3; at < seconds - 4; at += 2.2 + random() * 3.4) {
    const hz = 220 * 2 ** ((scale[Math.floor(random() * scale.length)] - 12) / 12)
    const pan = 0.2 + 0.6 * random()
    for (let echo = 0; echo < 4; echo++) {
      const from = Math.round((at + echo * 0.46) * RATE)
      for (let i = 0; i < RATE * 1.8 && from + i < length; i++) {
        const k = 0.032 * 0.48 ** echo * Math.exp(-i / RATE * 3.4) * Math.min(1, i / 240) * Math.sin(2 * Math.PI * hz * i / RATE)
        left[from + i] += k * (echo % 2 === 0 ? 1 - pan : pan)
        right[from + i] += k * (echo % 2 === 0 ? pan : 1 - pan)
      }
    }
  }

  const wav = Buffer.alloc(44 + length * 4)
  wav.write('RIFF', 0)
  wav.writeUInt32LE(36 + length * 4, 4)
  wav.write('WAVEfmt ', 8)
  wav.writeUInt32LE(16, 16)
  wav.writeUInt16LE(1, 20)
  wav.writeUInt16LE(2, 22)
  wav.writeUInt32LE(RATE, 24)
  wav.writeUInt32LE(RATE * 4, 28)
  wav.writeUInt16LE(4, 32)
  wav.writeUInt16LE(16, 34)
  wav.write('data', 36)
  wav.writeUInt32LE(length * 4, 40)
  for (let i = 0; i < length; i++) {
    const fade = Math.min(1, i / RATE / 2.5, (length - i) / RATE / 3.5)
    wav.writeInt16LE(Math.round(32767 * Math.tanh(left[i] * 2.4 * fade)), 44 + i * 4)
    wav.writeInt16LE(Math.round(32767 * Math.tanh(right[i] * 2.4 * fade)), 46 + i * 4)
  }
  return wav
}
