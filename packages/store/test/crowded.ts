/**
 * A process that may make no file longer than so much: puts pinned blocks into the store in the folder that it is told until one is
 * refused, and prints what came of it.
 */
import * as path from 'node:path'
import type { VerifiedBlock } from '@shoal/interface'
import { fileStore } from '../src/node.js'
import { block, failure } from './blocks.js'
import { records } from './packs.js'

const folder = process.argv[2] as string
const store = fileStore({ path: folder, quota: Infinity })
await store.open()
const held: VerifiedBlock[] = []
const error = await failure((async () => {
  for (let i = 0; ; i++) {
    const each = await block(i, 200_000)
    store.pin(each.digest)
    await store.put(each)
    held.push(each)
  }
})())
const given = (await Promise.all(held.map(each => store.get(each)))).filter(each => each !== undefined).length
await store.close()
const recorded = (await records(path.join(folder, 'packs/196k.index'))).length
process.stdout.write(JSON.stringify({ error: error.name, held: held.length, given, recorded }))
