/**
 * Shoal as somebody would change it who is out for an advantage: with several names on one uplink, for friends alone, or under a new name
 * again and again. What it needs of other programs is what Shoal says; only what it does itself is its own.
 */

import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Manifest } from '@shoal/interface'
import { createShoal, type Content, type Shoal } from 'shoal'
import { Choker } from '../../../packages/engine/dist/src/choker.js'
import { readFileChunks, work, type Fetching, type Job } from '../support/worker.ts'

/** Blocks that one name of several reads in one go. */
const PIECE_BLOCKS = 4
/** A new name again after this long: the turn of whoever was let in as a newcomer is over. */
const RENEW_MS = 10_000

interface Came {
  readonly shoal: Shoal
  readonly content: Content
}

function start ({ folder, host = '127.0.0.1', bytes, options: { rate } }: Job, name: number): Promise<Shoal> {
  return createShoal({
    data: join(folder, String(name)),
    listen: [`/ip4/${host}/tcp/0`],
    upload: rate === undefined ? {} : { rate },
    store: { quota: 2 * bytes }
  })
}

/** One more name. */
async function come (job: Job, name: number): Promise<Came> {
  const shoal = await start(job, name)
  return { shoal, content: await shoal.open(job.found as string) }
}

/** Names that divide the content, and when one is done help the others. Each gives as much as the option `rate` says. */
async function sybil (job: Job, out: string): Promise<Pick<Fetching, 'fetch'>> {
  const names = await Promise.all(Array.from({ length: Number(job.options['names']) }, async (_, name) => await come(job, name)))
  const { manifest } = (names[0] as Came).content as Content & { manifest: Manifest }
  const { path, index, blocks } = await manifest.segment(0)
  const pieces: { start: number, end: number, there: AbortController }[] = []
  for (let block = 0, start = 0; block < blocks; block += PIECE_BLOCKS) {
    const refs = Array.from({ length: Math.min(PIECE_BLOCKS, blocks - block) }, (_, i) => manifest.block(index, block + i))
    const end = refs.reduce((sum, { size = 0 }) => sum + size, start)
    pieces.push({ start, end, there: new AbortController() })
    start = end
  }
  return {
    async fetch () {
      const file = await open(out, 'w')
      const get = async (content: Content, { start, end, there }: typeof pieces[number]): Promise<void> => {
        const chunks: Uint8Array[] = []
        try {
          if (!there.signal.aborted) for await (const chunk of content.read(path, { start, end, signal: there.signal })) chunks.push(chunk)
        } catch (error) {
          if (!there.signal.aborted) throw error
        }
        if (there.signal.aborted) return
        there.abort()
        await file.write(Buffer.concat(chunks), 0, null, start)
      }
      await Promise.all(names.map(async ({ content }, name) => {
        await Promise.all(pieces.filter((_, i) => i % names.length === name).map(async piece => { await get(content, piece) }))
        await Promise.all(pieces.map(async piece => { await get(content, piece) }))
      }))
      await file.close()
    }
  }
}

/** Turns everybody away, as if it had no slot for them, but those at the addresses of the option `friends`. */
async function colluding (job: Job, out: string): Promise<Pick<Fetching, 'fetch'>> {
  const friends = (job.options['friends'] ?? '').split(',')
  const befriended = new Set<string>()
  const { choked } = Choker.prototype
  Choker.prototype.choked = function (peer) { return !befriended.has(peer) || choked.call(this, peer) }
  const shoal = await start(job, 0)
  shoal.addEventListener('peer:connect', ({ detail: { peer, addr } }) => {
    if (friends.some(friend => addr.startsWith(`/ip4/${friend}/`))) befriended.add(peer)
  })
  const content = await shoal.open(job.found as string)
  return { fetch: async () => { await content.save(out) } }
}

/** Goes on under a new name, as if it had nothing to do with the old one, with what that has fetched. It comes before the old one goes. */
async function whitewasher (job: Job, out: string): Promise<Pick<Fetching, 'fetch'>> {
  let names = 0
  let now = await come(job, names++)
  return {
    async fetch () {
      for (;;) {
        const [leaving, complete] = [new AbortController(), new AbortController()]
        const saving = now.content.save(out, { signal: leaving.signal }).then(() => true, (error: unknown) => {
          if (leaving.signal.aborted) return false
          throw error
        })
        const next = sleep(RENEW_MS, undefined, { signal: complete.signal }).then(async () => await come(job, names++), () => undefined)
        const came = await Promise.race([next, saving.then(() => undefined)])
        complete.abort()
        leaving.abort()
        if (await saving || came === undefined) return
        await now.shoal.stop()
        now = came
      }
    }
  }
}

const WAYS = { sybil, colluding, whitewasher }

work({
  seed () { throw new Error('a cunning peer publishes nothing') },

  async fetch (job) {
    const out = join(job.folder, 'out.bin')
    const way = WAYS[job.options['way'] as keyof typeof WAYS]
    return { ...await way(job, out), result: () => readFileChunks(out) }
  }
})
