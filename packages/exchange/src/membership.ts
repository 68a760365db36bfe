import { WireError } from '@shoal/interface'
import type { HaveDelta, RefuseReason, ServeHandler, Session, SessionEvent, SwarmId } from '@shoal/interface'
import {
  MAX_HAVE_BYTES, MAX_SWARMS, type Have, type Head, type Join, type JoinRefused, type Message, type Revoked, type SwarmHandle
} from '@shoal/wire'
import { MAX_HELD_MESSAGES } from './defaults.js'
import { Joiner } from './joiner.js'

/** Messages that stand in a swarm of their sender. */
export type SwarmMessage = Exclude<Extract<Message, { handle: SwarmHandle }>, JoinRefused>

/** Those that do not make the membership itself. */
export type MemberMessage = Exclude<SwarmMessage, Join | Have | Head | Revoked>

export interface MembershipContext {
  readonly session: Session
  readonly serve: ServeHandler
  readonly emit: (event: SessionEvent) => void
  readonly send: (message: Message) => void
  /** A message in a swarm that the peer is in. */
  readonly act: (message: MemberMessage, swarm: SwarmId) => void
  /** What a held message turned out to be when it was looked at. */
  readonly fail: (error: unknown) => void
}

interface Remote {
  readonly handle: SwarmHandle
  readonly swarm: SwarmId
  token: string | undefined
  /** `have`: its first have-map is arriving. `admit`: the node makes up its mind. */
  state: 'have' | 'admit' | 'joined'
  haves: HaveDelta[]
  haveBytes: number
  readonly heads: Joiner
  readonly lists: Joiner
  held: SwarmMessage[]
}

/** Which swarms the two ends of a session are in, each under handles of its own. */
export class Membership {
  readonly #context: MembershipContext
  readonly #ours = new Map<SwarmId, SwarmHandle>()
  readonly #oursByHandle = new Map<SwarmHandle, SwarmId>()
  readonly #theirs = new Map<SwarmHandle, Remote>()
  #lastHandle = 0

  constructor (context: MembershipContext) {
    this.#context = context
  }

  /** Our handle, when we are in the swarm. */
  handle (swarm: SwarmId): SwarmHandle | undefined {
    return this.#ours.get(swarm)
  }

