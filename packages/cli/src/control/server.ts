import { chmodSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { ConfigError, ListenError, type Shoal } from '@shoal/interface'
import { systemClock } from '@shoal/base'
import { findCommand } from '../commands/index.js'
import { CONTROL_MAX_CONNECTIONS, CONTROL_REQUEST_BYTES, REMOTE_PROGRESS_INTERVAL_MS } from '../defaults.js'
import { errorLine, EXIT_DONE, exitCode, UsageError } from '../errors.js'
import { OPTIONS, type OptionName } from '../options/table.js'
import { valueFromJson } from '../options/values.js'
import type { Command, ProgressReport } from '../types.js'
import { type ControlLine, type ControlRequest, LineSplitter } from './protocol.js'
import { dropSocket, takeSocket } from './socket-path.js'

export interface ControlServer { close (): Promise<void> }

/**
 * Runs the commands of other processes inside the one that owns the data folder. Only the folder's user can connect (mode 0600).
 *
 * @throws ListenError the socket cannot be made
 */
export async function startControlServer (data: string, node: Shoal): Promise<ControlServer> {
  const path = takeSocket(data)
  const sockets = new Set<Socket>()
  const commands = new Set<Promise<void>>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.once('close', () => { sockets.delete(socket) })
    const command = serveClient(socket, node)
    commands.add(command)
    void command.finally(() => { commands.delete(command) })
  })
  server.maxConnections = CONTROL_MAX_CONNECTIONS
  await listen(server, path)
  return {
    async close () {
      const closed = new Promise<void>(resolve => { server.close(() => { resolve() }) })
      for (const socket of sockets) socket.destroy()
      await Promise.all([closed, ...commands])
      dropSocket(data)
    }
  }
}

async function listen (server: Server, path: string): Promise<void> {
  // Made with mode 0600 at once: between making it and changing its mode, others could connect
  const mask = process.platform === 'win32' ? undefined : process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', error => { reject(new ListenError(`cannot listen on the control socket ${path}: ${error.message}`, { cause: error })) })
      server.listen(path, resolve)
    })
  } finally {
    if (mask !== undefined) process.umask(mask)
  }
  if (mask !== undefined) chmodSync(path, 0o600)
}

/** Resolves when the client's command is over and its connection closed. */
async function serveClient (socket: Socket, node: Shoal): Promise<void> {
  const gone = new AbortController()
  socket.setEncoding('utf8').on('error', () => undefined).once('close', () => { gone.abort() })
  const send = (line: ControlLine | object): void => { if (!socket.destroyed) socket.write(`${JSON.stringify(line)}\n`) }
  let exit = EXIT_DONE
  try {
    const line = await firstLine(socket, gone.signal)
    if (line === undefined) return
    await runRequest(line, node, send, gone.signal)
  } catch (error) {
    send(errorLine(error))
    exit = exitCode(error)
  }
  send({ exit })
  socket.end()
}

async function runRequest (
  line: string, node: Shoal, send: (line: ControlLine | object) => void, signal: AbortSignal
): Promise<void> {
  const { command, args, values } = parseRequest(line)
  let sentAt = -Infinity
  await command.run({
    args,
    values,
    node: async () => node,
    attached: true,
    signal,
    emit: send,
    log (text) { send({ log: text }) },
    progress (report: ProgressReport | undefined) {
      const now = systemClock.now()
      if (report !== undefined && now - sentAt < REMOTE_PROGRESS_INTERVAL_MS) return
      sentAt = now
      send({ progress: report ?? null })
    }
  })
}

function parseRequest (line: string): { command: Command, args: readonly string[], values: Record<string, unknown> } {
  const wrong = new UsageError('expected {"command": …, "args": {"positionals": […], "values": {…}}}')
  let request: Partial<ControlRequest> | null
  try {
    request = JSON.parse(line) as Partial<ControlRequest> | null
  } catch {
    throw wrong
  }
  const { positionals = [], values = {} } = request?.args ?? {}
  if (typeof request?.command !== 'string' || typeof values !== 'object' || !Array.isArray(positionals)) throw wrong
  const command = findCommand(request.command)
  if (command === undefined || command.attach === 'never') throw new UsageError(`a running node does not do '${request.command}'`)
  const required = command.args.filter(name => !name.startsWith('[')).length
  if (positionals.length < required || positionals.length > command.args.length || positionals.some(text => typeof text !== 'string')) throw wrong
  const checked: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(values)) {
    if (!(name in OPTIONS) || !command.options.includes(name as OptionName)) throw new ConfigError(`'${name}' is no option of ${command.name}`)
    checked[name] = valueFromJson(name as OptionName, value, `'${name}'`, '/')
  }
  return { command, args: positionals, values: checked }
}

async function firstLine (socket: Socket, signal: AbortSignal): Promise<string | undefined> {
  const splitter = new LineSplitter(CONTROL_REQUEST_BYTES)
  return await new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => { resolve(undefined) }, { once: true })
    socket.on('data', (text: Buffer | string) => {
      try {
        const [line] = splitter.push(String(text))
        if (line !== undefined) resolve(line)
      } catch (error) {
        reject(new UsageError((error as Error).message))
        socket.pause()
      }
    })
  })
}
