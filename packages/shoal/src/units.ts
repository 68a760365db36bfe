import { ConfigError, type Rate, type Size } from '@shoal/interface'

const SIZE_UNITS: Readonly<Record<string, number>> = {
  '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40
}

const RATE_UNITS: Readonly<Record<string, number>> = { ...SIZE_UNITS, bit: 1 / 8, kbit: 1e3 / 8, mbit: 1e6 / 8, gbit: 1e9 / 8 }

/** Bytes. @throws ConfigError naming `option` */
export function parseSize (value: Size, option: string): number {
  return parse(value, SIZE_UNITS, option, 'a number of bytes, or one with a unit such as 512KiB, 10MB or 2GiB')
}

/** Bytes per second. @throws ConfigError naming `option` */
export function parseRate (value: Rate, option: string): number {
  return parse(value, RATE_UNITS, option, 'a number of bytes per second, or one with a unit such as 10Mbit or 2MB')
}

function parse (value: number | string, units: Readonly<Record<string, number>>, option: string, expected: string): number {
  const match = typeof value === 'number' ? undefined : /^\s*(\d+(?:\.\d+)?)\s*([a-z]*?)(?:\/s|ps)?\s*$/i.exec(value)
  const unit = match === null || match === undefined ? undefined : units[(match[2] as string).toLowerCase()]
  const number = typeof value === 'number' ? value : unit === undefined ? Number.NaN : Number(match?.[1]) * unit
  if (!(number >= 0)) throw new ConfigError(`${option}: expected ${expected}, got ${JSON.stringify(value)}`)
  return number
}
