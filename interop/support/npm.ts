/** Partners from npm, each in a folder of its own under `interop/peers`, installed there on the first use. */

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { PeerProcess } from './peer.ts'
import { at, run } from './tools.ts'

/** Installs what the lock file names, unless that is there. @throws Error when npm fails */
export async function install (name: string): Promise<void> {
  const folder = at(`peers/${name}`)
  const lock = createHash('sha256').update(await readFile(`${folder}/package-lock.json`)).digest('hex')
  const stamp = `${folder}/node_modules/.installed`
  if (await readFile(stamp, 'utf8').catch(() => '') === lock) return
  await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], folder)
  await writeFile(stamp, lock)
}

export async function startPeer (name: string, config: object): Promise<PeerProcess> {
  return await PeerProcess.start(name, process.execPath, ['--disable-warning=ExperimentalWarning', at(`peers/${name}/peer.ts`), JSON.stringify(config)])
}
