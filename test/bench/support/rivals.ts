/** The rivals live in a folder of their own and are installed there when a bench first needs them. */

import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { progress } from './report.ts'

const folder = fileURLToPath(new URL('../rivals/', import.meta.url))

/** Installs what the lock file names, unless that is there. @throws Error when npm fails */
export async function installRivals (): Promise<void> {
  const lock = createHash('sha256').update(await readFile(`${folder}package-lock.json`)).digest('hex')
  const stamp = `${folder}node_modules/.installed`
  if (await readFile(stamp, 'utf8').catch(() => '') === lock) return
  progress('installing the rivals (npm ci), once …')
  const code = await new Promise<number | null>((resolve, reject) => {
    const child = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: folder,
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }
    })
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`the rivals could not be installed: npm ci in ${folder} exited with ${code}`)
  await writeFile(stamp, lock)
}

/** The version of an installed rival. */
export async function rivalVersion (name: string): Promise<string> {
  return await versionIn(`${folder}node_modules/${name}/package.json`)
}

/** The version of a package that the bench's own tree holds. */
export async function ownVersion (name: string): Promise<string> {
  return await versionIn(fileURLToPath(new URL(`../../../node_modules/${name}/package.json`, import.meta.url)))
}

async function versionIn (path: string): Promise<string> {
  return (JSON.parse(await readFile(path, 'utf8')) as { version: string }).version
}
