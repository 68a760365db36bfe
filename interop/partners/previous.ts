/** Earlier versions of Shoal itself, as frozen clients of their wire: there is one, the first. */

import { createHash } from 'node:crypto'
import { CID } from 'multiformats/cid'
import { openManifest, swarmIdOf, verifyBlock } from '@shoal/content'
import { expect } from '../../test/support/waiting.ts'
import { bare, hashOf, publishRandom, readHash } from '../support/contents.ts'
import { stopAll } from '../support/network-runs.ts'
import type { Partner } from '../support/partner.ts'
import { shoalNode } from '../support/shoals.ts'
import { WireOne } from '../previous/wire-1.ts'
import { bytesOf, readVectors, unhex } from '../vectors/read.ts'

const TITLE = 'Shoal 0.1'

export const previous: Partner = {
  name: 'previous',
  title: TITLE,
  quick: true,
  about: 'earlier versions of Shoal, as clients of the wire that they spoke',
  missing: () => undefined,
  prepare: async () => {},
  async run (cells) {
    await cells.check(TITLE, 'Node.js', 'exchange: they fetch from Shoal', async () => {
      const node = await shoalNode()
      const { manifest, sha256 } = await publishRandom(node, 600_000)
      const client = await WireOne.start()
      await client.connect(node.addrs[0] ?? '')
      const envelope = await client.enter(await swarmIdOf(manifest))
      let id = 0
      const load = async (ref: { readonly digest: Uint8Array }, at: number) =>
        await verifyBlock(ref, await client.ask(++id, 0xffff_ffff, at, Buffer.from(ref.digest).toString('hex')))
      const root = await load({ digest: CID.parse(manifest).multihash.digest }, 0)
      const opened = await openManifest({ root, envelope, load })
      const segment = await opened.segment(0)
      const hash = createHash('sha256')
      for (let block = 0; block < segment.blocks; block++) {
        hash.update(await client.ask(++id, 0, block, Buffer.from(opened.block(0, block).digest).toString('hex')))
      }
      expect(hash.digest('hex') === sha256, 'other bytes')
      await client.stop()
    })
    await cells.check(TITLE, 'Node.js', 'exchange: Shoal fetches from them', async () => {
      for (const { manifest, swarm, envelope, rootBlock, pages, files, segments } of readVectors('manifests').accepted) {
        const [file, more] = files
        if (file === undefined || more !== undefined) continue
        const bytes = bytesOf(file)
        const offsets = [0]
        for (const length of segments[0]?.lengths ?? []) offsets.push((offsets.at(-1) ?? 0) + length)
        const client = await WireOne.start()
        client.hold({
          swarm,
          envelope,
          block: (segment, block) => segment === 0 ? bytes.subarray(offsets[block], offsets[block + 1]) : block === 0 ? unhex(rootBlock) : unhex(pages[block - 1] ?? '')
        })
        const node = await shoalNode({ listen: [] })
        const content = await node.open(`${bare(`shoal:${manifest}`)}?addr=${encodeURIComponent(client.addr)}`)
        expect(await readHash(content, file.path) === hashOf(bytes), `other bytes of ${file.path}`)
        expect(client.goodbye === undefined, `Shoal said ${client.goodbye}`)
        await node.stop()
        await client.stop()
      }
    })
    await stopAll()
  }
}
