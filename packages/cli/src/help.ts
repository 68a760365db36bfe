import { COMMANDS } from './commands/index.js'
import { envName, flagName, type OptionName, specOf, type Values } from './options/table.js'
import { table } from './format.js'
import type { Command } from './types.js'

const EXIT_CODES = 'Exit codes: 0 done, 1 failed, 2 wrong usage.'

export function overview (version: string): string {
  return `shoal ${version}: publish, find, fetch and seed content among peers, with HTTP origins as a fallback

Usage: shoal <command> [options]

${table(COMMANDS.map(command => [`  ${command.name}`, command.summary]))}

'shoal <command> --help' has the options, their defaults and examples. 'shoal --version' prints the version.
Options are read from flags, then from SHOAL_* variables, then from the file that --config names.
${EXIT_CODES}`
}

export function commandHelp (command: Command, env: Readonly<Record<string, string | undefined>>): string {
  const defaults = command.defaults?.(env) ?? {}
  const usage = ['shoal', command.name, ...command.args, '[options]'].join(' ')
  return `${usage}

${command.summary[0]?.toUpperCase()}${command.summary.slice(1)}.

Options:
${optionsHelp(command, defaults, false)}
${command.attach === 'only' ? '' : `\nOptions of the node:\n${optionsHelp(command, defaults, true)}\n`}
Examples:
${command.examples.map(([line, what]) => `  ${line}\n      ${what}`).join('\n')}
${command.notes === undefined ? '' : `\n${command.notes}\n`}
${EXIT_CODES}`
}

function optionsHelp ({ options, attach }: Command, defaults: Values, ofNode: boolean): string {
  return options.filter(name => attach === 'only' || (specOf(name).node === true) === ofNode).map(name => optionHelp(name, defaults)).join('\n')
}

function optionHelp (name: OptionName, defaults: Values): string {
  const spec = specOf(name)
  const flag = `${spec.short === undefined ? '    ' : `-${spec.short}, `}--${flagName(name)}${spec.value === undefined ? '' : ` ${spec.value}`}`
  const repeatable = spec.type === 'list' || spec.type === 'ice' ? '; repeatable' : ''
  const choices = spec.choices === undefined ? '' : ` (${spec.choices.join(', ')})`
  const own = defaults[name]
  const value = own === undefined ? spec.default : defaultText(own)
  const env = envName(name)
  const notes = [...value === undefined ? [] : [`default: ${value}`], ...env === undefined ? [] : [env]]
  return `  ${flag}\n        ${spec.help}${choices}${repeatable}${notes.length === 0 ? '' : `\n        [${notes.join('; ')}]`}`
}

function defaultText (value: unknown): string {
  if (value === true) return 'on'
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(' ')
  return String(value)
}
