import type { OpenedManifest } from '@shoal/content'
import type { Session, SwarmId } from '@shoal/interface'
import type { Swarm, SwarmAction } from '@shoal/swarm'
import type { Members } from './members.js'
import type { OriginFlow } from './origin-flow.js'
import type { Emit } from './types.js'

export interface ActionsHost {
  readonly swarmId: SwarmId
  readonly link: string
  readonly members: Members
  readonly manifest: OpenedManifest
  readonly swarm: Swarm
  readonly flow: OriginFlow | undefined
  readonly emit: Emit
  /** Why the origin was asked for something of this segment. */
  readonly because: (segment: number, reason: string) => void
}

/** Does what the picker decided. */
export class Actions {
  readonly #host: ActionsHost

  constructor (host: ActionsHost) {
    this.#host = host
  }

  carryOut (action: SwarmAction): void {
    const { swarmId, link, members, manifest, swarm, flow, emit, because } = this.#host
    switch (action.type) {
      case 'request':
      case 'subscribe': {
        const session = members.get(action.peer)?.session
        if (session === undefined || session.closed) {
          for (const block of action.blocks) swarm.lost(action.peer, action.segment, block)
          return
        }
        this.#request(session, action.type, action.segment, action.blocks)
        return
      }
      case 'cancel':
      case 'unsubscribe':
        members.get(action.peer)?.session.cancel(swarmId, action.segment, action.blocks)
        return
      case 'origin':
        because(action.segment, action.reason)
        flow?.start(action.segment, action.first, action.end)
        return
      case 'cancel-origin':
        flow?.cancel(action.segment, action.first, action.end)
        return
      case 'fetching':
        for (const member of members) member.session.fetching(swarmId, action.segment)
        return
      case 'fallback':
        emit('fallback', {
          content: link,
          path: manifest.peek(action.segment)?.path ?? '',
          from: action.from,
          to: action.to,
          reason: action.reason
        })
    }
  }

  #request (session: Session, type: 'request' | 'subscribe', segment: number, blocks: readonly number[]): void {
    const { swarmId, manifest, swarm } = this.#host
    if (manifest.peek(segment) === undefined) {
      // its page has made room for others: once it is back
      void manifest.segment(segment).then(() => {
        if (!session.closed) this.#request(session, type, segment, blocks)
        else for (const block of blocks) swarm.lost(session.peer, segment, block)
      }, () => {})
      return
    }
    session[type](swarmId, segment, blocks, blocks.map(block => manifest.block(segment, block)))
  }
}
