import { createHash } from 'node:crypto'
import { open, readdir, realpath, stat, type FileHandle } from 'node:fs/promises'
import { basename, join, resolve, sep } from 'node:path'
import { uncleared } from '@shoal/base'
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
    hasher: () => createHash('sha256'),
    stream: (signal, lent = false) => read(path, Math.max(1, Math.min(size, READ_BYTES)), signal, lent)
  }
}

/** The bytes of a file, `length` at a time; the next are on their way while these are worked on. */
async function * read (path: string, length: number, signal: AbortSignal | undefined, lent: boolean): AsyncGenerator<Uint8Array> {
  const file = await open(path)
  let [coming, spare] = [ahead(file, uncleared(length)), uncleared(length)]
  try {
    for (;;) {
      signal?.throwIfAborted()
      const { bytesRead, buffer } = await coming
      if (bytesRead === 0) return
      coming = ahead(file, spare)
      yield buffer.subarray(0, bytesRead)
      spare = lent ? buffer : uncleared(length)
    }
  } finally {
    // a buffer that is being read into must not outlive its file
    await coming.catch(() => {})
    await file.close()
  }
}

function ahead (file: FileHandle, buffer: Uint8Array<ArrayBuffer>): Promise<{ bytesRead: number, buffer: Uint8Array<ArrayBuffer> }> {
  const coming = file.read(buffer, 0, buffer.byteLength)
  // who waits for it sees a failure; nobody may
  coming.catch(() => {})
  return coming
}
