import * as fs from 'node:fs'
import type { FileIo } from '../packs/io.js'
import { lockFolder } from './lock.js'

const FLAGS = fs.constants.O_RDWR | fs.constants.O_CREAT

/** The file system of Node.js. */
export const nodeIo: FileIo = {
  async list (folder) {
    await fs.promises.mkdir(folder, { recursive: true })
    return await fs.promises.readdir(folder)
  },
  lock: async folder => lockFolder(folder),
  open: (path, done) => { fs.open(path, FLAGS, done) },
  write: fs.write,
  writev: fs.writev,
  read: fs.read,
  ftruncate: fs.ftruncate,
  close: fs.close
}
