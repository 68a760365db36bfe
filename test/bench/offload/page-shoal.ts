/** hls.js with Shoal, as the README has it: the node loads behind the player. */
import { createHlsLoader } from '@shoal/players/hls'
import Hls from 'hls.js'
import type { Shoal } from '@shoal/interface'
import { begin } from './begin.ts'
import { PLAYER } from './viewing.ts'

begin((viewing, video, { base, swarm, meet }) => {
  const told = {
    left: [] as string[],
    penalties: [] as string[],
    errors: [] as string[],
    fallbacks: [] as string[],
    /** Bytes by where they came from, and why. */
    reasons: {} as Record<string, number>,
    /** Bytes past Shoal. */
    straight: 0
  }
  const start = async (): Promise<Shoal> => {
    const { createShoal } = await import('shoal')
    const node = await createShoal({ bootstrap: meet, share: false })
    watch(node)
    return node
  }
  const loader = createHlsLoader(start, {
    link: swarm,
    base,
    media: video,
    onfallback: ({ path, from, to, reason, error }) => { told.fallbacks.push(`${Math.round(performance.now())} ${path}: ${from} to ${to}, ${reason} ${error?.message ?? ''}`) },
    onrequest: ({ via, type, bytes }) => { if (via === 'origin' && type === 'fragment') told.straight += bytes }
  })
  function watch (node: Shoal): void {
    node.addEventListener('peer:penalty', ({ detail }) => { told.penalties.push(`${detail.reason} ${detail.detail}`) })
    node.addEventListener('peer:disconnect', ({ detail }) => { told.left.push(`${Math.round(performance.now())} ${detail.peer.slice(-4)}: ${detail.reason}`) })
    node.addEventListener('error', ({ detail }) => { told.errors.push(`${detail.doing}: ${detail.error.message}`) })
    node.addEventListener('segment', ({ detail }) => {
      for (const { kind, bytes } of detail.sources) {
        const key = `${kind} ${detail.reason}`
        told.reasons[key] = (told.reasons[key] ?? 0) + bytes
      }
    })
    viewing.told = () => ({ ...told, ...node.status.total, peers: node.status.peers.map(({ peer, transport }) => `${peer.slice(-4)} ${transport}`) })
  }
  viewing.play(new Hls({ ...PLAYER, ...loader }), Hls)
})
