import { exporter, type UnixFSEntry } from 'ipfs-unixfs-exporter'
import { ConfigError, NotFoundError } from '@shoal/interface'
import type { CID } from 'multiformats/cid'
import { MAX_DEPTH } from './defaults.js'
import { fileBytes } from './file-bytes.js'
import type { GetBlock } from './get-block.js'

/** What lies at a path under a root: a file or a directory. @throws NotFoundError when there is nothing */
export async function look (root: CID, path: string, get: GetBlock, signal: AbortSignal): Promise<UnixFSEntry> {
  let entry = await entryOf(root, get, signal)
  for (const part of path.split('/').filter(part => part !== '')) {
    const child = entry.type === 'directory' ? await childOf(entry, part, signal) : undefined
    if (child === undefined) throw new NotFoundError(`no ${path} under ${root}`)
    entry = await entryOf(child, get, signal)
  }
  return entry
}

async function entryOf (cid: CID, get: GetBlock, signal: AbortSignal): Promise<UnixFSEntry> {
  const blocks = { async * get (cid: CID) { yield await get(cid, signal) } }
  return await exporter(cid, blocks as unknown as Parameters<typeof exporter>[1], { signal })
}

async function childOf (directory: UnixFSEntry & { type: 'directory' }, name: string, signal: AbortSignal): Promise<CID | undefined> {
  for await (const child of directory.entries({ signal })) if (child.name === name) return child.cid
  return undefined
}

export type FileNode = Extract<UnixFSEntry, { type: 'file' | 'raw' | 'identity' }>

export function isFile (entry: UnixFSEntry): entry is FileNode {
  return entry.type === 'file' || entry.type === 'raw' || entry.type === 'identity'
}

/** Bytes of a file in order, from `start` to `end` (exclusive). @throws ConfigError when it is a directory */
export async function * bytesOf (
  entry: UnixFSEntry, get: GetBlock, signal: AbortSignal, range: { start?: number | undefined, end?: number | undefined } = {}
): AsyncGenerator<Uint8Array> {
  if (!isFile(entry)) throw new ConfigError(`expected a file, got a ${entry.type}: name a file in it`)
  const size = Number(entry.size)
  const start = Math.min(range.start ?? 0, size)
  const end = Math.min(range.end ?? size, size)
  if (start < end) yield * fileBytes(entry.cid, start, end, get, signal)
}

/** All files under an entry with their paths in it; a single file gets `name`. */
export async function * filesOf (
  entry: UnixFSEntry, name: string, get: GetBlock, signal: AbortSignal, depth = 0
): AsyncGenerator<{ readonly path: string, readonly entry: FileNode }> {
  if (depth > MAX_DEPTH) throw new RangeError(`expected at most ${MAX_DEPTH} levels of directories`)
  if (isFile(entry)) {
    yield { path: name, entry }
    return
  }
  if (entry.type !== 'directory') throw new ConfigError(`expected files and directories, got a ${entry.type}`)
  for await (const child of entry.entries({ signal })) {
    const path = depth === 0 ? child.name : `${name}/${child.name}`
    yield * filesOf(await entryOf(child.cid, get, signal), path, get, signal, depth + 1)
  }
}
