/** Shoal as anybody would run it: a data folder each, the file published where it lies, everything by default but for the address. */

import { join } from 'node:path'
import { createShoal } from 'shoal'
import { readFileChunks, work } from '../support/worker.ts'

const listen = (host = '127.0.0.1'): string[] => [`/ip4/${host}/tcp/0`]

work({
  async seed ({ file, folder, host }) {
    const shoal = await createShoal({ data: folder, listen: listen(host) })
    const { link, content } = await shoal.publish(file)
    return { found: link, traffic: () => content.stats }
  },

  async fetch ({ bytes, folder, host, options, found }) {
    const shoal = await createShoal({ data: folder, listen: listen(host), store: { quota: 2 * bytes } })
    // finds the seeder, connects and verifies the manifest
    const content = await shoal.open(found as string)
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
