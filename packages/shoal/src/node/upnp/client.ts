import { isIPv4 } from 'node:net'
import type { UPnPNATClient } from '@libp2p/upnp-nat'
import type { Clock, Random } from '@shoal/base'
import { UnavailableError } from '@shoal/interface'
import { IGD_ANSWERS, IGD_LEASE_S, IGD_PORT_TRIES, IGD_SEARCH_MS } from '../../defaults.js'
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
  const known = new Set<string>()
  return {
    getGateway,
    async * findGateways ({ signal = new AbortController().signal, searchInterval: every = IGD_SEARCH_MS } = {}) {
      for await (const location of search({ signal, every, clock, ...to !== undefined && { to } })) {
        // each costs libp2p a watch for as long as the node lives, and whoever makes up new ones would never be done
        if (!known.has(location.href) && known.size >= IGD_ANSWERS) continue
        let found: Gateway
        try {
          found = await getGateway(location, { signal })
        } catch {
          // one that maps no ports, or answers nonsense: there may be another
          continue
        }
        known.add(location.href)
        yield found
      }
    }
  }
}

function gateway (location: URL, device: Device, clock: Clock, random: Random): Gateway {
  const never = new AbortController().signal
  const stopped = new AbortController()
  const mappings = new Map<string, Mapping & { readonly stopRefreshing: () => void }>()
  /** What the router is being asked for: whoever stops meanwhile takes that back as well. */
  const asked = new Set<Mapping>()

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
      add(mapping, stopped.signal).catch(() => {})
    })
  }

  async function remove (which: (mapping: Mapping) => boolean, signal = never): Promise<void> {
    await Promise.allSettled([...mappings].filter(([, mapping]) => which(mapping)).map(async ([key, mapping]) => {
      mapping.stopRefreshing()
      mappings.delete(key)
      await takeBack(mapping, signal)
    }))
  }

  async function takeBack ({ externalPort, protocol }: Mapping, signal: AbortSignal): Promise<void> {
    await device.ask('DeletePortMapping', { NewRemoteHost: '', NewExternalPort: externalPort, NewProtocol: protocol }, signal)
  }

  async function stop (signal: AbortSignal): Promise<void> {
    const halfway = [...asked]
    stopped.abort(new UnavailableError('the router is asked for no more ports'))
    await Promise.allSettled([remove(() => true, signal), ...halfway.map(mapping => takeBack(mapping, signal))])
  }

  const externalIp = async (signal = never): Promise<string> => {
    const address = valueOf(await device.ask('GetExternalIPAddress', {}, signal), 'NewExternalIPAddress') ?? ''
    if (!isIPv4(address)) throw new UnavailableError('the router told no address: expected one of IPv4')
    return address
  }

  const map: Gateway['map'] = async (internalPort, internalHost, { protocol = 'TCP', signal = never } = {}) => {
    const either = AbortSignal.any([signal, stopped.signal])
    const externalHost = await externalIp(either)
    for (let tries = 1, externalPort = internalPort; ; tries++) {
      const mapping: Mapping = { externalHost, externalPort, internalHost, internalPort, protocol: protocol.toUpperCase() as 'TCP' | 'UDP' }
      try {
        either.throwIfAborted()
        asked.add(mapping)
        await add(mapping, either)
        either.throwIfAborted()
        const key = `${mapping.protocol} ${externalPort}`
        mappings.set(key, { ...mapping, stopRefreshing: refresh(key) })
        return mapping
      } catch (error) {
        if (!(error instanceof GatewayError) || error.fault !== CONFLICT || tries >= IGD_PORT_TRIES) throw error
        externalPort = 1024 + Math.floor(random() * (65_536 - 1024))
      } finally {
        asked.delete(mapping)
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
    async stop ({ signal = never } = {}) { await stop(signal) },
    async externalIp ({ signal } = {}) { return await externalIp(signal) }
  }
}