  /** Takes a handle; `undefined` when we are in the swarm already or in too many. */
  join (swarm: SwarmId): SwarmHandle | undefined {
    if (this.#ours.has(swarm) || this.#ours.size >= MAX_SWARMS) return undefined
    do this.#lastHandle = this.#lastHandle % 0xffff + 1
    while (this.#oursByHandle.has(this.#lastHandle))
    this.#ours.set(swarm, this.#lastHandle)
    this.#oursByHandle.set(this.#lastHandle, swarm)
    return this.#lastHandle
  }

  leave (swarm: SwarmId): SwarmHandle | undefined {
    const handle = this.#ours.get(swarm)
    if (handle === undefined) return undefined
    this.#ours.delete(swarm)
    this.#oursByHandle.delete(handle)
    return handle
  }

  /** The peer is not in the swarm any more, as far as we are concerned; `false` when it was not. */
  expel (swarm: SwarmId, reason: RefuseReason): boolean {
    for (const { handle, swarm: joined, held } of this.#theirs.values()) {
      if (joined !== swarm) continue
      this.#theirs.delete(handle)
      this.#context.send({ type: 'join-refused', handle, reason })
      for (const message of held) this.#stray(message)
      return true
    }
    return false
  }

  /** The peer refused the JOIN of ours with this handle. */
  refused (handle: SwarmHandle, reason: RefuseReason): void {
    const swarm = this.#oursByHandle.get(handle)
    if (swarm === undefined) return
    this.leave(swarm)
    this.#context.emit({ type: 'join-refused', session: this.#context.session, swarm, reason })
  }

  /** @throws WireError when the message may not come now */
  message (message: SwarmMessage): void {
    const remote = this.#theirs.get(message.handle)
    if (message.type === 'join' && remote?.swarm !== message.swarm) {
      this.#join(message)
    } else if (remote === undefined) {
      // our refusal of its JOIN crossed what it sent
      this.#stray(message)
    } else if (message.type === 'leave') {
      this.#theirs.delete(remote.handle)
      // who leaves before the answer was never there
      if (remote.state === 'joined') this.#context.act(message, remote.swarm)
      else for (const held of remote.held) this.#stray(held)
    } else if (remote.state === 'admit') {
      if (remote.held.length >= MAX_HELD_MESSAGES) throw new WireError(`expected at most ${MAX_HELD_MESSAGES} messages before the answer to a JOIN`)
      remote.held.push(message)
    } else if (message.type === 'have') {
      this.#have(remote, message)
    } else if (remote.state === 'have') {
      throw new WireError(`expected the have-map after a JOIN, got a ${message.type}`)
    } else if (message.type === 'join') {
      void this.#renew(remote, message.token)
    } else if (message.type === 'head') {
      const head = remote.heads.add(message)
      if (head !== undefined) this.#context.emit({ type: 'head', session: this.#context.session, swarm: remote.swarm, head })
    } else if (message.type === 'revoked') {
      const list = remote.lists.add(message)
      if (list !== undefined) {
        this.#context.emit({ type: 'revoked', session: this.#context.session, swarm: remote.swarm, list: new TextDecoder().decode(list) })
      }
    } else {
      this.#context.act(message, remote.swarm)
    }
  }

  /** In a swarm that the peer is not in: nothing but a request needs an answer. */
  #stray (message: SwarmMessage): void {
    if (message.type === 'request' || message.type === 'subscribe') this.#context.send({ type: 'refuse', id: message.id, reason: 'not-joined', blocks: message.blocks })
  }

  #join (message: Join): void {
    const { handle, swarm, token } = message
    if (this.#theirs.has(handle)) throw new WireError(`expected a free handle in a JOIN, got ${handle}, which is taken`)
    for (const other of this.#theirs.values()) {
      if (other.swarm === swarm) throw new WireError(`expected one JOIN per swarm, got a second for ${swarm}`)
    }
    if (this.#theirs.size >= MAX_SWARMS) {
      this.#context.send({ type: 'join-refused', handle, reason: 'busy' })
      return
    }
    this.#theirs.set(handle, { handle, swarm, token, state: 'have', haves: [], haveBytes: 0, heads: new Joiner('head'), lists: new Joiner('list of revoked tokens'), held: [] })
  }

  #have (remote: Remote, message: Have): void {
    remote.haveBytes += message.bytes
    if (remote.haveBytes > MAX_HAVE_BYTES) throw new WireError(`expected a have-map of at most ${MAX_HAVE_BYTES} bytes, got ${remote.haveBytes}`)
    remote.haves.push(message.delta)
    if (message.more) return
    const delta = merge(remote.haves)
    remote.haves = []
    remote.haveBytes = 0
    if (remote.state === 'joined') {
      this.#context.emit({ type: 'have', session: this.#context.session, swarm: remote.swarm, delta })
      return
    }
    remote.state = 'admit'
    void this.#admit(remote, delta)
  }

  async #admit (remote: Remote, have: HaveDelta): Promise<void> {
    const { session, emit, fail } = this.#context
    const { swarm, token } = remote
    if (!await this.#admitted(remote)) return
    remote.state = 'joined'
    emit({ type: 'join', session, swarm, have, token })
    try {
      for (const held of remote.held) this.message(held)
    } catch (error) {
      fail(error)
    }
    remote.held = []
  }

  /** Who shows another token stays in the swarm, or is refused as if it had come with it. */
  async #renew (remote: Remote, token: string | undefined): Promise<void> {
    remote.token = token
    if (await this.#admitted(remote) || this.#theirs.has(remote.handle)) return
    this.#context.act({ type: 'leave', handle: remote.handle }, remote.swarm)
  }

  async #admitted (remote: Remote): Promise<boolean> {
    const { session, serve, send, emit } = this.#context
    const { handle, swarm, token } = remote
    // a node that cannot make up its mind lets nobody in
    const reason = await serve.admit(session, swarm, token).catch((): RefuseReason => 'busy')
    if (session.closed || this.#theirs.get(handle) !== remote) return false
    if (reason === undefined) return true
    this.#theirs.delete(handle)
    send({ type: 'join-refused', handle, reason })
    for (const held of remote.held) this.#stray(held)
    emit({ type: 'turned-away', session, swarm })
    return false
  }
}

function merge (parts: readonly HaveDelta[]): HaveDelta {
  if (parts.length === 1) return parts[0] as HaveDelta
  const dropped = parts.flatMap(part => part.dropped ?? [])
  const have = { complete: parts.flatMap(part => part.complete), partial: parts.flatMap(part => part.partial) }
  return dropped.length > 0 ? { ...have, dropped } : have
}
