import {
  applyDelta, compareSequences, decodeWindow, HeadLog, LiveManifest, openHead, withWindow, type Accepted, type Head, type Seen,
  type Sequence, type Verdict, type WindowChange
} from '@shoal/content/live'
import { refusalOf, verifyBlock, type OpenedManifest } from '@shoal/content'
import {
  BlockMismatchError, ManifestError, NotFoundError, UnauthorisedError, type GossipVerdict, type PeerName, type Policy, type Segment,
  type Session, type VerifiedBlock
} from '@shoal/interface'
import { BoundedMap, equalBytes } from '@shoal/base'
import type { LiveHost } from './live-part.js'
import type { Source } from './source.js'

/** Windows that are kept for neighbours, the one that counts included; more than heads are remembered. */
const WINDOWS_KEPT = 16

export interface LiveHeadHost extends Pick<LiveHost, 'swarm' | 'blocks' | 'members' | 'joined' | 'sharing' | 'failed'> {
  readonly publisher: PeerName
  readonly name: string
  readonly seen?: Seen | undefined
  readonly onseen?: ((seen: Seen) => void) | undefined
  /** Another window counts than before. Not called for the first. */
  readonly moved: (manifest: LiveManifest, change: WindowChange) => void
  /** A head counts now. */
  readonly accepted: (head: Uint8Array, policy: Policy) => void
}

/**
 * The manifest of a live content: heads come from neighbours, over gossipsub, or from us when we publish it; the newest counts, and goes on
 * to every neighbour that is not known to have it. Those that have the one before get only what has changed: with the whole window, twice a
 * second from everybody, heads of a low-latency stream were two fifths of what came.
 */
export class LiveHead implements Source {
  readonly #host: LiveHeadHost
  readonly #log: HeadLog
  /** The newest sequence that a session named to us, and the newest that we named to it. */
  readonly #said = new WeakMap<Session, Sequence>()
  readonly #told = new WeakMap<Session, Sequence>()
  readonly #opening = new WeakMap<Session, Promise<Head>>()
  /** By the number under which they are asked for: the window that counts and those before it. */
  readonly #windows = new BoundedMap<number, VerifiedBlock>(WINDOWS_KEPT)
  /** Windows that are being verified: the next head may come meanwhile. */
  readonly #making = new Map<string, Promise<VerifiedBlock | undefined>>()
  readonly #manifest = Promise.withResolvers<OpenedManifest>()
  #live: LiveManifest | undefined

  constructor (host: LiveHeadHost) {
    this.#host = host
    this.#log = new HeadLog(host.seen)
    this.#manifest.promise.catch(() => {})
  }

  get manifest (): Promise<OpenedManifest> {
    return this.#manifest.promise
  }

  /** The newest, with its window. */
  get head (): Uint8Array | undefined {
    const { current } = this.#log
    const window = current === undefined ? undefined : this.#windows.get(windowNumber(current.head))
    return current === undefined || window === undefined ? current?.head.signed : withWindow(current.head, window.bytes)
  }

  /** What there is now. */
  get window (): readonly Segment[] {
    return this.#live?.window ?? []
  }

