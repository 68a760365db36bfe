/** Shoal nodes that each open a content of their own: all have one connection, and nobody tells them of others. */

import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { createShoal } from 'shoal'
import { work } from '../support/worker.ts'
import { SETTLE_MS } from './settle.ts'

work({
  async seed ({ file, options }) {
    const node = await createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'] })
    const bytes = await readFile(file)
    const links: string[] = []
    for (let i = 0; i < Number(options['connections']); i++) {
      links.push((await node.publishBytes(new Map([[`${i}.bin`, bytes]]), { name: `content ${i}` })).link)
    }
    return { found: links }
  },

  async fetch ({ found }) {
    const links = found as readonly string[]
    const nodes = await Promise.all(links.map(async link => ({ link, node: await createShoal({ listen: [] }) })))
    return {
      async fetch () {
        for (const { node, link } of nodes) await node.open(link)
        await sleep(SETTLE_MS)
      },
      result: () => undefined
    }
  }
})
