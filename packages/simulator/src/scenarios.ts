import type { Audience, Scenario, Stay } from './types.js'

/** ms there and back between Europe, North America and East Asia, and within: typical of what operators of cloud regions publish. */
const THREE_REGIONS = [[20, 90, 220], [90, 30, 160], [220, 160, 30]]

/** Links as households have them: an assumption, to be replaced by what a deployment measures. */
const HOUSEHOLDS: readonly Audience[] = [
  { name: 'fibre', share: 0.4, up: 50e6, down: 200e6, nat: { open: 0.2, cone: 0.7, symmetric: 0.1 } },
  { name: 'cable', share: 0.4, up: 20e6, down: 100e6, nat: { open: 0.15, cone: 0.75, symmetric: 0.1 } },
  { name: 'phone', share: 0.2, up: 10e6, down: 50e6, capacity: 1, nat: { open: 0, cone: 0.5, symmetric: 0.5 }, access: [15, 40] }
]

/**
 * Session lengths of BitTorrent peers: Weibull, shape 0.59, scale 41.9 min, fitted to one torrent (FlatOut) in D. Stutzbach and R. Rejaie,
 * "Understanding Churn in Peer-to-Peer Networks", IMC 2006. Half of all stay less than 23 minutes, one in ten less than one.
 */
export const MEASURED_STAY: Stay = { kind: 'weibull', shape: 0.59, scaleSeconds: 41.9 * 60 }

interface Size {
  readonly viewers: number
  readonly seconds: number
  readonly seed?: number | undefined
}

/** A live stream of 2.5 Mbit/s in segments of 6 s from a CDN; viewers come within half a minute, and go as measured. */
export function live ({ viewers, seconds, seed = 1 }: Size): Scenario {
  return {
    name: 'live', seed, viewers, seconds,
    content: { kind: 'live', bitrate: 2.5e6, segmentSeconds: 6 },
    arrivals: { kind: 'constant', seconds: 30 },
    stay: MEASURED_STAY,
    audience: HOUSEHOLDS,
    latencies: THREE_REGIONS,
    origin: {},
    publisher: { up: 100e6, seeds: false },
    // what comes out in the last half minute is not counted, so that a short stream has to begin to count sooner
    warmUp: Math.max(seconds / 4, Math.min(60, seconds / 2, seconds - 36))
  }
}

/**
 * A low-latency stream of 2 Mbit/s in parts of half a second, played two seconds behind; viewers of one country come within ten seconds and
 * stay.
 *
 * @param overlay how parts go through the swarm
 */
export function lowLatency ({ viewers, seconds, seed = 1, overlay }: Size & Pick<Scenario, 'overlay'>): Scenario {
  return {
    ...live({ viewers, seconds, seed }),
    name: `low latency, ${overlay ?? 'auto'}`,
    content: { kind: 'live', bitrate: 2e6, segmentSeconds: 0.5, behind: 4, window: 24 },
    arrivals: { kind: 'constant', seconds: 10 },
    stay: { kind: 'forever' },
    latencies: [[40]],
    overlay,
    warmUp: Math.min(20, seconds / 2)
  }
}

/** A film of 2.5 Mbit/s in segments of 6 s from a CDN; everybody begins at the beginning, in the first half of the time. */
export function vod ({ viewers, seconds, seed = 1 }: Size): Scenario {
  return {
    ...live({ viewers, seconds, seed }),
    name: 'vod',
    content: { kind: 'vod', bitrate: 2.5e6, segmentSeconds: 6, seconds },
    arrivals: { kind: 'constant', seconds: seconds / 2 },
    warmUp: undefined
  }
}

/** The same with nobody but the origin: what it would be without Shoal. */
export function originOnly (scenario: Scenario): Scenario {
  return { ...scenario, name: `${scenario.name}, origin only`, mode: 'origin' }
}

/** One seeder and equal peers behind uplinks of so many bits per second on one switch, as in the bench `swarm`. */
export function swarm ({ peers = 8, bytes = 32 * 2 ** 20, up = 20e6, seed = 1 } = {}): Scenario {
  return {
    name: 'swarm', seed, viewers: peers, seconds: 3600,
    content: { kind: 'file', bytes },
    arrivals: { kind: 'none' },
    stay: { kind: 'forever' },
    audience: [{ name: 'peer', share: 1, up, down: 1e9, nat: { open: 1, cone: 0, symmetric: 0 }, access: [0.05, 0.05] }],
    latencies: [[0.1]],
    publisher: { up, seeds: true },
    tick: 0.25
  }
}

/**
 * Two of five peers give nothing while upload is scarce, as in the bench `freeride`; `riders: 0` is the same without them.
 *
 * @param up bits per second of a peer; the publisher has four times that
 */
export function freeride ({ givers = 12, riders = 8, bytes = 24 * 2 ** 20, up = 5e6, seed = 1 } = {}): Scenario {
  const all = givers + riders
  const nat = { open: 1, cone: 0, symmetric: 0 }
  const rate = 0.9 * up / 8
  return {
    ...swarm({ peers: all, bytes, up, seed }),
    name: 'freeride',
    content: { kind: 'file', bytes, settle: 10 },
    audience: [
      { name: 'giver', share: givers / all, up, down: 1e9, nat, access: [0.05, 0.05], rate },
      { name: 'rider', share: riders / all, up, down: 1e9, nat, access: [0.05, 0.05], rate: 0 }
    ],
    publisher: { up: 4 * up, seeds: true, rate: 4 * rate },
    tick: 1
  }
}
