/**
 * Who holds what.
 *
 * A have-map says which blocks a peer holds, exactly; neighbours exchange it over their session. An announcement is a peer's coarse word to
 * its whole swarm over gossipsub: it decides whom to connect to, never what to ask for. Announcements get rarer as the swarm grows, as
 * RTCP's reports do (RFC 3550 §6.2), so that they take the same small share of every peer's link in a swarm of any size.
 *
 * ```ts
 * const node = await createLibp2p({ services: { pubsub: gossipsub(gossipsubDefaults()), … } })
 * const announcing = availability({ network: 'shoal' })({ pubsub: node.services.pubsub, peerId: node.peerId, clock, random })
 * await announcing.start(event => { … })
 * announcing.join(swarm, () => ({ have: map.snapshot(), capacity: 2, share: 0.5, addrs: node.getMultiaddrs().map(String) }))
 * ```
 *
 * @packageDocumentation
 */

import type { Availability } from '@shoal/interface'
import { GossipAvailability } from './availability.js'
import type { AvailabilityComponents, AvailabilityInit } from './types.js'

export function availability (init: AvailabilityInit): (components: AvailabilityComponents) => Availability {
  return components => new GossipAvailability(components, init)
}

export { createHaveMap } from './have-map.js'
export { gossipsubDefaults } from './gossipsub.js'
export type { AvailabilityComponents, AvailabilityInit, BoundedHaveMap, HaveBounds, PubSub } from './types.js'
