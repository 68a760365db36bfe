import { createConnection, type Socket } from 'node:net'
import { InterruptedError, NotRunningError, RemoteError } from '../errors.js'
import type { Output } from '../output.js'
import { type ControlLine, type ControlRequest, LineSplitter } from './protocol.js'
import { findSocket } from './socket-path.js'

/** A running node's lines; far above any that it sends. */
const MAX_LINE_CHARACTERS = 64 * 1024 * 1024

/** Connects to the process that owns the data folder; `undefined` when there is none (a socket left by a dead one included). */
export async function attach (data: string): Promise<Socket | undefined> {
  return await new Promise((resolve, reject) => {
    const socket = createConnection(findSocket(data))
    socket.once('connect', () => {
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EACCES' || error.code === 'EPERM') {
        reject(new NotRunningError(`the node on ${data} runs as another user: ${error.message}`, { cause: error }))
      } else resolve(undefined)
    })
  })
}

/**
 * Has the running node carry out a command and shows what it says. Resolves with the exit code.
 *
 * @throws RemoteError the command failed there
 * @throws InterruptedError the signal was aborted; the command is aborted there, too
 * @throws NotRunningError the node went away before it was done
 */
export async function runAttached (socket: Socket, request: ControlRequest, output: Output, signal: AbortSignal): Promise<number> {
  const splitter = new LineSplitter(MAX_LINE_CHARACTERS)
  const abort = (): void => { socket.destroy() }
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await new Promise<number>((resolve, reject) => {
      let failure: RemoteError | undefined
      socket.setEncoding('utf8')
      socket.on('data', (text: Buffer | string) => {
        for (const json of splitter.push(String(text))) {
          const line = JSON.parse(json) as ControlLine
          if ('exit' in line) {
            if (failure === undefined) resolve(line.exit)
            else reject(failure)
          } else if ('error' in line) failure = new RemoteError(line.error.code, line.error.message)
          else if ('log' in line) output.log(line.log)
          else if ('progress' in line) output.progress(line.progress ?? undefined)
          else output.emit(line)
        }
      })
      socket.once('error', () => undefined)
      socket.once('close', () => {
        reject(signal.aborted ? new InterruptedError('interrupted') : new NotRunningError('the running node went away before it was done'))
      })
      socket.write(`${JSON.stringify(request)}\n`)
      if (signal.aborted) abort()
    })
  } finally {
    signal.removeEventListener('abort', abort)
    socket.destroy()
  }
}
