/** 1,234,567 → `1.2 MB`. */
export function megabytes (bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

/** 75 → `1:15`. */
export function minutes (seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

export function percent (share: number): string {
  return `${Math.round(share * 100)} %`
}

/** The end of a peer id: its beginning is the same for all. */
export function short (peer: string): string {
  return peer.slice(-4)
}

/** A round number of 1, 2 or 5 times a power of ten, not below `value`. */
export function roundUp (value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-9)))
  return power * ([1, 2, 5, 10].find(step => step * power >= value) ?? 10)
}
