import type { Scenario } from '../src/types.js'
import { live } from '../src/scenarios.js'

const OPEN = { open: 1, cone: 0, symmetric: 0 }

/** A small live swarm with upload to spare, on one switch. */
export function smallLive (more: Partial<Scenario> = {}): Scenario {
  return {
    ...live({ viewers: 20, seconds: 60 }),
    arrivals: { kind: 'constant', seconds: 10 },
    stay: { kind: 'forever' },
    audience: [{ name: 'equal', share: 1, up: 20e6, down: 100e6, nat: OPEN }],
    latencies: [[20]],
    warmUp: 12,
    ...more
  }
}
