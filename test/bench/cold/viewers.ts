/** Several viewers in one process, each a node of its own: they get ready, and open the film when told to. */

import { createShoal } from 'shoal'
import type { Shoal } from '@shoal/interface'
import { watch, type Film, type Playback } from '../support/player.ts'

export interface Start {
  readonly do: 'start'
  readonly viewers: number
  readonly bootstrap: readonly string[]
}

export interface Play {
  readonly do: 'play'
  readonly over: 'shoal' | 'origin'
  readonly link: string
  readonly origin: string
  readonly film: Film
}

export interface View extends Playback {
  readonly fromPeers: number
  readonly fromOrigin: number
  readonly wasted: number
  /** Bytes of segments by the reason that the origin was asked. */
  readonly reasons: Readonly<Record<string, number>>
}

export type Reply = { readonly ready: true } | { readonly views: readonly View[] } | { readonly error: string }

let nodes: Shoal[] = []

async function start ({ viewers, bootstrap }: Start): Promise<Reply> {
  nodes = await Promise.all(Array.from({ length: viewers }, () => createShoal({ listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap: [...bootstrap] })))
  return { ready: true }
}

async function view (node: Shoal, { over, link, origin, film }: Play): Promise<View> {
  if (over === 'origin') {
    const playback = await watch(film, async path => { await (await fetch(new URL(path, origin))).arrayBuffer() })
    return { ...playback, fromPeers: 0, fromOrigin: 0, wasted: 0, reasons: {} }
  }
  const reasons: Record<string, number> = {}
  node.addEventListener('segment', ({ detail }) => {
    for (const { kind, bytes } of detail.sources) if (kind === 'origin') reasons[detail.reason] = (reasons[detail.reason] ?? 0) + bytes
  })
  // the clock starts before the link is opened, as it does for whoever clicks on it
  const opening = node.open(link, { origins: [origin] })
  const playback = await watch(film, async (path, deadline) => {
    for await (const chunk of (await opening).read(path, { deadline })) void chunk
  })
  const { fromPeers, fromOrigin, wasted } = (await opening).stats
  return { ...playback, fromPeers, fromOrigin, wasted, reasons }
}

process.on('message', (order: Start | Play) => {
  const work = order.do === 'start' ? start(order) : Promise.all(nodes.map(node => view(node, order))).then(views => ({ views }))
  work.then(
    reply => { process.send?.(reply) },
    (error: unknown) => { process.send?.({ error: String(error instanceof Error ? error.stack : error) }) }
  )
})
process.on('disconnect', () => { process.exit() })
process.on('SIGINT', () => {})
