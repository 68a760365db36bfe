const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** `1.2 GB`: powers of 1000, three digits. */
export function formatBytes (bytes: number): string {
  if (!Number.isFinite(bytes)) return 'unlimited'
  let unit = 0
  let value = bytes
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000
    unit++
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`
}

/** `1:02:03`, `4:05`. */
export function formatSeconds (seconds: number): string {
  const whole = Math.round(seconds)
  const pad = (n: number): string => String(n).padStart(2, '0')
  const minutes = Math.floor(whole / 60) % 60
  const hours = Math.floor(whole / 3600)
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`
}

export function formatShare (share: number): string {
  return `${Math.round(share * 100)} %`
}

export function plural (count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** Rows as columns of equal width, two blanks apart; `right` names the columns that hold numbers. */
export function table (rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => printable(row[column] ?? '').length)))
  return rows.map(row => row.map((cell, column) => {
    const text = printable(cell)
    return right.includes(column) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0)
  }).join('  ').trimEnd()).join('\n')
}

/** Names come from strangers' manifests: what could steer a terminal is shown as `?`. */
export function printable (text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '?')
}

/** `12D3KooW…7hQx` */
export function shortPeer (peer: string): string {
  return peer.length > 16 ? `${peer.slice(0, 8)}…${peer.slice(-4)}` : peer
}
