/** One process with real Shoal nodes, told by messages what to do. The first node is the one that is measured. */

import { setTimeout as sleep } from 'node:timers/promises'
import { createShoal, type Content, type Shoal } from 'shoal'
import type { Answer, Commands, Question, Sample } from './commands.ts'

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const SAMPLE_MS = 250
/** Nodes that join at the same time: more only make each other wait. */
const JOINING = 5

const nodes: Shoal[] = []
const samples: Sample[] = []

const commands: Commands = {
  async start (data) {
    nodes.push(await createShoal({ data, listen: [LOOPBACK] }))
  },

  async publish (file) {
    const { link, content } = await first().publish(file)
    watch(() => content.stats.uploaded)
    return link
  },

  async save (link, out) {
    const content = await first().open(link)
    watch(() => content.stats.fromPeers)
    await content.save(out)
  },

  async join (link, count) {
    for (let left = count; left > 0; left -= JOINING) {
      await Promise.all(Array.from({ length: Math.min(left, JOINING) }, async () => {
        const node = await createShoal({ listen: [] })
        nodes.push(node)
        const content: Content = await node.open(link)
        await content.fetchAll()
      }))
    }
  },

  async samples () {
    return samples
  },

  async rss () {
    return process.memoryUsage.rss()
  },

  async peers (count) {
    while (first().status.peers.length < count) await sleep(100)
  }
}

function first (): Shoal {
  const [node] = nodes
  if (node === undefined) throw new Error('no node was started')
  return node
}

function watch (bytes: () => number): void {
  setInterval(() => { samples.push({ bytes: bytes(), rss: process.memoryUsage.rss() }) }, SAMPLE_MS).unref()
}

process.on('message', ({ id, command, args }: Question) => {
  const answer = (rest: Omit<Answer, 'id'>): void => { process.send?.({ id, ...rest } satisfies Answer) }
  const run = commands[command] as (...args: unknown[]) => Promise<unknown>
  run(...args).then(
    value => { answer({ value }) },
    (error: unknown) => { answer({ error: String(error instanceof Error ? error.stack : error) }) }
  )
})
process.on('disconnect', () => { process.exit() })
// a parent that is interrupted ends its children itself
process.on('SIGINT', () => {})
