import { expect } from 'chai'
import { ManualClock, seededRandom } from '@shoal/base'
import { createSwarm, type OriginLink, type PeerLink, type Swarm, type SwarmAction, type SwarmInit } from '../src/index.js'
import { BLOCK_BYTES } from './model.js'
import { testHaves } from './haves.js'

export const BLOCKS = 16

type Options = {
  mode?: SwarmInit['mode'], origin?: OriginLink | undefined, expecting?: number, links?: Record<string, Partial<PeerLink>>, near?: string[],
  pushes?: boolean, self?: string
}

export interface Setup {
  readonly clock: ManualClock
  readonly swarm: Swarm
  readonly act: () => SwarmAction[]
  readonly join: (peer: string, full?: boolean) => void
  readonly arrive: (segment: number, block: number, from: string) => void
  readonly links: Map<string, { window: number, outstanding: number, rate: number, rtt: number | undefined }>
  readonly held: Map<string, ReturnType<typeof testHaves>>
  readonly have: ReturnType<typeof testHaves>
}

/** One swarm whose actions show in `links` at once. */
export function setup (options: Options = {}): Setup {
  const clock = new ManualClock()
  const have = testHaves(() => BLOCKS)
  const links = new Map<string, { window: number, outstanding: number, rate: number, rtt: number | undefined }>()
  const held = new Map<string, ReturnType<typeof testHaves>>()
  const swarm = createSwarm({ self: options.self ?? 'me', mode: options.mode ?? 'hybrid', swarm: 's' }, {
    clock, random: seededRandom(1), have, size: () => BLOCK_BYTES, blocks: () => BLOCKS,
    link: peer => links.get(peer) as PeerLink, origin: () => options.origin, swarmSize: () => held.size + 1,
    nearness: peer => options.near?.includes(peer) === true ? 1 : 0,
    known: () => [], expecting: () => options.expecting ?? 0, pushes: () => options.pushes === true
  })
  const act = (): SwarmAction[] => {
    const { actions } = swarm.decide()
    for (const action of actions) {
      const link = action.type === 'request' || action.type === 'cancel' ? links.get(action.peer) : undefined
      if (link === undefined || !('blocks' in action)) continue
      link.outstanding += (action.type === 'request' ? 1 : -1) * action.blocks.length * BLOCK_BYTES
    }
    expect(swarm.decide().actions).to.deep.equal([])
    return [...actions]
  }
  const join = (peer: string, full = true): void => {
    links.set(peer, { window: 4 * BLOCK_BYTES, outstanding: 0, rate: 1_000_000, rtt: 50, ...options.links?.[peer] })
    const map = testHaves(() => BLOCKS, full)
    held.set(peer, map)
    swarm.peerJoined(peer, map, options.pushes)
  }
  const arrive = (segment: number, block: number, from: string): void => {
    have.add(segment, block, BLOCKS)
    const link = links.get(from)
    if (link !== undefined) link.outstanding -= BLOCK_BYTES
    swarm.delivered(segment, block, from)
  }
  return { clock, swarm, act, join, arrive, links, held, have }
}

export const WELL: OriginLink = { rate: 10_000_000, ttfb: 100, downUntil: 0 }
export const blocksFor = (actions: SwarmAction[], peer: string, type = 'request'): number[] =>
  actions.flatMap(action => action.type === type && 'blocks' in action && action.peer === peer ? action.blocks : [])
export const all = (swarm: Swarm, deadline?: number): number => swarm.want({ segment: 0, first: 0, end: BLOCKS, deadline })
