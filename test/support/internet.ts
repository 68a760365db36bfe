/** A small internet of network namespaces: machines with public addresses, and homes behind routers. See `nat.pl` for what these do. */

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Space } from './namespaces.ts'

const NAT = fileURLToPath(new URL('nat.pl', import.meta.url))
const SWITCH = 'switch'
/** Public as far as anybody can tell; it leads nowhere. */
const PUBLIC = '45.83.220'

export const ROUTERS = ['full-cone', 'port-restricted', 'symmetric', 'no-udp'] as const
export type Router = typeof ROUTERS[number]

export interface Machine {
  readonly space: Space
  readonly address: string
}

/** Why there can be no routers here, when there can be namespaces; `undefined` when there can. */
export function whyNoRouters (): string | undefined {
  if (spawnSync('perl', ['-e', '1']).status !== 0) return 'there is no perl to set up netfilter with'
  const space = new Space()
  try {
    space.run('perl', NAT, 'symmetric', '192.168.1.2')
    return undefined
  } catch (error) {
    return `netfilter cannot be set up: ${(error as Error).message}`
  } finally {
    space.remove()
  }
}

export class Internet {
  readonly #core = new Space()
  readonly #spaces: Space[] = []
  #plugged = 0

  /** @throws Error where namespaces are not permitted */
  constructor () {
    this.#core.ip('link', 'add', SWITCH, 'type', 'bridge')
    this.#core.ip('link', 'set', SWITCH, 'up')
  }

  /** A machine that everybody can reach. */
  host (): Machine {
    const space = this.#space()
    return { space, address: this.#plug(space) }
  }

  /** A machine behind a router. All homes have the same private addresses, as those with routers of one make do. */
  home (kind: Router): Machine {
    const [router, space] = [this.#space(), this.#space()]
    this.#plug(router)
    router.ip('link', 'add', 'inside', 'type', 'veth', 'peer', 'name', 'lan', 'netns', space.name)
    router.ip('addr', 'add', '192.168.1.1/24', 'dev', 'inside')
    router.ip('link', 'set', 'inside', 'up')
    space.ip('addr', 'add', '192.168.1.2/24', 'dev', 'lan')
    space.ip('link', 'set', 'lan', 'up')
    space.ip('route', 'add', 'default', 'via', '192.168.1.1')
    router.run('sysctl', '-qw', 'net.ipv4.ip_forward=1')
    router.run('perl', NAT, kind, '192.168.1.2')
    return { space, address: '192.168.1.2' }
  }

  /** Processes in it have to be ended first. */
  remove (): void {
    for (const space of this.#spaces) space.remove()
    this.#core.remove()
  }

  #space (): Space {
    const space = new Space()
    this.#spaces.push(space)
    return space
  }

  /** Gives it a public address. */
  #plug (space: Space): string {
    const number = ++this.#plugged
    const address = `${PUBLIC}.${number}`
    this.#core.ip('link', 'add', `port${number}`, 'type', 'veth', 'peer', 'name', 'outside', 'netns', space.name)
    this.#core.ip('link', 'set', `port${number}`, 'master', SWITCH, 'up')
    space.ip('addr', 'add', `${address}/24`, 'dev', 'outside')
    space.ip('link', 'set', 'outside', 'up')
    return address
  }
}
