import * as fs from 'node:fs/promises'
import type { BlockRef } from '@shoal/interface'
import { decodeRecord, RECORD_BYTES } from '../src/packs/slot-record.js'

/** What the index of a pack says, slot by slot, free ones left out. */
export async function records (index: string): Promise<BlockRef[]> {
  const bytes = await fs.readFile(index)
  const found: BlockRef[] = []
  for (let at = 0; at < bytes.byteLength; at += RECORD_BYTES) {
    const record = decodeRecord(bytes.subarray(at, at + RECORD_BYTES))
    if (record !== undefined) found.push(record)
  }
  return found
}
