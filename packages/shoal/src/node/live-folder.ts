import { watch } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve, sep } from 'node:path'
import { PublishError } from '@shoal/interface'
import { MAX_LIVE_FILE_BYTES, type LiveSource } from '../live/source.js'

/** A presentation that is written into a folder: every playlist in it, or the one that was named. */
export async function liveFolder (path: string): Promise<{ name: string, source: LiveSource }> {
  const root = resolve(path)
  const found = await stat(root).catch((error: unknown) => {
    throw new PublishError(`${root} cannot be read: ${(error as Error).message}`, { cause: error })
  })
  const folder = found.isDirectory() ? root : dirname(root)
  const only = found.isDirectory() ? undefined : basename(root)
  return {
    name: basename(folder),
    source: {
      async playlists () {
        if (only !== undefined) return [encode(only)]
        const names = await readdir(folder, { recursive: true })
        return names.filter(name => /\.(?:m3u8|mpd)$/i.test(name)).map(name => encode(name.split(sep).join('/'))).toSorted()
      },

      async read (uri) {
        const file = join(folder, ...(uri.split('?')[0] as string).split('/').map(decodeURIComponent))
        try {
          const { size } = await stat(file)
          if (size > MAX_LIVE_FILE_BYTES) throw new PublishError(`${file} has more than ${MAX_LIVE_FILE_BYTES} bytes`)
          return await readFile(file)
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
          throw error instanceof PublishError ? error : new PublishError(`${file} cannot be read: ${(error as Error).message}`, { cause: error })
        }
      },

      watch (changed) {
        try {
          const watcher = watch(folder, { persistent: false, recursive: true }, () => { changed() })
          // where the system has no more watches to give, looking from time to time has to do
          watcher.on('error', () => { watcher.close() })
          return () => { watcher.close() }
        } catch {
          return () => {}
        }
      }
    }
  }
}

function encode (path: string): string {
  return path.split('/').map(encodeURIComponent).join('/')
}
