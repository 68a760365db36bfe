/** The stores of a page, each for itself. */

import type { BlockStore } from '@shoal/interface'
import type { BrowserStoreInit } from '../src/browser/browser-store.js'
import { DatabaseMedium } from '../src/browser/database-medium.js'
import { OpfsMedium } from '../src/browser/opfs-medium.js'
import { MediumStore } from '../src/medium-store.js'

/** In IndexedDB. */
export function databaseStore (init: BrowserStoreInit): BlockStore {
  return new MediumStore(new DatabaseMedium(init.name, init), init)
}

/** In packs in the origin-private file system. */
export function opfsStore (init: BrowserStoreInit): BlockStore {
  return new MediumStore(new OpfsMedium(init.name, init), init)
}

/** Bytes of all blocks that lie in a database, as the quota counts them; −1 when there is no such database. */
export async function bytesInDatabase (name: string): Promise<number> {
  if (!(await indexedDB.databases()).some(database => database.name === name)) return -1
  const database = await done(indexedDB.open(name)) as IDBDatabase
  const keys = await done(database.transaction('blocks').objectStore('blocks').getAllKeys()) as string[]
  database.close()
  return keys.reduce((sum, key) => sum + Math.ceil(Number(key.split('.')[1]) / 4096) * 4096, 0)
}

/** Bytes of all packs in a folder, free slots included; −1 when there is no such folder. */
export async function bytesInPacks (name: string): Promise<number> {
  let sum = 0
  try {
    const folder = await (await (await navigator.storage.getDirectory()).getDirectoryHandle(name)).getDirectoryHandle('packs')
    for await (const file of folder.values()) {
      if (file.kind === 'file' && file.name.endsWith('k')) sum += (await (file as FileSystemFileHandle).getFile()).size
    }
  } catch (error) {
    if (!(error instanceof DOMException && error.name === 'NotFoundError')) throw error
    return -1
  }
  return sum
}

export async function removeDatabase (name: string): Promise<void> {
  await done(indexedDB.deleteDatabase(name))
}

export async function removePacks (name: string): Promise<void> {
  await (await navigator.storage.getDirectory()).removeEntry(name, { recursive: true })
}

export function done (request: IDBRequest): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => { resolve(request.result) }
    request.onerror = () => { reject(request.error as DOMException) }
  })
}
