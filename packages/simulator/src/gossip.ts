import { gossipsubDefaults, type PubSub } from '@shoal/availability'
import type { Random } from '@shoal/base'
import { latency, type Host } from './host.js'
import type { Network } from './network.js'

/** Degrees of a mesh, how many neighbours outside it are told at a heartbeat that there is a message, and for how many heartbeats. */
const { D = 6, Dlo = 4, Dhi = 12, Dlazy = 6, gossipFactor = 0.25, mcacheGossip = 3 } = gossipsubDefaults()
/** An IHAVE with one id of a message that is signed: peer id, sequence number and lengths. The topic comes on top. */
const IHAVE_BYTES = 44 + 12
/** What gossipsub adds to a payload: key, signature, sequence number and lengths, with an Ed25519 key; the topic comes on top. */
const ENVELOPE_BYTES = 38 + 64 + 8 + 36 + 12

type Message = Parameters<NonNullable<ReturnType<PubSub['topicValidators']['get']>>>[1]
type PeerId = Parameters<NonNullable<ReturnType<PubSub['topicValidators']['get']>>>[0]

interface Carried {
  readonly topic: string
  readonly from: Gossip
  readonly message: Message
  readonly bytes: number
  /** Who has it, or will have: a bit for each host, by its index. */
  readonly seen: Uint8Array
}

interface Topic {
  /** Neighbours that get every message at once. */
  readonly mesh: Set<Gossip>
}

/**
 * The gossipsub of one node: who is subscribed, meshes, and the way of a message hop by hop. Each copy is counted at who gets it; a copy of
 * what is there or under way already is counted and nothing else. Bytes of IHAVE are added as what heartbeats send; IWANT brings
 * nothing, for nothing gets lost here but with the node that had it.
 */
export class Gossip {
  readonly topicValidators: PubSub['topicValidators'] = new Map()
  readonly #overlay: Overlay
  readonly host: Host
  readonly id: PeerId
  readonly neighbours = new Set<Gossip>()
  readonly topics = new Map<string, Topic>()
  readonly #subscribers = new Map<string, PeerId[]>()

  constructor (host: Host, overlay: Overlay) {
    this.host = host
    this.#overlay = overlay
    this.id = { toString: () => host.name } as unknown as PeerId
  }

  /** As the announcements see it. */
  get pubsub (): PubSub {
    return this as unknown as PubSub
  }

  subscribe (topic: string): void {
    if (this.topics.has(topic)) return
    this.topics.set(topic, { mesh: new Set() })
    for (const other of this.neighbours) other.#subscribers.delete(topic)
    this.#graft(topic, D)
  }

  unsubscribe (topic: string): void {
    const known = this.topics.get(topic)
    if (known === undefined) return
    this.topics.delete(topic)
    for (const other of this.neighbours) other.#subscribers.delete(topic)
    for (const other of known.mesh) other.#prune(topic, this)
  }

  getSubscribers (topic: string): PeerId[] {
    let list = this.#subscribers.get(topic)
    if (list === undefined) {
      list = []
      for (const other of this.neighbours) if (other.topics.has(topic)) list.push(other.id)
      this.#subscribers.set(topic, list)
    }
    return list
  }

  async publish (topic: string, data: Uint8Array): Promise<{ recipients: PeerId[] }> {
    const { hosts, count } = this.#overlay
    const bytes = data.byteLength + ENVELOPE_BYTES + topic.length
    const message = { type: 'signed', from: this.id, data, topic } as unknown as Message
    const carried: Carried = { topic, from: this, message, bytes, seen: new Uint8Array((hosts + 7) >>> 3) }
    see(carried, this.host)
    const known = this.topics.get(topic)
    // to whoever is subscribed, when this node is not
    const to = known === undefined ? [...this.neighbours].filter(other => other.topics.has(topic)).slice(0, D) : [...known.mesh]
    count(topic, 0, 1)
    for (const other of to) this.#forward(carried, other)
    if (known !== undefined) this.#tell(topic, known.mesh)
    return { recipients: to.map(({ id }) => id) }
  }

