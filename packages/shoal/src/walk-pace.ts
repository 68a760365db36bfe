import type { PeerRouting } from '@libp2p/interface'
import type { Clock } from '@shoal/base'
import { NotFoundError } from '@shoal/interface'
import { WALK_PAUSE_MS } from './defaults.js'

/**
 * A peer router that knows nobody and takes its time to say so. libp2p's random walk, by which a node without a relay looks for one, starts
 * its next lookup as soon as the last ended, and with an empty routing table lookups end at once: the walk then spins on microtasks and
 * starves every timer and socket of a page for good. A walk's lookup lasts as long as its slowest router.
 */
export function walkPace (clock: Clock): PeerRouting {
  return {
    findPeer: peer => Promise.reject(new NotFoundError(`nothing is known of ${peer.toString()} here`)),

    async * getClosestPeers (_key, options) {
      await new Promise<void>(resolve => {
        const cancel = clock.after(WALK_PAUSE_MS, resolve)
        options?.signal?.addEventListener('abort', () => {
          cancel()
          resolve()
        }, { once: true })
      })
    }
  }
}
