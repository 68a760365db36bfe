/** The Node.js side: the relay of the pages, or a seeder that a page dials over WebRTC-Direct. */

import { readFile } from 'node:fs/promises'
import { createShoal } from 'shoal'
import { work } from '../support/worker.ts'
import { rawNode, rawSeed } from './raw.ts'

const DIRECT = '/ip4/127.0.0.1/udp/0/webrtc-direct'

work({
  async seed ({ file, folder, options }) {
    switch (options['end']) {
      case 'relay': {
        const { addrs } = await createShoal({ server: true, listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
        return { found: addrs[0] }
      }
      case 'shoal': {
        const shoal = await createShoal({ data: folder, listen: [DIRECT] })
        return { found: (await shoal.publish(file)).link }
      }
      default: {
        const node = await rawNode([DIRECT])
        await rawSeed(node, await readFile(file))
        return { found: node.getMultiaddrs().map(String)[0] }
      }
    }
  },

  fetch: () => Promise.reject(new Error('only pages fetch'))
})
