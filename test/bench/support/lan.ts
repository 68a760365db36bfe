import { Space } from '../../support/namespaces.ts'

const SWITCH = 'switch'

/** What Linux has by default; some systems bring others, which share a full uplink in other ways. */
export const CONGESTION_CONTROL = 'cubic'

/** Of one peer: large enough for a queue of 50 ms at every rate, as a home router has. */
const QUEUE = '50ms'
/** What may go out at once, bytes: over 1 ms of the fastest, for timers are no finer. */
const BURST = '32kb'

/** A home behind a capped uplink. */
export interface Host {
  readonly address: string
  readonly space: Space
}

/** Hosts in namespaces of their own on one switch. Each one's uplink is capped by a token bucket; downlinks are not. */
export class Lan {
  readonly #core = new Space()
  readonly #hosts: Host[] = []

  /** @throws Error where namespaces are not permitted */
  constructor () {
    this.#core.ip('link', 'add', SWITCH, 'type', 'bridge')
    this.#core.ip('link', 'set', SWITCH, 'up')
  }

  /** @param uplink bits per second, all headers included */
  add (uplink: number): Host {
    const space = new Space()
    const number = this.#hosts.length + 1
    const host = { address: `10.213.78.${number}`, space }
    this.#core.ip('link', 'add', `port${number}`, 'type', 'veth', 'peer', 'name', 'uplink', 'netns', space.name)
    this.#core.ip('link', 'set', `port${number}`, 'master', SWITCH, 'up')
    space.ip('addr', 'add', `${host.address}/24`, 'dev', 'uplink')
    space.ip('link', 'set', 'uplink', 'up')
    space.run('tc', 'qdisc', 'add', 'dev', 'uplink', 'root', 'tbf', 'rate', `${uplink}bit`, 'burst', BURST, 'latency', QUEUE)
    // by route, for namespaces may not choose what the system does not allow everybody
    space.ip('route', 'replace', '10.213.78.0/24', 'dev', 'uplink', 'src', host.address, 'congctl', CONGESTION_CONTROL)
    this.#hosts.push(host)
    return host
  }

  /** Processes in it have to be ended first. */
  remove (): void {
    for (const { space } of this.#hosts) space.remove()
    this.#core.remove()
  }
}
