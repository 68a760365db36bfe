/** Compilers and package managers of others, and where what they make is kept between runs. */

import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Made once, used by every later run; git does not see it. */
export const CACHE = fileURLToPath(new URL('../../.cache/interop/', import.meta.url))

export const at = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))

/** Whether a program is on this machine. */
export function has (program: string, ...args: readonly string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

/** Runs a program to its end. @throws Error with the end of what it said when it fails */
export async function run (
  program: string, args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}
): Promise<string> {
  mkdirSync(CACHE, { recursive: true })
  let said = ''
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`, ...env }
    })
    const keep = (chunk: Buffer): void => { said = (said + chunk.toString()).slice(-8_000) }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} in ${cwd} exited with ${code}\n${said}`)
  return said
}
