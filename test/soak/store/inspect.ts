/** What must be true of a store whose process was killed. */

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BlockRef, StoreEvent } from '@shoal/interface'
import { fileStore } from '@shoal/store/node'
import { decodeRecord, RECORD_BYTES } from '../../../packages/store/dist/src/packs/slot-record.js'

const PAGE_BYTES = 4096

export interface Found {
  readonly blocks: number
  readonly bytes: number
  readonly faults: readonly string[]
}

/** Opens what was left, reads every block of it, and closes it again. */
export async function inspect (folder: string, quota: number): Promise<Found> {
  const faults: string[] = []
  const store = fileStore({ path: folder, quota })
  const events: StoreEvent[] = []
  store.onevent = event => { events.push(event) }
  await store.open()
  const packs = join(folder, 'packs')
  const names = await readdir(packs)
  const held: BlockRef[] = []
  let length = 0
  for (const name of names.filter(name => name.endsWith('k'))) {
    length += (await stat(join(packs, name))).size
    held.push(...await records(join(packs, `${name}.index`)))
  }
  const bytes = held.reduce((sum, { size = 0 }) => sum + Math.ceil(size / PAGE_BYTES) * PAGE_BYTES, 0)
  if (store.used !== bytes) faults.push(`${store.used} bytes are accounted for, ${bytes} are there`)
  if (bytes > quota || length > quota) faults.push(`${bytes} bytes in files of ${length} are more than the ${quota} allowed`)
  for (const ref of held) {
    if (await store.get(ref) === undefined) faults.push(`a block of ${ref.size ?? 0} bytes is accounted for and cannot be had`)
  }
  for (const event of events) if (event.type !== 'evicted') faults.push(`the store reported ${event.type}`)
  await store.close()
  return { blocks: held.length, bytes, faults }
}

async function records (index: string): Promise<BlockRef[]> {
  const bytes = await readFile(index)
  const found: BlockRef[] = []
  for (let at = 0; at < bytes.byteLength; at += RECORD_BYTES) {
    const record = decodeRecord(bytes.subarray(at, at + RECORD_BYTES))
    if (record !== undefined) found.push(record)
  }
  return found
}
