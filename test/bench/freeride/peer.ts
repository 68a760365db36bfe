/** Shoal with an upload rate: a publisher, a contributor, or with a rate of 0 a free rider. */

import { join } from 'node:path'
import { createShoal } from 'shoal'
import { readFileChunks, work, type Job } from '../support/worker.ts'

/** How often it is looked whether the first block came. */
const LOOK_MS = 20

const start = ({ folder, host = '127.0.0.1', options: { rate } }: Job, quota?: number): ReturnType<typeof createShoal> => createShoal({
  data: folder,
  listen: [`/ip4/${host}/tcp/0`],
  upload: rate === undefined ? {} : { rate },
  store: quota === undefined ? {} : { quota }
})

work({
  async seed (job) {
    const shoal = await start(job)
    const { link, content } = await shoal.publish(job.file)
    return { found: link, traffic: () => content.stats }
  },

  async fetch (job) {
    const shoal = await start(job, 2 * job.bytes)
    const out = join(job.folder, 'out.bin')
    let firstBlock: number | undefined
    const open = (): ReturnType<typeof shoal.open> => shoal.open(job.found as string)
    // a newcomer begins with the link; the others know each other when the clock starts
    let content = job.options['newcomer'] === undefined ? await open() : undefined
    return {
      async fetch () {
        const began = performance.now()
        const timer = setInterval(() => {
          if ((content?.stats.fromPeers ?? 0) === 0) return
          firstBlock = (performance.now() - began) / 1000
          clearInterval(timer)
        }, LOOK_MS)
        content ??= await open()
        await content.save(out)
        clearInterval(timer)
      },
      result: () => readFileChunks(out),
      traffic: () => ({ uploaded: content?.stats.uploaded ?? 0, wasted: content?.stats.wasted ?? 0, firstBlock })
    }
  }
})
