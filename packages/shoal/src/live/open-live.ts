import type { PublisherLink } from '@shoal/content'
import { liveSwarmIdOf } from '@shoal/content/live'
import { live } from '@shoal/engine/live'
import type { SwarmOpening } from '@shoal/engine'

/** What the engine needs to open a live content. */
export async function openLive (link: PublisherLink): Promise<Pick<SwarmOpening, 'swarm' | 'of'>> {
  return { swarm: await liveSwarmIdOf(link.publisher, link.name), of: { live: live(link) } }
}
