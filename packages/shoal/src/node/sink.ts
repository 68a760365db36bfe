import { blockOffset } from '@shoal/content'
import type { Manifest, Segment, VerifiedBlock } from '@shoal/interface'
import type { FileReferenceStore, SinkFile } from '@shoal/store/node'
import type { FileSink, NodeStore } from '../platform.js'

interface Progress { readonly segment: Segment, readonly file: SinkFile, readonly has: boolean[], missing: number }

/** Files under `out`, or `out` itself for a single file. Each gets its final name as soon as it is complete. */
export function nodeSink (manifest: Manifest, store: NodeStore, out: string): FileSink {
  const files = (store as FileReferenceStore).sink({ out, kind: manifest.summary.kind })
  const segments = new Map<number, Progress>()

  return {
    has: (segment, block) => segments.get(segment)?.has[block] === true,

    async write (segment, block, verified: VerifiedBlock) {
      const progress = segments.get(segment)
      if (progress === undefined || progress.has[block] === true) return
      await progress.file.write(blockOffset(progress.segment, block), verified)
      progress.has[block] = true
      if (--progress.missing === 0) await progress.file.finish()
    },

    async resume (signal) {
      for await (const segment of manifest.segments(signal)) {
        const file = files.file(segment.path, segment.size)
        const blocks = Array.from({ length: segment.blocks }, (_, block) => manifest.block(segment.index, block))
        const has = await file.verifyExisting(blocks, { signal })
        const missing = has.filter(good => !good).length
        if (missing === 0 && !file.finished) await file.finish()
        segments.set(segment.index, { segment, file, has, missing })
      }
    },

    close: () => files.close()
  }
}
