import { NotFoundError, type SwarmId } from '@shoal/interface'
import { OPEN_TIMEOUT_MS } from './defaults.js'
import type { Shared } from './shared.js'

/** Why a content was not found, with all that was tried: whoever reads it has only this to go by. */
export function nobodyGave (link: string, swarm: SwarmId, shared: Shared, connected: number): NotFoundError {
  const { peerManager, components: { routing } } = shared
  return new NotFoundError(
    `no manifest of ${link} was found within ${OPEN_TIMEOUT_MS / 1000} s: ${routing.known} DHT nodes known, ` +
    `${peerManager.candidates(swarm)} peers named, ${connected} connected; ${peerManager.trouble(swarm) || 'no dial failed'}. ` +
    'Is the publisher or a node that holds it running, and is a bootstrap node given?')
}
