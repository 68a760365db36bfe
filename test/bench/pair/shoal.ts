/** Shoal as anybody would run it: a data folder each, the file published where it lies, everything by default but for the address. */

import { join } from 'node:path'
import { createShoal } from 'shoal'
import { readFileChunks, work } from '../support/worker.ts'

const listen = (host = '127.0.0.1'): string[] => [`/ip4/${host}/tcp/0`]

work({
  async seed ({ file, folder, host, options: { warm } }) {
    const shoal = await createShoal({ data: folder, listen: listen(host) })
    const { link, root, content } = await shoal.publish(file)
    const first = warm === undefined ? undefined : (await shoal.publish(warm)).link
    return { found: { link, root, warm: first }, traffic: () => content.stats }
  },

  async fetch ({ bytes, folder, host, options, found }) {
    const { link, warm } = found as { link: string, warm?: string }
    const shoal = await createShoal({ data: folder, listen: listen(host), store: { quota: 2 * bytes } })
    if (warm !== undefined) await (await shoal.open(warm)).fetchAll()
    // finds the seeder, connects and verifies the manifest
    const content = await shoal.open(link)
    const out = join(folder, 'out.bin')
    return {
      async fetch () {
        if (options['into'] === 'file') await content.save(out)
        else await content.fetchAll()
      },
      result () {
        if (options['into'] === 'file') return readFileChunks(out)
        return stored()
      },
      traffic: () => content.stats
    }

    /** From the store: nobody else can give it any more once no peer may be asked. */
    async function * stored (): AsyncGenerator<Uint8Array> {
      const before = content.stats.fromPeers
      for await (const segment of content.segments()) yield * content.read(segment.path)
      if (content.stats.fromPeers !== before) throw new Error('not everything was in the store')
    }
  }
})
