import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '@shoal/base'
import { DataInUseError } from '@shoal/interface'
import { COMMANDS, findCommand } from './commands/index.js'
import { attach, runAttached } from './control/client.js'
import { ATTACH_RETRY_MS, ATTACH_TIMEOUT_MS } from './defaults.js'
import { EXIT_DONE, exitCode, InterruptedError, NotRunningError, UsageError } from './errors.js'
import { commandHelp, overview } from './help.js'
import { LocalNode } from './local-node.js'
import { parseOptions, type Parsed } from './options/parse.js'
import { didYouMean } from './options/suggest.js'
import { flagName, specOf } from './options/table.js'
import { Output, type OutputStream } from './output.js'
import type { ProgressStream } from './progress.js'
import type { Command, CreateNode } from './types.js'
import { version } from './version.js'

export interface MainInit {
  /** Without the names of the program and of Node.js. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly stdout: OutputStream
  readonly stderr: ProgressStream
  /** Aborted: stop cleanly. */
  readonly signal: AbortSignal
  readonly createNode: CreateNode
}

/** Runs one command line; resolves with the exit code and never rejects. */
export async function main (init: MainInit): Promise<number> {
  const { argv: [name = 'help', ...rest], env, stdout } = init
  const command = findCommand(name)
  // Errors before the options are known honour --json as typed
  const base = { stdout, stderr: init.stderr, clock: systemClock, debug: isSet(env['SHOAL_DEBUG']) }
  const early = new Output({ ...base, json: init.argv.includes('--json') || isSet(env['SHOAL_JSON']), render: () => undefined })
  try {
    if (command === undefined) stdout.write(`${topLevel(name, rest, env)}\n`)
    else {
      const parsed = parseOptions({ options: command.options, argv: rest, env, cwd: init.cwd, defaults: command.defaults?.(env) ?? {} })
      if (parsed.values.help === true) stdout.write(`${commandHelp(command, env)}\n`)
      else {
        const output = new Output({ ...base, json: parsed.values.json === true, render: (line, width) => command.render(line, width) })
        return await run(command, parsed, init, output)
      }
    }
    await early.flush()
    return EXIT_DONE
  } catch (error) {
    early.error(error)
    await early.flush()
    return exitCode(error)
  }
}

function topLevel (name: string, rest: readonly string[], env: MainInit['env']): string {
  if (name === '--version' || name === '-V' || name === 'version') return version
  if (name === 'help' || name === '--help' || name === '-h') {
    const [topic] = rest
    const about = topic === undefined ? undefined : findCommand(topic)
    if (topic !== undefined && about === undefined) throw unknownCommand(topic)
    return about === undefined ? overview(version) : commandHelp(about, env)
  }
  if (name.startsWith('-')) throw new UsageError(`expected a command before '${name}': ${COMMANDS.map(({ name }) => name).join(', ')}. See 'shoal help'`)
  throw unknownCommand(name)
}

function unknownCommand (name: string): UsageError {
  return new UsageError(`unknown command '${name}'.${didYouMean(name, ['help', ...COMMANDS.map(({ name }) => name)])} See 'shoal help'`)
}

async function run (command: Command, parsed: Parsed, init: MainInit, output: Output): Promise<number> {
  try {
    return await dispatch(command, prepare(command, parsed, init.cwd), init, output)
  } catch (error) {
    output.error(init.signal.aborted ? new InterruptedError(interrupted(command), { cause: error }) : error)
    return exitCode(error)
  } finally {
    await output.flush()
  }
}

function prepare (command: Command, parsed: Parsed, cwd: string): Parsed {
  const { positionals, values, flags } = parsed
  const missing = command.args[positionals.length]
  const usage = `See 'shoal ${command.name} --help'`
  if (missing?.startsWith('[') === false) throw new UsageError(`${command.name} needs ${missing}. ${usage}`)
  const extra = positionals[command.args.length]
  if (extra !== undefined) throw new UsageError(`${command.name} takes ${command.args.join(' ') || 'no arguments'}; what is '${extra}'? ${usage}`)
  return { values, flags, positionals: command.prepare?.(positionals, values, cwd) ?? positionals }
}

function interrupted ({ name }: Command): string {
  return name === 'fetch' ? 'interrupted: run the same command again, it goes on where it was' : 'interrupted before it was done'
}

/** Runs the command in the process that owns the data folder, or else here. */
async function dispatch (command: Command, parsed: Parsed, init: MainInit, output: Output): Promise<number> {
  const { data } = parsed.values
  const deadline = systemClock.now() + ATTACH_TIMEOUT_MS
  for (;;) {
    const socket = data === undefined ? undefined : await attach(data)
    if (socket !== undefined) {
      if (command.attach !== 'never') return await runThere(socket, command, parsed, init, output)
      socket.destroy()
      throw new DataInUseError(`the data folder ${data} is in use by a running node`)
    }
    if (command.attach === 'only') {
      throw new NotRunningError(`no node is running on ${data}. Start one with 'shoal serve', or name its folder with --data`)
    }
    try {
      await runHere(command, parsed, init, output)
      return EXIT_DONE
    } catch (error) {
      // Its owner may be about to listen on its control socket, or about to let go of the folder
      if (!(error instanceof DataInUseError) || command.attach === 'never' || systemClock.now() > deadline) throw error
      await sleep(ATTACH_RETRY_MS, undefined, { signal: init.signal })
    }
  }
}

async function runThere (socket: Socket, command: Command, parsed: Parsed, init: MainInit, output: Output): Promise<number> {
  const { values, positionals, flags } = parsed
  const unheeded = flags.filter(name => (specOf(name).node === true || name.startsWith('tenant')) && name !== 'data' && name !== 'mode')
  if (unheeded.length > 0) output.log(`a node is running on ${values.data}: its own ${unheeded.map(name => `--${flagName(name)}`).join(', ')} applies`)
  return await runAttached(socket, { command: command.name, args: { positionals, values } }, output, init.signal)
}

async function runHere (command: Command, parsed: Parsed, { createNode, signal }: MainInit, output: Output): Promise<void> {
  const { values, positionals } = parsed
  const local = new LocalNode(createNode, values, line => { output.log(line) })
  try {
    await command.run({
      args: positionals,
      values,
      node: async () => await local.get(),
      attached: false,
      signal,
      emit (line) { output.emit(line) },
      log (line) { output.log(line) },
      progress (report) { output.progress(report) }
    })
  } finally {
    await local.stop()
  }
}

function isSet (value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value)
}
