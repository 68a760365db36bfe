import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import { equalBytes } from '@shoal/base'
import { sha256 } from '@shoal/content'
import { StoreError, StoreFullError, type BlockRef } from '@shoal/interface'
import type { RecordingFolder } from '../live/recorder.js'

/** What is being written has this after its name, until it is complete. */
const PART_SUFFIX = '.shoal-part'

/** A folder that a live content is recorded into. Each file gets its name when all of it is there. */
export function recordingFolder (out: string): RecordingFolder {
  const root = resolve(out)
  const place = (path: string): string => {
    const file = resolve(root, join(...path.split('/')))
    if (!file.startsWith(root + sep)) throw new StoreError(`the path ${JSON.stringify(path)} does not lie inside ${root}`)
    if (file.endsWith(PART_SUFFIX)) throw new StoreError(`${file} ends in ${PART_SUFFIX}, which is kept for unfinished files`)
    return file
  }
  const whole = async (path: string, fill: (part: string) => Promise<void>): Promise<void> => {
    const file = place(path)
    try {
      await mkdir(dirname(file), { recursive: true })
      await fill(file + PART_SUFFIX)
      await rename(file + PART_SUFFIX, file)
    } catch (error) {
      await rm(file + PART_SUFFIX, { force: true }).catch(() => {})
      throw failure(error, file)
    }
  }
  return {
    async holds (path, blocks) {
      const file = place(path)
      const found = await stat(file).catch(() => undefined)
      if (found === undefined) return undefined
      return found.size === blocks.reduce((sum, { size = 0 }) => sum + size, 0) && await matches(file, blocks)
    },
    read: async path => await readFile(place(path), 'utf8').catch(() => undefined),
    write: async (path, text) => { await whole(path, async part => { await writeFile(part, text) }) },
    save: async (path, chunks) => {
      await whole(path, async part => {
        const handle = await open(part, 'w')
        try {
          for await (const chunk of chunks) await handle.writeFile(chunk)
        } finally {
          await handle.close()
        }
      })
    }
  }
}

async function matches (file: string, blocks: readonly BlockRef[]): Promise<boolean> {
  const handle = await open(file)
  try {
    let offset = 0
    for (const { digest, size = 0 } of blocks) {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(size), 0, size, offset)
      if (bytesRead !== size || !equalBytes(await sha256(buffer), digest)) return false
      offset += size
    }
    return true
  } finally {
    await handle.close()
  }
}

/** Of the disk, where it is its fault. */
function failure (error: unknown, file: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StoreFullError(`${file} cannot be written: the disk is full`, { cause: error })
  return code?.startsWith('E') === true && !code.startsWith('ERR_') ? new StoreError(`${file} cannot be written: ${message}`, { cause: error }) : error
}
