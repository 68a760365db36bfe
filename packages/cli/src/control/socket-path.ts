import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { SOCKET_PATH_BYTES } from '../defaults.js'

const SOCKET = 'control.sock'
/** Holds the path of the socket where the folder's own is too long for one. */
const RECORD = 'control.path'

/** Where to look for the control socket of a data folder. */
export function findSocket (data: string): string {
  const path = ownPath(data)
  if (path !== undefined) return path
  try {
    return readFileSync(join(data, RECORD), 'utf8')
  } catch {
    return join(data, SOCKET)
  }
}

/**
 * Takes the control socket's path for the process that owns the folder; a socket left there by a dead owner is removed.
 * Where the path is too long, the socket lies in a folder of its own that no other user can open, and the data folder records where.
 */
export function takeSocket (data: string): string {
  dropSocket(data)
  const path = ownPath(data)
  if (path !== undefined) return path
  const elsewhere = join(mkdtempSync(join(process.env['XDG_RUNTIME_DIR'] ?? tmpdir(), 'shoal-')), SOCKET)
  writeFileSync(join(data, RECORD), elsewhere, { mode: 0o600 })
  return elsewhere
}

/** Removes what `takeSocket` made. */
export function dropSocket (data: string): void {
  if (process.platform === 'win32') return
  const path = findSocket(data)
  rmSync(path, { force: true })
  if (ownPath(data) !== undefined) return
  rmSync(join(data, RECORD), { force: true })
  if (path !== join(data, SOCKET)) rmSync(dirname(path), { recursive: true, force: true })
}

function ownPath (data: string): string | undefined {
  if (process.platform === 'win32') return `\\\\.\\pipe\\shoal-${createHash('sha256').update(data).digest('hex').slice(0, 32)}`
  const path = join(data, SOCKET)
  return Buffer.byteLength(path) <= SOCKET_PATH_BYTES ? path : undefined
}
