import type { Availability, SwarmCell, SwarmId } from '@shoal/interface'

/** How a swarm is divided, as far as this peer is concerned. */
export function swarmCell (availability: Pick<Availability, 'cell' | 'swarmSize'>, swarm: SwarmId): SwarmCell {
  return availability.cell?.(swarm) ?? { rendezvous: swarm, size: availability.swarmSize(swarm), has: () => true }
}
