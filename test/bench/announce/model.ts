/**
 * A swarm of real announcers on one clock, over a pubsub that loses nothing: what each of them hears, and for how large they take the
 * swarm. The largest is what one member hears of peers that only speak.
 *
 * Sends `{ bps, least, most, off, depth }`: bytes of announcements per peer and second as a mesh of gossipsub brings them, the smallest and
 * the largest estimate over the truth, the share of peers that are off by more than 30 %, and the depth that most have.
 */

import { Crowd, Populace, median } from '../../../packages/availability/dist/test/crowd.js'

export interface Modelled {
  readonly bps: number
  readonly least: number
  readonly most: number
  readonly off: number
  readonly depth: number
}

const SWARM = 'cd'.repeat(32)
const MINUTE_MS = 60_000
const [size = '100', minutes = '15'] = process.argv.slice(2)
const count = Number(size)
const crowd = new Crowd(SWARM)
const MOST_REAL = 3000

if (count <= MOST_REAL) {
  // they come in over a quarter of an hour
  for (let i = 0; i < count; i++) {
    await crowd.add()
    crowd.clock.advance(15 * MINUTE_MS / count)
  }
} else {
  const viewer = await crowd.add()
  new Populace(crowd, SWARM, viewer.name, { count, depth: Math.round(Math.log2(count / 225)) })
}
crowd.clock.advance(15 * MINUTE_MS)
for (const viewer of crowd.viewers.values()) viewer.heard = 0
crowd.clock.advance(Number(minutes) * MINUTE_MS)
const viewers = [...crowd.viewers.values()]
const estimates = viewers.map(({ announcing }) => announcing.swarmSize(SWARM) / count)
const modelled: Modelled = {
  bps: viewers.reduce((sum, { heard }) => sum + heard, 0) / viewers.length / (Number(minutes) * 60),
  least: Math.min(...estimates),
  most: Math.max(...estimates),
  off: estimates.filter(share => share < 0.7 || share > 1.3).length / estimates.length,
  depth: median(viewers.map(({ depth }) => depth))
}
if (process.send === undefined) console.log(modelled)
else process.send(modelled)
