/** What the worker is asked. Questions of one turn go in one message, and so do their answers: a message costs more than a small block. */
export type Question = { readonly id: number } & Asked

export type Asked =
  | { readonly what: 'list', readonly path: string }
  | { readonly what: 'open', readonly path: string }
  | { readonly what: 'write', readonly fd: number, readonly bytes: Uint8Array, readonly position: number }
  | { readonly what: 'read', readonly fd: number, readonly length: number, readonly position: number }
  | { readonly what: 'truncate', readonly fd: number, readonly length: number }
  | { readonly what: 'close', readonly fd: number }

export interface Answer {
  readonly id: number
  /** A file's number, or how many bytes were written or read. */
  readonly value?: number
  /** What was read: as long as was asked for, whatever `value` says. */
  readonly bytes?: Uint8Array
  readonly names?: string[]
  /** As Node.js names it where it has a name for it, else the exception's. */
  readonly code?: string
  readonly message?: string
}

/**
 * What runs in the worker, where alone the files of the origin-private file system may be read and written in place. A text, so that it is
 * in every bundle whatever made that, and no site has to serve another file. Files of a page that just went away stay locked for a moment.
 *
 * @see https://fs.spec.whatwg.org/#api-filesystemsyncaccesshandle
 */
export const OPFS_WORKER = `'use strict'
const CODES = { QuotaExceededError: 'ENOSPC', NotReadableError: 'EIO' }
const LOCKED = 'NoModificationAllowedError'
const files = []
async function folderOf (names) {
  let folder = await navigator.storage.getDirectory()
  for (const name of names) folder = await folder.getDirectoryHandle(name, { create: true })
  return folder
}
async function lockedFile (file) {
  for (let left = 100; ; left--) {
    try {
      return await file.createSyncAccessHandle()
    } catch (error) {
      if (error.name !== LOCKED || left === 0) throw error
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}
const work = {
  async list ({ path }) {
    const names = []
    for await (const name of (await folderOf(path.split('/'))).keys()) names.push(name)
    return { names }
  },
  async open ({ path }) {
    const names = path.split('/')
    const file = await (await folderOf(names.slice(0, -1))).getFileHandle(names.at(-1), { create: true })
    return { value: files.push(await lockedFile(file)) - 1 }
  },
  write ({ fd, bytes, position }) {
    const value = files[fd].write(bytes, { at: position })
    if (value === 0) throw new DOMException('not a byte was written', 'QuotaExceededError')
    return { value }
  },
  read ({ fd, length, position }) {
    const bytes = new Uint8Array(length)
    return { value: files[fd].read(bytes, { at: position }), bytes }
  },
  async truncate ({ fd, length }) { await files[fd].truncate(length) },
  async close ({ fd }) { await files[fd].close() }
}
onmessage = async ({ data: questions }) => {
  const answers = []
  const given = []
  for (const { id, what, ...question } of questions) {
    try {
      const answer = await work[what](question)
      answers.push({ id, ...answer })
      if (answer?.bytes !== undefined) given.push(answer.bytes.buffer)
    } catch (error) {
      answers.push({ id, code: CODES[error.name] ?? error.name, message: error.message })
    }
  }
  postMessage(answers, given)
}
`