  /** A connection to a neighbour stands. */
  linked (other: Gossip): void {
    this.neighbours.add(other)
    this.#subscribers.clear()
    // a heartbeat fills up a mesh that is too small, and leaves any other as it is
    for (const [topic, { mesh }] of this.topics) if (mesh.size < Dlo && other.topics.has(topic)) this.#graft(topic, D)
  }

  unlinked (other: Gossip): void {
    this.neighbours.delete(other)
    this.#subscribers.clear()
    for (const topic of this.topics.keys()) this.#prune(topic, other)
  }

  /** Meshes are mutual. */
  #add (topic: string, other: Gossip): boolean {
    const mine = this.topics.get(topic)?.mesh
    const theirs = other.topics.get(topic)?.mesh
    if (mine === undefined || theirs === undefined || theirs.size >= Dhi) return false
    mine.add(other)
    theirs.add(this)
    return true
  }

  #prune (topic: string, other: Gossip): void {
    const mesh = this.topics.get(topic)?.mesh
    if (mesh?.delete(other) === true && mesh.size < Dlo) this.#graft(topic, D)
  }

  #graft (topic: string, degree: number): void {
    const mesh = this.topics.get(topic)?.mesh
    if (mesh === undefined) return
    const { random } = this.#overlay
    const open = [...this.neighbours].filter(other => !mesh.has(other) && other.topics.has(topic))
    while (mesh.size < degree && open.length > 0) {
      const [other] = open.splice(Math.floor(random() * open.length), 1) as [Gossip]
      this.#add(topic, other)
    }
  }

  #forward (carried: Carried, to: Gossip): void {
    const { net: { clock, latencies }, count } = this.#overlay
    const { topic, bytes } = carried
    count(topic, bytes, 0)
    if (to.host.gone || !see(carried, to.host)) return
    clock.at(clock.now() + latency(this.host, to.host, latencies), () => { to.#receive(carried, this) })
  }

  #receive (carried: Carried, from: Gossip): void {
    const validator = this.topicValidators.get(carried.topic)
    if (validator === undefined || this.host.gone) return
    const verdict = validator(from.id, carried.message)
    if (typeof verdict === 'string') this.#judged(carried, from, verdict)
    else void (verdict as Promise<string>).then(late => { this.#judged(carried, from, late) })
  }

  #judged (carried: Carried, from: Gossip, verdict: string): void {
    if (verdict !== 'accept') return
    const { topic } = carried
    const mesh = this.topics.get(topic)?.mesh
    if (mesh === undefined) return
    for (const other of mesh) if (other !== from && other !== carried.from) this.#forward(carried, other)
    this.#tell(topic, mesh)
  }

  /** Heartbeats tell some of the neighbours outside the mesh of what was heard. */
  #tell (topic: string, { size }: ReadonlySet<Gossip>): void {
    const others = Math.max(0, this.getSubscribers(topic).length - size)
    const told = Math.min(others, Math.max(Dlazy, Math.floor(gossipFactor * others)))
    if (told > 0) this.#overlay.count(topic, told * mcacheGossip * (IHAVE_BYTES + topic.length), 0)
  }
}

/** Returns whether it had not seen it. */
function see ({ seen }: Carried, { index }: Host): boolean {
  const byte = seen[index >>> 3] as number
  const bit = 1 << (index & 7)
  if ((byte & bit) !== 0) return false
  seen[index >>> 3] = byte | bit
  return true
}

/** What the gossip of all nodes shares. */
export interface Overlay {
  readonly net: Network
  readonly random: Random
  /** Indices of hosts lie below. */
  readonly hosts: number
  /** Bytes were received in a topic, or messages given out. */
  readonly count: (topic: string, bytes: number, messages: number) => void
}
