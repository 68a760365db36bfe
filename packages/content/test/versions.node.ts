import { expect } from 'chai'
import { concat, toHex } from '@shoal/base'
import { blockRefs, type SegmentedFile } from '../src/segment-files.js'
import { entryOf, randomBytes, segmentAll } from './helpers.js'

const MIB = 1024 * 1024

describe('versions of a file', () => {
  it('share nearly all blocks: 1 KiB at the front of 100 MiB', async function () {
    this.timeout(60_000)
    const first = randomBytes(100 * MIB)
    const digests = async (bytes: Uint8Array): Promise<string[]> => {
      const [file] = await segmentAll([{ ...entryOf('disk.img', bytes, MIB), cutting: { method: 'content' } }])
      return blockRefs(file as SegmentedFile).map(({ digest }) => toHex(digest))
    }
    const known = new Set(await digests(first))
    const second = await digests(concat([randomBytes(1_024, 9), first]))
    const shared = second.filter(digest => known.has(digest)).length
    expect(shared / second.length).to.be.at.least(0.97)
  })
})