  async offer (bytes: Uint8Array): Promise<void> {
    const head = await this.#open(bytes)
    if (this.#judge(head) === 'newer') await this.#take(head)
  }

  async heard (session: Session, bytes: Uint8Array): Promise<void> {
    const head = await this.#inOrder(session, bytes)
    const before = this.#said.get(session)
    if (before !== undefined && compareSequences(head.sequence, before) < 0) {
      throw new ManifestError(
        `expected no head older than ${before.epoch}/${before.counter}, which came before, got ${head.sequence.epoch}/${head.sequence.counter}`)
    }
    this.#said.set(session, head.sequence)
    const verdict = this.#judge(head)
    if (verdict === 'newer') await this.#take(head)
    else if (verdict === 'stale') this.tell(session)
  }

  /**
   * A head that came over gossipsub, and what becomes of it there. Its window may take longer than gossip should wait.
   *
   * @throws ManifestError when it is bad
   */
  async gossip (bytes: Uint8Array): Promise<GossipVerdict> {
    const head = await this.#open(bytes)
    const verdict = this.#judge(head)
    // a window that nobody gives, or that is nonsense though it is signed, is as if the head had not come: the next one is complete again
    if (verdict === 'newer') void this.#take(head).catch(() => {})
    return verdict === 'newer' || verdict === 'forked' ? 'accept' : 'ignore'
  }

  tell (session: Session): void {
    const { current } = this.#log
    if (current === undefined || !this.#tells(session) || this.#knows(session, current.head.sequence)) return
    const { sequence: { epoch, counter }, delta, signed } = current.head
    const bytes = delta !== undefined && this.#knows(session, { epoch, counter: counter - 1 }) ? signed : this.head
    this.#told.set(session, current.head.sequence)
    if (bytes !== undefined) session.head(this.#host.swarm, bytes)
  }

  arrived (at: number, block: VerifiedBlock): void {
    this.#host.blocks.arrived(at, block)
  }

  serve (at: number): Promise<VerifiedBlock | undefined> {
    return Promise.resolve(this.#windows.get(at))
  }

  /** A window is in no store. */
  release (): void {}

  fail (error: Error): void {
    this.#host.blocks.fail(error)
    this.#manifest.reject(error)
  }

  close (): void {
    this.fail(new NotFoundError('the content was closed before its head was found'))
    this.#host.blocks.close()
  }

  /** Opens what a session sends in the order in which it came: what is known would overtake one whose signature is being checked. */
  async #inOrder (session: Session, bytes: Uint8Array): Promise<Head> {
    const current = this.#log.current?.head
    // what most neighbours send is what we have: no signature needs to be checked again
    const known = current !== undefined && equalBytes(current.signed, bytes.subarray(0, current.signed.byteLength))
    const before = this.#opening.get(session)
    const opening = known ? Promise.resolve(current) : this.#open(bytes)
    opening.catch(() => {})
    const opened = before === undefined ? opening : before.then(() => opening, () => opening)
    this.#opening.set(session, opened)
    return await opened
  }

  async #open (bytes: Uint8Array): Promise<Head> {
    return await openHead(bytes, this.#host.publisher, this.#host.name)
  }

  #judge (head: Head): Verdict {
    const verdict = this.#log.judge(head)
    if (verdict === 'forked') this.#forked(head)
    return verdict
  }

  /** Gets the window and takes the head, unless a newer one came meanwhile. */
  async #take (head: Head): Promise<void> {
    const block = await this.#window(head)
    const accepted = { head, window: decodeWindow(block.bytes) }
    const refusal = refusalOf(accepted.window.policy) ?? this.#changed(accepted.window.policy)
    if (refusal !== undefined) {
      this.#refuse(refusal)
      return
    }
    const verdict = this.#log.accept(accepted)
    if (verdict === 'forked') this.#forked(head)
    if (verdict !== 'newer') return
    this.#windows.set(windowNumber(head), block)
    this.#show(accepted, block)
    this.#remember()
    this.#host.accepted(head.delta === undefined ? withWindow(head, block.bytes) : head.signed, accepted.window.policy)
    for (const { session } of this.#host.members) this.tell(session)
  }

  async #window (head: Head): Promise<VerifiedBlock> {
    const key = keyOf(head.sequence)
    const making = this.#make(head)
    this.#making.set(key, making)
    try {
      return await making ?? await this.#host.blocks.load(head.window, windowNumber(head))
    } finally {
      if (this.#making.get(key) === making) this.#making.delete(key)
    }
  }

  /** The window that came with its head, or that of the head before with what has changed; `undefined` when it has to be asked for. */
  async #make ({ inline, delta, window, sequence: { epoch, counter } }: Head): Promise<VerifiedBlock | undefined> {
    if (inline !== undefined) {
      return await verifyBlock(window, inline).catch((error: unknown) => {
        if (!(error instanceof BlockMismatchError)) throw error
        throw new ManifestError(`the window in the head is not what the publisher signed: ${error.message}`, { cause: error })
      })
    }
    if (delta === undefined) return undefined
    const before = await this.#making.get(keyOf({ epoch, counter: counter - 1 }))?.catch(() => undefined) ?? this.#before(epoch, counter)
    const bytes = before === undefined ? undefined : applyDelta(delta, before.bytes, window.size)
    // what does not make it may have been made for another window of that sequence
    return bytes === undefined ? undefined : await verifyBlock(window, bytes).catch(() => undefined)
  }

  #before (epoch: number, counter: number): VerifiedBlock | undefined {
    const before = this.#log.before({ sequence: { epoch, counter } })
    return before === undefined ? undefined : this.#windows.get(windowNumber(before.head))
  }

  #show (accepted: Accepted, block: VerifiedBlock): void {
    const { publisher, name, moved } = this.#host
    if (this.#live === undefined) {
      this.#live = new LiveManifest(publisher, name, accepted, block)
      this.#manifest.resolve(this.#live)
    } else {
      moved(this.#live, this.#live.move(accepted, block))
    }
  }

  /** Who may have it is asked once, when it is opened. */
  #changed ({ token, residency }: Policy): Error | undefined {
    const before = this.#live?.policy
    if (before === undefined || (before.token === token && before.residency?.join() === residency?.join())) return undefined
    return new UnauthorisedError('the publisher changed who may have the content: open it again')
  }

  /** The publisher lets only those have it whom no node can judge: from now on there is nothing here. */
  #refuse (refusal: Error): void {
    this.fail(refusal)
    if (this.#live === undefined) return
    this.#host.moved(this.#live, this.#live.empty())
    this.#host.failed(refusal)
  }

  #remember (): void {
    const { seen } = this.#log
    if (seen !== undefined) this.#host.onseen?.(seen)
  }

  /** Neither of two counts. The others should know both, too: those that have either drop it when they see the second. */
  #forked (head: Head): void {
    const { moved, failed, members, swarm } = this.#host
    const { current } = this.#log
    this.#remember()
    const block = current === undefined ? undefined : this.#windows.get(windowNumber(current.head))
    if (this.#live !== undefined) {
      moved(this.#live, current === undefined || block === undefined ? this.#live.empty() : this.#live.move(current, block))
    }
    failed(new ManifestError(
      `${this.#host.publisher} signed two different heads ${head.sequence.epoch}/${head.sequence.counter} of ${this.#host.name}: ` +
      'neither counts, until it starts again'))
    for (const { session } of members) if (this.#tells(session)) session.head(swarm, head.signed)
  }

  #tells (session: Session): boolean {
    return this.#host.sharing() && this.#host.joined(session)
  }

  #knows (session: Session, sequence: Sequence): boolean {
    return [this.#said.get(session), this.#told.get(session)].some(known => known !== undefined && compareSequences(known, sequence) >= 0)
  }
}

/** The block number under which a window is asked for: one that no other window of these days has. */
function windowNumber ({ window: { digest } }: Head): number {
  return new DataView(digest.buffer, digest.byteOffset).getUint32(0)
}

function keyOf ({ epoch, counter }: Sequence): string {
  return `${epoch}/${counter}`
}
