import { createReadStream } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { PublishError } from '@shoal/interface'
import type { LocalFile } from '../platform.js'

/** Large reads that are whole blocks spare the segmenter a copy. */
const READ_BYTES = 1024 * 1024

/** What lies at a path. Files whose names begin with a dot are left out, as is what is neither file nor folder; links are followed. */
export async function walk (path: string): Promise<{ path: string, name: string, kind: 'file' | 'directory', files: LocalFile[] }> {
  const root = resolve(path)
  try {
    const found = await stat(root)
    const name = basename(root)
    if (found.isFile()) return { path: root, name, kind: 'file', files: [local(root, name, found)] }
    if (!found.isDirectory()) throw new PublishError(`${root} is neither a file nor a folder`)
    const files: LocalFile[] = []
    await descend(root, root, new Set(), files)
    if (files.length === 0) throw new PublishError(`there is no file in ${root}`)
    return { path: root, name, kind: 'directory', files }
  } catch (error) {
    if (error instanceof PublishError) throw error
    throw new PublishError(`${root} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

async function descend (root: string, folder: string, above: ReadonlySet<string>, files: LocalFile[]): Promise<void> {
  const real = await realpath(folder)
  if (above.has(real)) throw new PublishError(`${folder} links to a folder that contains it`)
  for (const name of (await readdir(folder)).toSorted()) {
    if (name.startsWith('.')) continue
    const path = join(folder, name)
    const found = await stat(path)
    if (found.isDirectory()) await descend(root, path, new Set([...above, real]), files)
    else if (found.isFile()) files.push(local(path, path.slice(root.length + 1).split(sep).join('/'), found))
  }
}

function local (path: string, segment: string, { size, mtimeMs }: { size: number, mtimeMs: number }): LocalFile {
  return {
    path: segment,
    size,
    file: { path, mtimeMs },
    stream: signal => {
      return createReadStream(path, { highWaterMark: READ_BYTES, ...(signal === undefined ? {} : { signal }) }) as AsyncIterable<Uint8Array>
    }
  }
}
