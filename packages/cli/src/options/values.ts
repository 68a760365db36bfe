import { isAbsolute, resolve } from 'node:path'
import { ConfigError } from '@shoal/interface'
import { didYouMean } from './suggest.js'
import { type IceServer, type OptionName, specOf } from './table.js'

const TRUE: ReadonlySet<string> = new Set(['1', 'true', 'yes', 'on'])
const FALSE: ReadonlySet<string> = new Set(['0', 'false', 'no', 'off'])

/**
 * Makes the value of an option out of text from a flag or an environment variable.
 *
 * @param where how the user named it, for messages: `--data`, `SHOAL_DATA`
 * @param folder what relative paths are relative to
 * @throws ConfigError when it makes no sense
 */
export function valueFromText (name: OptionName, texts: readonly string[], where: string, folder: string): unknown {
  const spec = specOf(name)
  const text = texts.at(-1) ?? ''
  switch (spec.type) {
    case 'list': return texts
    case 'ice': return texts.map(urls => ({ urls }))
    case 'flag': {
      const word = text.toLowerCase()
      if (TRUE.has(word)) return true
      if (FALSE.has(word)) return false
      throw new ConfigError(`${where}: expected true or false, got '${text}'`)
    }
    case 'seconds':
    case 'count':
      return number(spec.type, text.trim() === '' ? NaN : Number(text), where, text)
    case 'amount': return /^\d+$/.test(text) ? Number(text) : filled(text, where)
    case 'path': return resolve(folder, filled(text, where))
    case 'string': return choice(name, filled(text, where), where)
  }
}

/**
 * Checks a value that came as JSON: from a configuration file or over a control socket.
 *
 * @throws ConfigError when it makes no sense
 */
export function valueFromJson (name: OptionName, value: unknown, where: string, folder: string): unknown {
  const spec = specOf(name)
  const wrong = (expected: string): ConfigError => new ConfigError(`${where}: expected ${expected}, got ${short(value)}`)
  switch (spec.type) {
    case 'list':
      if (typeof value === 'string') return [value]
      if (!isStrings(value)) throw wrong('a string or a list of strings')
      return value
    case 'ice': {
      const servers: unknown = Array.isArray(value) ? value : [value]
      return (servers as unknown[]).map(server => iceServer(server, wrong))
    }
    case 'flag':
      if (typeof value !== 'boolean') throw wrong('true or false')
      return value
    case 'seconds':
    case 'count':
      if (typeof value !== 'number') throw wrong('a number')
      return number(spec.type, value, where, String(value))
    case 'amount':
      if (typeof value !== 'number' && typeof value !== 'string') throw wrong('a number or a string with a unit')
      return value
    case 'path':
    case 'string':
      if (typeof value !== 'string') throw wrong('a string')
      if (spec.type === 'string') return choice(name, filled(value, where), where)
      return isAbsolute(value) ? value : resolve(folder, filled(value, where))
  }
}

function number (type: 'seconds' | 'count', value: number, where: string, text: string): number {
  if (Number.isFinite(value) && value >= 0 && (type === 'seconds' || Number.isInteger(value))) return value
  throw new ConfigError(`${where}: expected ${type === 'seconds' ? 'a number of seconds' : 'a whole number'}, 0 or more, got '${text}'`)
}

function choice (name: OptionName, value: string, where: string): string {
  const choices = specOf(name).choices
  if (choices === undefined || choices.includes(value)) return value
  throw new ConfigError(`${where}: expected one of ${choices.join(', ')}, got '${value}'.${didYouMean(value, choices)}`)
}

function filled (text: string, where: string): string {
  if (text === '') throw new ConfigError(`${where}: expected a value, got nothing`)
  return text
}

function isStrings (value: unknown): value is string[] {
  return Array.isArray(value) && value.every(item => typeof item === 'string')
}

function iceServer (value: unknown, wrong: (expected: string) => ConfigError): IceServer {
  if (typeof value === 'string') return { urls: value }
  const expected = 'URLs or objects { urls, username, credential }'
  if (typeof value !== 'object' || value === null) throw wrong(expected)
  const { urls, username, credential, ...rest } = value as Record<string, unknown>
  if (Object.keys(rest).length > 0 || (typeof urls !== 'string' && !isStrings(urls))) throw wrong(expected)
  if (!isOptionalString(username) || !isOptionalString(credential)) throw wrong(expected)
  return { urls, ...username !== undefined && { username }, ...credential !== undefined && { credential } }
}

function isOptionalString (value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function short (value: unknown): string {
  const text = JSON.stringify(value) as string | undefined ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}
