/** Peers that claim a whole film and are of no use. */

import type { Request } from '@shoal/wire'
import type { Shoal } from 'shoal'
import { sleep } from '../../support/waiting.ts'
import { BLOCK, randomBytes } from '../bad-input/bench.ts'
import { RawPeer } from '../../support/raw-peer.ts'

const PIECE = 4_096

export type Behaviour = 'slow' | 'silent' | 'garbage'

/** What a slow peer needs to know: the film by segment, and its rate in bytes per second. */
export interface Goods { readonly manifest: string, readonly segments: readonly Uint8Array[], readonly rate: number }

/** Connects to the viewer and claims all segments. */
export async function badPeer (behaviour: Behaviour, viewer: Shoal, goods: Goods): Promise<RawPeer> {
  const peer = await RawPeer.start()
  if (behaviour === 'garbage') peer.onrequest = ({ id, blocks }) => { for (const block of blocks) void peer.give(id, block, randomBytes(BLOCK)) }
  if (behaviour === 'slow') {
    let turn = Promise.resolve()
    peer.onrequest = request => { turn = turn.then(() => drip(peer, request, goods)).catch(() => {}) }
  }
  await peer.meet(viewer)
  await peer.join(goods.manifest, goods.segments.length)
  return peer
}

async function drip (peer: RawPeer, { id, segment, blocks }: Request, { segments, rate }: Goods): Promise<void> {
  const cancelled = (block: number): boolean => peer.messages.some(
    message => message.type === 'cancel' && message.id === id && message.blocks.includes(block))
  for (const block of blocks) {
    const bytes = segments[segment]?.subarray(block * BLOCK, (block + 1) * BLOCK) ?? new Uint8Array()
    for (let offset = 0; offset < bytes.byteLength && !cancelled(block) && !peer.left; offset += PIECE) {
      await sleep(PIECE * 1000 / rate)
      await peer.piece(id, block, bytes, offset, PIECE)
    }
  }
}
