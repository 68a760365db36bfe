import type { Command } from '../types.js'
import { exportCommand, importCommand } from './car.js'
import { fetch } from './fetch.js'
import { ledger } from './ledger.js'
import { gc, pin, unpin } from './pin.js'
import { publish } from './publish.js'
import { purge } from './purge.js'
import { serve } from './serve.js'
import { peers, status } from './status.js'
import { token } from './token.js'

export const COMMANDS: readonly Command[] = [
  publish, fetch, serve, status, peers, ledger, token, pin, unpin, purge, gc, exportCommand, importCommand
]

export function findCommand (name: string): Command | undefined {
  return COMMANDS.find(command => command.name === name)
}
