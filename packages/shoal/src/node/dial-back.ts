import { autoNAT, type AutoNATComponents } from '@libp2p/autonat'
import { overlay } from '../overlay.js'

/**
 * libp2p's AutoNAT, which asks others to dial this node back, and dials others back. For that it asks libp2p for a connection to the
 * address in question, gets the one over which it was asked, finds that this has another address, says that the dial failed, and closes it.
 * So here it gets a connection of its own.
 */
export function dialBack (): (components: AutoNATComponents) => unknown {
  const create = autoNAT()
  return components => create(overlay(components, {
    connectionManager: overlay(components.connectionManager, {
      async openConnection (target, options) {
        // with several addresses it is somebody found on a walk
        const force = !Array.isArray(target)
        return await components.connectionManager.openConnection(target, { ...options, force })
      }
    } satisfies Partial<AutoNATComponents['connectionManager']>)
  }))
}
