import { uncleared } from '@shoal/base'
import { StoreError, StoreFullError } from '@shoal/interface'

/** `code` as Node.js names it: `ENOSPC`, `EACCES`. */
export type IoError = Error & { readonly code?: string | undefined }

/**
 * The file operations that a store costs, of Node.js or of anything that has files; tests replace them by failing ones. For those that a
 * block costs callbacks, for promises and `FileHandle` cost twice the time.
 */
export interface FileIo {
  /** Names of the files in a folder, which is made when it is not there. */
  list: (folder: string) => Promise<string[]>
  /** Makes this process the only owner of a folder; returns what gives it back. @throws DataInUseError */
  lock: (folder: string) => Promise<() => void>
  /** A file for reading and writing anywhere in it, made when it is not there. */
  open: (path: string, done: (error: IoError | null, fd: number) => void) => void
  write: (fd: number, bytes: Uint8Array, offset: number, length: number, position: number,
    done: (error: IoError | null, written: number) => void) => void
  /** Several pieces one behind the other: fewer than all may get there. Without it each is written for itself. */
  writev?: ((fd: number, pieces: readonly Uint8Array[], position: number,
    done: (error: IoError | null, written: number) => void) => void) | undefined
  read: (fd: number, bytes: Uint8Array, offset: number, length: number, position: number,
    done: (error: IoError | null, read: number) => void) => void
  ftruncate: (fd: number, length: number, done: (error: IoError | null) => void) => void
  close: (fd: number, done: (error: IoError | null) => void) => void
}

export function openFile (io: FileIo, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    io.open(path, (error, fd) => { if (error === null) resolve(fd); else reject(error) })
  })
}

/** Writes all of `bytes`. Not flushed: after a power failure it may be torn, which whoever reads it has to notice. */
export function writeAt (io: Pick<FileIo, 'write'>, fd: number, bytes: Uint8Array, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const write = (from: number): void => {
      io.write(fd, bytes, from, bytes.byteLength - from, position + from, (error, written) => {
        if (error !== null) reject(error)
        else if (from + written < bytes.byteLength) write(from + written)
        else resolve()
      })
    }
    write(0)
  })
}

/** `size` bytes, fewer when the file ends before. */
export function readAt (io: FileIo, fd: number, size: number, position: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const bytes = uncleared(size)
    const read = (from: number): void => {
      io.read(fd, bytes, from, size - from, position + from, (error, count) => {
        if (error !== null) reject(error)
        else if (count > 0 && from + count < size) read(from + count)
        else resolve(from + count === size ? bytes : bytes.subarray(0, from + count))
      })
    }
    read(0)
  })
}

export function truncate (io: FileIo, fd: number, length: number): Promise<void> {
  return new Promise((resolve, reject) => {
    io.ftruncate(fd, length, error => { if (error === null) resolve(); else reject(error) })
  })
}

/** What an error on closing would say is found when the bytes are read. */
export function closeFile (io: FileIo, fd: number): Promise<void> {
  return new Promise(resolve => { io.close(fd, () => { resolve() }) })
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** The typed error for a failure of the medium. `doing` reads as in "writing /a/b". */
export function storeFailure (error: unknown, doing: string): StoreError | StoreFullError {
  if (error instanceof StoreError || error instanceof StoreFullError) return error
  const { code, message } = error as IoError
  if (code !== undefined && FULL.has(code)) {
    return new StoreFullError(`no room left on the disk (${code}) while ${doing}; free some space or choose another disk`, { cause: error })
  }
  return new StoreError(`failed while ${doing}: ${message}`, { cause: error })
}
