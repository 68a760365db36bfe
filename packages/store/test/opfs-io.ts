import { DataInUseError } from '@shoal/interface'
import type { FileIo, IoError } from '../src/packs/io.js'

/** Runs in the worker: only there may files be opened for reading and writing in place. */
const SCRIPT = `
const files = []
const work = {
  async open ({ path }) {
    const names = path.split('/')
    let folder = await navigator.storage.getDirectory()
    for (const name of names.slice(0, -1)) folder = await folder.getDirectoryHandle(name, { create: true })
    return { value: files.push(await (await folder.getFileHandle(names.at(-1), { create: true })).createSyncAccessHandle()) - 1 }
  },
  write: ({ fd, bytes, position }) => ({ value: files[fd].write(bytes, { at: position }) }),
  read ({ fd, length, position }) {
    const bytes = new Uint8Array(length)
    return { value: files[fd].read(bytes, { at: position }), bytes }
  },
  truncate: ({ fd, length }) => ({ value: files[fd].truncate(length) }),
  close: ({ fd }) => ({ value: files[fd].close() })
}
onmessage = async ({ data }) => {
  try {
    const { value, bytes } = await work[data.what](data)
    postMessage({ id: data.id, value, bytes }, bytes === undefined ? [] : [bytes.buffer])
  } catch (error) {
    postMessage({ id: data.id, code: error.name === 'QuotaExceededError' ? 'ENOSPC' : error.name, message: error.message })
  }
}
`

interface Answer {
  readonly id: number
  readonly value: number
  readonly bytes?: Uint8Array
  readonly code?: string
  readonly message?: string
}

type Done = (error: IoError | null, answer: Answer) => void

/** The origin-private file system, by way of a worker. One page at a time can have a file open. */
export function opfsIo (): FileIo {
  const worker = new Worker(URL.createObjectURL(new Blob([SCRIPT], { type: 'text/javascript' })))
  const waiting = new Map<number, Done>()
  let lastId = 0
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const done = waiting.get(data.id)
    waiting.delete(data.id)
    done?.(data.code === undefined ? null : Object.assign(new Error(data.message), { code: data.code }), data)
  }
  const ask = (question: object, done: Done): void => {
    waiting.set(++lastId, done)
    worker.postMessage({ ...question, id: lastId })
  }
  return {
    async list (path) {
      let folder = await navigator.storage.getDirectory()
      for (const name of path.split('/')) folder = await folder.getDirectoryHandle(name, { create: true })
      const names: string[] = []
      for await (const name of folder.keys()) names.push(name)
      return names
    },
    async lock (path) {
      const { promise: held, resolve: give } = Promise.withResolvers<undefined>()
      const { promise, resolve, reject } = Promise.withResolvers<() => void>()
      navigator.locks.request(path, { ifAvailable: true }, async lock => {
        if (lock === null) throw new DataInUseError(`${path} is in use by another page`)
        resolve(() => { give(undefined) })
        await held
      }).catch(reject)
      return await promise
    },
    open: (path, done) => { ask({ what: 'open', path }, (error, { value }) => { done(error, value) }) },
    write (fd, bytes, offset, length, position, done) {
      ask({ what: 'write', fd, bytes: bytes.slice(offset, offset + length), position }, (error, { value }) => { done(error, value) })
    },
    read (fd, bytes, offset, length, position, done) {
      ask({ what: 'read', fd, length, position }, (error, { value, bytes: read }) => {
        if (read !== undefined) bytes.set(read.subarray(0, value), offset)
        done(error, value)
      })
    },
    ftruncate: (fd, length, done) => { ask({ what: 'truncate', fd, length }, error => { done(error) }) },
    close: (fd, done) => { ask({ what: 'close', fd }, error => { done(error) }) }
  }
}
