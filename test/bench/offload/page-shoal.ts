/** hls.js with Shoal, as the README has it: the node loads behind the player. */
import { createHlsLoader } from '@shoal/players/hls'
import Hls from 'hls.js'
import type { Shoal } from '@shoal/interface'
import { begin } from './begin.ts'
import { player } from './viewing.ts'

begin((viewing, video, config) => {
  const { base, swarm, meet } = config
  const told = {
    left: [] as string[],
    penalties: [] as string[],
    errors: [] as string[],
    fallbacks: [] as string[],
    /** Bytes by where they came from, and why. */
    reasons: {} as Record<string, number>,
    /** Bytes past Shoal. */
    straight: 0,
    /** When what happened, ms after the page opened: the node is there, a peer is, the content is open. */
    times: {} as Record<string, number>,
    /** What the origin gave, when, of what and why. */
    origin: [] as string[]
  }
  const at = (): number => Math.round(performance.now())
  const start = async (): Promise<Shoal> => {
    const { createShoal } = await import('shoal')
    told.times['begun'] = at()
    const node = await createShoal({ bootstrap: meet, share: false })
    told.times['node'] = at()
    const open = node.open.bind(node)
    node.open = async (...args) => {
      const content = await open(...args)
      told.times['open'] ??= at()
      return content
    }
    watch(node)
    return node
  }
  const loader = createHlsLoader(start, {
    link: swarm,
    base,
    media: video,
    onfallback: ({ path, from, to, reason, error }) => { told.fallbacks.push(`${at()} ${path}: ${from} to ${to}, ${reason} ${error?.message ?? ''}`) },
    onrequest: ({ via, type, bytes, path, ms }) => {
      if (via !== 'origin' || type !== 'fragment') return
      told.straight += bytes
      told.origin.push(`${at()} ${path}: past Shoal in ${Math.round(ms)} ms`)
    }
  })
  function watch (node: Shoal): void {
    node.addEventListener('peer:connect', ({ detail }) => { told.times[detail.transport] ??= at() })
    node.addEventListener('peer:penalty', ({ detail }) => { told.penalties.push(`${detail.reason} ${detail.detail}`) })
    node.addEventListener('peer:disconnect', ({ detail }) => { told.left.push(`${at()} ${detail.peer.slice(-4)}: ${detail.reason}`) })
    node.addEventListener('error', ({ detail }) => { told.errors.push(`${detail.doing}: ${detail.error.message}`) })
    node.addEventListener('segment', ({ detail }) => {
      for (const { kind, bytes } of detail.sources) {
        const key = `${kind} ${detail.reason}`
        told.reasons[key] = (told.reasons[key] ?? 0) + bytes
        if (kind === 'origin') told.origin.push(`${at()} ${detail.path}: ${bytes} of ${detail.bytes} in ${Math.round(detail.ms)} ms, ${detail.reason}`)
      }
    })
    viewing.told = () => ({ ...told, ...node.status.total, peers: node.status.peers.map(({ peer, transport }) => `${peer.slice(-4)} ${transport}`) })
  }
  viewing.play(new Hls({ ...player(config), ...loader }), Hls)
})
