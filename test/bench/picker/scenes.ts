/** What occurs in swarms: each scene sets a field up and plays its steps. */

import { BLOCKS, Field, type FieldPeer, type Size } from './field.ts'
import type { SceneName } from './names.ts'

interface Scene {
  readonly steps: number
  readonly play: (size: Size, steps: number) => Field
}

/** Half of the peers hold any given segment, each its own half. */
const half = (segment: number, peer: number): boolean => (Math.imul(segment + 1, 0x9e3779b1) ^ Math.imul(peer + 1, 0x85ebca6b)) >>> 31 === 1

function wantAll (field: Field, deadline: (segment: number) => number | undefined = () => undefined): number[] {
  const want = (segment: number): number => field.swarm.want({ segment, first: 0, end: BLOCKS, deadline: deadline(segment) })
  return Array.from({ length: field.size.segments }, (_, segment) => want(segment))
}

function fetching (size: Size): Field {
  const field = new Field(size)
  field.populate(half)
  wantAll(field)
  field.settle()
  return field
}

const at = (field: Field, i: number): FieldPeer => field.peers[i % field.peers.length] as FieldPeer

function bulk (size: Size, steps: number): Field {
  const field = fetching(size)
  for (let i = 0; i < steps; i++) {
    field.clock.advance(1)
    const news = i % 4 === 3
    field.step(news ? field.news(at(field, field.below(size.peers)), field.below(size.segments), field.below(BLOCKS)) : field.delivery())
  }
  return field
}

/** A player that wants ten segments of two seconds ahead of where it is; the rest of the content nobody reads. */
class Player {
  readonly field: Field
  readonly #ids: number[] = []
  position: number

  constructor (field: Field, position: number) {
    this.field = field
    this.position = position
    for (let i = 0; i < 10; i++) this.#want(i)
  }

  #want (ahead: number): void {
    const { swarm, clock, size } = this.field
    const segment = (this.position + ahead) % size.segments
    this.#ids.push(swarm.want({ segment, first: 0, end: BLOCKS, deadline: clock.now() + 2000 * (ahead + 1) }))
  }

  next (): void {
    this.field.swarm.unwant(this.#ids.shift() as number)
    this.position++
    this.#want(9)
  }

  seek (position: number): void {
    for (const id of this.#ids.splice(0)) this.field.swarm.unwant(id)
    this.position = position
    for (let i = 0; i < 10; i++) this.#want(i)
  }

  /** The buffer ran ahead or behind. */
  redate (): void {
    const now = this.field.clock.now()
    this.#ids.forEach((id, i) => { this.field.swarm.redate(id, now + 2000 * (i + 1)) })
  }
}

/** At the edge: what is wanted comes up at the neighbours block by block, and they say so. */
function live (size: Size, steps: number): Field {
  const field = new Field(size)
  const edge = Math.floor(size.segments / 2)
  field.populate((segment, peer) => segment < edge && half(segment, peer))
  const player = new Player(field, edge)
  field.settle()
  for (let i = 0; i < steps; i++) {
    field.clock.advance(4)
    const segment = (player.position + field.below(10)) % size.segments
    if (i % 250 === 249) field.step(() => { player.next() })
    else if (i % 50 === 49) field.step(() => { player.redate() })
    else field.step(i % 5 === 4 ? field.delivery() : field.news(at(field, 1 + field.below(size.peers - 1)), segment, field.below(BLOCKS)))
  }
  return field
}

/** Everything has a deadline; the player goes on. */
function vod (size: Size, steps: number): Field {
  const field = new Field(size)
  field.populate(half)
  const ids = wantAll(field, segment => 2000 * (segment + 1))
  field.settle()
  for (let i = 0; i < steps; i++) {
    field.clock.advance(10)
    if (i % 20 === 19) field.step(() => { field.swarm.unwant(ids.shift() as number) })
    else field.step(field.delivery())
  }
  return field
}

function seeks (size: Size, steps: number): Field {
  const field = new Field(size)
  field.populate(half)
  const player = new Player(field, 0)
  field.settle()
  for (let i = 0; i < steps; i++) {
    field.clock.advance(20)
    if (i % 4 === 3) field.step(() => { player.seek(field.below(size.segments)) })
    else field.step(field.delivery())
  }
  return field
}

function chokes (size: Size, steps: number): Field {
  const field = fetching(size)
  for (let i = 0; i < steps; i++) {
    field.clock.advance(1)
    const choked = Math.floor(i / size.peers) % 2 === 0
    const { name } = at(field, i)
    field.step(() => { field.swarm.peerChoked(name, choked) })
  }
  return field
}

function stalls (size: Size, steps: number): Field {
  const field = fetching(size)
  for (let i = 0; i < steps; i++) {
    field.clock.advance(20)
    const { name } = at(field, field.below(size.peers))
    field.step(i % 4 === 3 ? () => { field.swarm.stalled(name) } : field.delivery())
  }
  return field
}

/** All but the last blocks are here: many peers have nothing left to do. */
function endgame (size: Size, steps: number): Field {
  const field = fetching(size)
  const missing = new Set(field.peers.flatMap(peer => [...peer.asked]))
  const last = steps + 40
  for (let key = 0; key < size.segments * BLOCKS && missing.size < last; key++) missing.add(key)
  for (const key of missing) if (missing.size > last) missing.delete(key)
  for (let key = 0; key < size.segments * BLOCKS; key++) if (!missing.has(key)) field.arrival(key, 'store')()
  field.settle()
  for (let i = 0; i < steps; i++) {
    field.clock.advance(5)
    field.step(field.delivery())
  }
  return field
}

/** Nothing is missing: the neighbours go on telling what they got. */
function idle (size: Size, steps: number): Field {
  const field = new Field(size)
  field.populate(() => false)
  for (let i = 0; i < steps; i++) {
    field.clock.advance(1)
    field.step(field.news(at(field, 1 + field.below(size.peers - 1)), field.below(size.segments), field.below(BLOCKS)))
  }
  return field
}

/** A peer with everything comes and goes while all is wanted. */
function joins (size: Size, steps: number): Field {
  const field = fetching(size)
  const have = field.map(true)
  for (let i = 0; i < steps; i += 2) {
    field.clock.advance(50)
    const peer = field.add(have, 1_000_000)
    field.step(() => { field.swarm.peerJoined(peer.name, have) })
    field.step(() => { field.swarm.peerLeft(peer.name) })
    peer.asked.clear()
    field.peers.pop()
  }
  return field
}

export const scenes: Record<SceneName, Scene> = {
  bulk: { steps: 3000, play: bulk },
  live: { steps: 3000, play: live },
  vod: { steps: 3000, play: vod },
  seek: { steps: 2000, play: seeks },
  choke: { steps: 2000, play: chokes },
  stall: { steps: 2000, play: stalls },
  endgame: { steps: 1000, play: endgame },
  idle: { steps: 3000, play: idle },
  join: { steps: 100, play: joins }
}
