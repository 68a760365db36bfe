import { createHash, randomFillSync } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Source } from './contender.ts'

const CHUNK_BYTES = 4 * 1024 * 1024

const folders = new Set<string>()

/** A new folder that goes with the run. */
export async function temporaryFolder (): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-'))
  folders.add(folder)
  return folder
}

export async function removeFolders (): Promise<void> {
  await Promise.all([...folders].map(folder => rm(folder, { recursive: true, force: true, maxRetries: 3 })))
  folders.clear()
}

/** A file of random bytes. */
export async function randomFile (path: string, bytes: number): Promise<Source> {
  const hash = createHash('sha256')
  const file = await open(path, 'wx')
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (let written = 0; written < bytes; written += chunk.byteLength) {
    const part = randomFillSync(chunk).subarray(0, bytes - written)
    hash.update(part)
    await file.writeFile(part)
  }
  await file.close()
  return { file: path, bytes, digest: hash.digest('hex') }
}
