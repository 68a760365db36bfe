import { dcutr, type DCUtRServiceComponents } from '@libp2p/dcutr'
import type { Startable } from '@libp2p/interface'
import { overlay } from '../overlay.js'

/**
 * libp2p's DCUtR, by which two nodes that talk over a relay make a connection of their own. It takes an address through a relay for a
 * public one, and the relay for the peer behind it: it then connects to the relay once more, says that the upgrade succeeded, and closes
 * the relayed connection that was in use. So here it sees no such addresses; WebRTC through a relay is dialled without its help.
 */
export function holePunching (): (components: DCUtRServiceComponents) => Startable {
  const create = dcutr()
  return components => create(overlay(components, {
    transportManager: overlay(components.transportManager, {
      dialTransportForMultiaddr: addr => addr.toString().includes('/p2p-circuit')
        ? undefined
        : components.transportManager.dialTransportForMultiaddr(addr)
    } satisfies Partial<DCUtRServiceComponents['transportManager']>)
  })) as Startable
}
