import type { AutoNATComponents } from '@libp2p/autonat'
import type { Libp2pEvents, Startable, TypedEventTarget } from '@libp2p/interface'

interface Components {
  readonly addressManager: AutoNATComponents['addressManager']
  readonly events: TypedEventTarget<Libp2pEvents>
}

/**
 * Who runs a server says that strangers can dial it. libp2p tells nobody a public address of the machine itself before four others have
 * dialled it back, and nobody would dial a server whose addresses are not told.
 */
export function reachable (): (components: Components) => Startable {
  return ({ addressManager, events }) => {
    const confirm = (): void => {
      for (const { multiaddr, verified, type } of addressManager.getAddressesWithMetadata()) {
        if (type === 'transport' && !verified) addressManager.confirmObservedAddr(multiaddr, { type, ttl: Infinity })
      }
    }
    return {
      start () { events.addEventListener('transport:listening', confirm) },
      afterStart: confirm,
      stop () { events.removeEventListener('transport:listening', confirm) }
    }
  }
}
