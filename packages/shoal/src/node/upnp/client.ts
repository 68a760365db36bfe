import { isIPv4 } from 'node:net'
import type { UPnPNATClient } from '@libp2p/upnp-nat'
import type { Clock, Random } from '@shoal/base'
import { UnavailableError } from '@shoal/interface'
import { IGD_LEASE_S, IGD_PORT_TRIES, IGD_SEARCH_MS } from '../../defaults.js'
import { Device, GatewayError, valueOf } from './device.js'
import { search, type SearchOptions } from './search.js'

type Gateway = Awaited<ReturnType<UPnPNATClient['getGateway']>>
type Mapping = Awaited<ReturnType<Gateway['map']>>

/** Of WANIPConnection: the port is taken; mappings cannot end by themselves. */
const CONFLICT = 718
const PERMANENT_ONLY = 725

/**
 * What libp2p's UPnP service speaks to routers with, in place of its own: that knows version 2 alone, which few routers speak, does not
 * say which mapping to delete, follows a router to other machines, and reads answers of any length.
 */
export function gatewayClient (clock: Clock, random: Random, to?: SearchOptions['to']): UPnPNATClient {
  const getGateway = async (location: URL, { signal = new AbortController().signal }: { signal?: AbortSignal } = {}): Promise<Gateway> =>
    gateway(location, await Device.at(location, clock, signal), clock, random)
  return {
    getGateway,
    async * findGateways ({ signal = new AbortController().signal, searchInterval: every = IGD_SEARCH_MS } = {}) {
      for await (const location of search({ signal, every, clock, ...to !== undefined && { to } })) {
        try {
          yield await getGateway(location, { signal })
        } catch {
          // one that maps no ports, or answers nonsense: there may be another
        }
      }
    }
  }
}

function gateway (location: URL, device: Device, clock: Clock, random: Random): Gateway {
  const never = new AbortController().signal
  const mappings = new Map<string, Mapping & { readonly stopRefreshing: () => void }>()

  async function add (mapping: Mapping, signal: AbortSignal): Promise<void> {
    const values = {
      NewRemoteHost: '', NewExternalPort: mapping.externalPort, NewProtocol: mapping.protocol, NewInternalPort: mapping.internalPort,
      NewInternalClient: mapping.internalHost, NewEnabled: 1, NewPortMappingDescription: 'shoal'
    }
    try {
      await device.ask('AddPortMapping', { ...values, NewLeaseDuration: IGD_LEASE_S }, signal)
    } catch (error) {
      if (!(error instanceof GatewayError) || error.fault !== PERMANENT_ONLY) throw error
      await device.ask('AddPortMapping', { ...values, NewLeaseDuration: 0 }, signal)
    }
  }

  function refresh (key: string): () => void {
    return clock.after(IGD_LEASE_S * 500, () => {
      const mapping = mappings.get(key)
      if (mapping === undefined) return
      mappings.set(key, { ...mapping, stopRefreshing: refresh(key) })
      // until it ends it is there; the next try may do better
      add(mapping, never).catch(() => {})
    })
  }

  async function remove (which: (mapping: Mapping) => boolean, signal = never): Promise<void> {
    await Promise.allSettled([...mappings].filter(([, mapping]) => which(mapping)).map(async ([key, mapping]) => {
      mapping.stopRefreshing()
      mappings.delete(key)
      await device.ask('DeletePortMapping', { NewRemoteHost: '', NewExternalPort: mapping.externalPort, NewProtocol: mapping.protocol }, signal)
    }))
  }

  const externalIp = async (signal = never): Promise<string> => {
    const address = valueOf(await device.ask('GetExternalIPAddress', {}, signal), 'NewExternalIPAddress') ?? ''
    if (!isIPv4(address)) throw new UnavailableError('the router told no address: expected one of IPv4')
    return address
  }

  const map: Gateway['map'] = async (internalPort, internalHost, { protocol = 'TCP', signal = never } = {}) => {
    const externalHost = await externalIp(signal)
    for (let tries = 1, externalPort = internalPort; ; tries++) {
      const mapping: Mapping = { externalHost, externalPort, internalHost, internalPort, protocol: protocol.toUpperCase() as 'TCP' | 'UDP' }
      try {
        await add(mapping, signal)
        const key = `${mapping.protocol} ${externalPort}`
        mappings.set(key, { ...mapping, stopRefreshing: refresh(key) })
        return mapping
      } catch (error) {
        if (!(error instanceof GatewayError) || error.fault !== CONFLICT || tries >= IGD_PORT_TRIES) throw error
        externalPort = 1024 + Math.floor(random() * (65_536 - 1024))
      }
    }
  }

  return {
    id: location.href,
    host: location.hostname,
    port: Number(location.port === '' ? 80 : location.port),
    family: 'IPv4',
    map,
    mapAll () { throw new UnavailableError('expected an address whose port is to be mapped: use map') },
    async unmap (port, { signal } = {}) { await remove(({ internalPort }) => internalPort === port, signal) },
    async stop ({ signal } = {}) { await remove(() => true, signal) },
    async externalIp ({ signal } = {}) { return await externalIp(signal) }
  }
}
