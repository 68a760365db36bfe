import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import { UsageError } from '../errors.js'
import { readConfigFile } from './config-file.js'
import { didYouMean } from './suggest.js'
import { envName, flagName, type OptionName, specOf, type Values } from './table.js'
import { valueFromText } from './values.js'

export interface ParseInit {
  readonly options: readonly OptionName[]
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** What the command sets where the user set nothing. */
  readonly defaults: Values
}

export interface Parsed {
  readonly values: Values
  readonly positionals: readonly string[]
  /** Options that were given as flags, for words about those that cannot be heeded. */
  readonly flags: readonly OptionName[]
}

/**
 * Flags, then the environment, then the configuration file, then the command's defaults: the first that names an option wins.
 *
 * @throws UsageError a flag that the command does not have, or one without its value
 * @throws ConfigError a value that makes no sense, wherever it came from
 */
export function parseOptions (init: ParseInit): Parsed {
  const { tokens, positionals } = tokenize(init)
  const values: Record<string, unknown> = {}
  const flags: OptionName[] = []
  for (const name of init.options) {
    const flag = flagName(name)
    const texts = tokens.get(flag)
    if (texts !== undefined) {
      flags.push(name)
      values[name] = valueFromText(name, texts, `--${flag}`, init.cwd)
      continue
    }
    const variable = envName(name)
    const text = variable === undefined ? undefined : init.env[variable]
    if (variable === undefined || text === undefined || text === '') continue
    const { type } = specOf(name)
    const list = type === 'list' || type === 'ice' ? text.split(/[\s,]+/).filter(item => item !== '') : [text]
    values[name] = valueFromText(name, list, variable, init.cwd)
  }
  const { config } = values as Values
  const fromFile = config === undefined || (values as Values).help === true ? {} : readConfigFile(config)
  for (const name of init.options) {
    const value = values[name] ?? fromFile[name] ?? init.defaults[name]
    if (value !== undefined) values[name] = value
  }
  return { values, positionals, flags }
}

/** Flags as typed: name → the texts given; a flag without value has `true`. */
function tokenize (init: ParseInit): { tokens: Map<string, string[]>, positionals: string[] } {
  const options: ParseArgsOptionsConfig = {}
  for (const name of init.options) {
    const { type, short } = specOf(name)
    options[flagName(name)] = { type: type === 'flag' ? 'boolean' : 'string', ...short !== undefined && { short } }
  }
  try {
    const parsed = parseArgs({ args: [...init.argv], options, allowPositionals: true, tokens: true })
    const tokens = new Map<string, string[]>()
    for (const token of parsed.tokens) {
      if (token.kind !== 'option') continue
      const texts = tokens.get(token.name)
      if (texts === undefined) tokens.set(token.name, [token.value ?? 'true'])
      else texts.push(token.value ?? 'true')
    }
    return { tokens, positionals: parsed.positionals }
  } catch (error) {
    throw usage(error as Error & { code?: string }, Object.keys(options))
  }
}

function usage (error: Error & { code?: string }, known: readonly string[]): UsageError {
  const unknown = error.code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION' ? /^Unknown option '(-+)([^']*)'/.exec(error.message) : null
  if (unknown === null) {
    const missing = /^Option '(?:-\w, )?(--[^ ']+)[^']*' (?:argument missing|argument is ambiguous)/.exec(error.message)
    const message = missing === null ? error.message.split('\n')[0] : `${missing[1]} needs a value`
    return new UsageError(message, { cause: error })
  }
  const [, dashes = '', name = ''] = unknown
  return new UsageError(`unknown option '${dashes}${name}'.${didYouMean(name, known, '--')}`, { cause: error })
}
