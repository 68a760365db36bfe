import type { FileIo, IoError } from '../packs/io.js'
import { OPFS_WORKER, type Answer, type Asked, type Question } from './opfs-worker.js'

type Done = (error: IoError | null, answer: Answer) => void

const NO_ANSWER: Answer = { id: 0 }

/** Files of the origin-private file system, by way of a worker that starts with the first question. */
export interface OpfsIo extends FileIo {
  /** Ends the worker: no file is open any more. The next question starts another one. */
  end (): void
}

/** Whoever opens a file is to hold a lock: a second one waits for the first, and fails after some seconds. */
export function opfsIo (): OpfsIo {
  const waiting = new Map<number, Done>()
  /** Asked in this turn. */
  let questions: Question[] = []
  let given: Transferable[] = []
  let worker: Worker | undefined
  let lastId = 0

  const end = (message = 'its worker was ended'): void => {
    worker?.terminate()
    worker = undefined
    questions = []
    given = []
    const left = [...waiting.values()]
    waiting.clear()
    for (const done of left) done(Object.assign(new Error(message), { code: 'ECANCELED' }), NO_ANSWER)
  }

  const start = (): Worker => {
    const url = URL.createObjectURL(new Blob([OPFS_WORKER], { type: 'text/javascript' }))
    try {
      const started = new Worker(url)
      started.onmessage = ({ data }: MessageEvent<readonly Answer[]>) => {
        for (const answer of data) {
          const { id, code, message } = answer
          const done = waiting.get(id)
          waiting.delete(id)
          done?.(code === undefined ? null : Object.assign(new Error(message), { code }), answer)
        }
      }
      // What keeps it from starting is seldom told: most often a content security policy without "worker-src blob:".
      started.onerror = ({ message }) => { end(`the worker failed or may not start: ${message ?? 'the page\'s policy may forbid it'}`) }
      return started
    } finally {
      URL.revokeObjectURL(url)
    }
  }

  const send = (): void => {
    if (questions.length === 0) return
    try {
      worker ??= start()
      worker.postMessage(questions, given)
      questions = []
      given = []
    } catch (error) {
      end((error as Error).message)
    }
  }

  const ask = (asked: Asked, done: Done, buffer?: ArrayBuffer): void => {
    const id = ++lastId
    waiting.set(id, done)
    if (questions.push({ id, ...asked }) === 1) queueMicrotask(send)
    if (buffer !== undefined) given.push(buffer)
  }

  return {
    list: path => new Promise((resolve, reject) => {
      ask({ what: 'list', path }, (error, { names = [] }) => { if (error === null) resolve(names); else reject(error) })
    }),
    lock: async () => () => {},
    open: (path, done) => { ask({ what: 'open', path }, (error, { value = -1 }) => { done(error, value) }) },
    write (fd, bytes, offset, length, position, done) {
      const copy = bytes.slice(offset, offset + length)
      ask({ what: 'write', fd, bytes: copy, position }, (error, { value = 0 }) => { done(error, value) }, copy.buffer)
    },
    read (fd, bytes, offset, length, position, done) {
      ask({ what: 'read', fd, length, position }, (error, { value = 0, bytes: read }) => {
        if (read !== undefined) bytes.set(read.subarray(0, value), offset)
        done(error, value)
      })
    },
    ftruncate: (fd, length, done) => { ask({ what: 'truncate', fd, length }, error => { done(error) }) },
    close: (fd, done) => { ask({ what: 'close', fd }, error => { done(error) }) },
    end: () => { end() }
  }
}
