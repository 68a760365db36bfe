import * as fs from 'node:fs'
import { DataInUseError, StoreError } from '@shoal/interface'
import { storeFailure } from '../packs/io.js'

const LOCK_NAME = 'lock'
const ATTEMPTS = 16

/**
 * Makes this process the only owner of a folder by a file `lock` in it that names the process. The lock of a process that is gone is taken
 * over. A process is known by its id and, where /proc tells, its start time: ids are soon used again in containers and after a reboot.
 * Returns what gives the folder back.
 *
 * @throws DataInUseError when a living process owns the folder
 */
export function lockFolder (folder: string): () => void {
  const path = `${folder}/${LOCK_NAME}`
  const self = `${process.pid} ${startOf(process.pid)}\n`
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      create(path, self)
      return () => { if (readIfThere(path) === self) fs.rmSync(path, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw storeFailure(error, `locking ${folder}`)
    }
    const owner = readIfThere(path)
    if (owner === undefined) continue
    if (isAlive(owner)) {
      throw new DataInUseError(`${folder} is in use by process ${owner.split(' ')[0] ?? '?'}; stop that process or choose another folder`)
    }
    takeAway(path, owner)
  }
  throw new StoreError(`cannot lock ${folder}: other processes keep creating and removing ${path}`)
}

/** A link, for it appears with its content in one step; where there are no links, a file. */
function create (path: string, content: string): void {
  const own = `${path}.${process.pid}`
  fs.writeFileSync(own, content)
  try {
    fs.linkSync(own, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw error
    fs.writeFileSync(path, content, { flag: 'wx' })
  } finally {
    fs.rmSync(own, { force: true })
  }
}

/** Removes a stale lock, but never one that another process put in its place since it was read. */
function takeAway (path: string, stale: string): void {
  const aside = `${path}.${process.pid}.stale`
  try {
    fs.renameSync(path, aside)
  } catch {
    // Another process was faster.
    return
  }
  if (fs.readFileSync(aside, 'utf8') !== stale) {
    try {
      fs.linkSync(aside, path)
    } catch {
      // A third process holds it by now.
    }
  }
  fs.rmSync(aside, { force: true })
}

function readIfThere (path: string): string | undefined {
  try {
    return fs.readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function isAlive (owner: string): boolean {
  const [, id, start] = /^([1-9][0-9]*) ([0-9]*)\n$/.exec(owner) ?? []
  if (id === undefined) return false
  try {
    process.kill(Number(id), 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return start === '' || start === startOf(Number(id))
}

/** Start time of a process in clock ticks since boot (proc_pid_stat(5), field 22); empty where there is no /proc. */
function startOf (pid: number): string {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
