import { afterAwake } from '@shoal/base'
import { NotFoundError, UnauthorisedError, type ShoalError, type SwarmId } from '@shoal/interface'
import type { Access } from './access.js'
import { LOOK_AGAIN_MS, OPEN_TIMEOUT_MS, REFUSED_MS } from './defaults.js'
import type { Member, Members } from './members.js'
import type { Shared } from './shared.js'

export interface SearchHost {
  readonly link: string
  readonly swarm: SwarmId
  readonly shared: Shared
  readonly access: Access
  readonly members: Members
  /** This one may give it yet. */
  readonly helpful: (member: Member) => boolean
  readonly fail: (error: ShoalError) => void
}

/** How long a manifest is looked for. */
export class Search {
  readonly #host: SearchHost
  readonly #work = (): void => { this.#look() }
  readonly #cancel: () => void
  #over = false

  constructor (host: SearchHost) {
    this.#host = host
    this.#cancel = afterAwake(host.shared.components.clock, OPEN_TIMEOUT_MS, () => { host.fail(this.#failure()) })
  }

  /** A peer that is in the swarm does not let us in: unless another does soon, there is no point in waiting. */
  refused (): void {
    const { alarm, components: { clock } } = this.#host.shared
    if (!this.#over) alarm.soonest(this.#work, clock.now() + REFUSED_MS)
  }

  /** It was found, or nobody waits for it any more. */
  end (): void {
    this.#over = true
    this.#cancel()
    this.#host.shared.alarm.set(this.#work, undefined)
  }

  #look (): void {
    const { shared: { alarm, components: { clock } } } = this.#host
    if (this.#hopeful) alarm.set(this.#work, clock.now() + LOOK_AGAIN_MS)
    else this.#host.fail(this.#failure())
  }

  /** Who refuses us may lie: somebody else is here who may give it, or is known and not reached yet. */
  get #hopeful (): boolean {
    const { swarm, shared: { peerManager }, members, helpful } = this.#host
    return [...members].some(helpful) || peerManager.known(swarm).some(peer => [...peerManager.sessionsOf(peer)].length === 0)
  }

  /** Why it was not found, with all that was tried: whoever reads it has only this to go by. */
  #failure (): ShoalError {
    const { link, swarm, shared: { init, peerManager, components: { routing } }, access: { refusals }, members } = this.#host
    if (refusals > 0) {
      const why = init.token === undefined ? 'which has none' : 'whose token does not count there'
      return new UnauthorisedError(`${link} asks for a token, and peers that have it refused this node, ${why}`)
    }
    return new NotFoundError(
      `no manifest of ${link} was found within ${OPEN_TIMEOUT_MS / 1000} s: ${routing.known} DHT nodes known, ` +
      `${peerManager.candidates(swarm)} peers named, ${members.size} connected; ${peerManager.trouble(swarm) || 'no dial failed'}. ` +
      'Is the publisher or a node that holds it running, and is a bootstrap node given?')
  }
}
