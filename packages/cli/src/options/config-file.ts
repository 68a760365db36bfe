import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { ConfigError } from '@shoal/interface'
import { didYouMean } from './suggest.js'
import { OPTIONS, type OptionName, specOf, type Values } from './table.js'
import { valueFromJson } from './values.js'

/** Words that a configuration file may hold: all options but those about one run, and but itself. */
const WORDS = (Object.keys(OPTIONS) as OptionName[]).filter(name => specOf(name).once !== true && name !== 'config')
const GROUPS: ReadonlySet<string> = new Set(WORDS.filter(word => word.includes('.')).map(word => word.slice(0, word.indexOf('.'))))

/**
 * Reads a configuration file: one JSON object with the words of `ShoalOptions`, and those of the commands that are not about one run.
 *
 * @throws ConfigError when it cannot be read, is no JSON, or has an unknown key or a value that makes no sense
 */
export function readConfigFile (path: string): Values {
  let text
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`cannot read the configuration file ${path}: ${(error as Error).message}`, { cause: error })
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (error) {
    throw new ConfigError(`${path} is not JSON: ${(error as Error).message}`, { cause: error })
  }
  const values: Record<string, unknown> = {}
  for (const [word, value] of words(json, path)) {
    const name = WORDS.find(name => name === word)
    if (name === undefined) throw new ConfigError(`${path}: unknown key '${word}'.${didYouMean(word, WORDS)}`)
    values[name] = valueFromJson(name, value, `${path}: '${word}'`, dirname(path))
  }
  return values
}

/** Flattens `{ store: { quota } }` into `store.quota`. */
function * words (json: unknown, path: string): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(object(json, path))) {
    if (!GROUPS.has(key)) yield [key, value]
    else for (const [word, inner] of Object.entries(object(value, `${path}: '${key}'`))) yield [`${key}.${word}`, inner]
  }
}

function object (value: unknown, where: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new ConfigError(`${where}: expected an object { … }`)
}
