import type { UploadLimits } from '@shoal/engine'
import { RELAYED_CONTENT_BYTES } from '@shoal/exchange'
import {
  ConfigError, type CapacityClass, type Mode, type PeerName, type RelayOptions, type Sharing, type ShoalOptions, type TenantKey
} from '@shoal/interface'
import { RELAY_DURATION_S, RELAY_LIMIT_BYTES, RELAY_RESERVATIONS } from './defaults.js'
import { checkIceServers, type IceServers } from './ice-servers.js'
import { isQuic } from './quic.js'
import { QUOTAS, type DeviceClass } from './quotas.js'
import { parseRate, parseSize } from './units.js'
import { checkSharing, uploadLimits } from './wishes.js'

/** What differs between the places where a node runs. */
export interface Surroundings {
  readonly listen: readonly string[]
  /** Beside these, unless the node is one that others are reached through. */
  readonly listenThrough: readonly string[]
  readonly uploadSlots: number
  readonly connections: number
  readonly capacity: CapacityClass
  readonly device: Exclude<DeviceClass, 'server'>
  /** Whether a store outlives the process or page. */
  readonly persistent: (options: ShoalOptions) => boolean
}

/** What a server relays for others. */
export interface RelayLimits {
  readonly content: boolean
  /** Bytes per second, all relayed connections together. */
  readonly rate: number
  /** Bytes and seconds of one relayed connection, where it may carry content. */
  readonly limit: number
  readonly duration: number
  readonly reservations: number
}

/** Every option with its value: the only place where defaults of options are. */
export interface Config {
  readonly bootstrap: readonly string[]
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly data: string | undefined
  /** `ttl` in seconds. */
  readonly store: { readonly quota: number, readonly ttl: number, readonly kind: 'auto' | 'memory' }
  readonly upload: UploadLimits
  readonly mode: Mode
  readonly sharing: Sharing
  readonly token: ((peer: PeerName, link: string) => Promise<string>) | undefined
  readonly tenants: Readonly<Record<TenantKey, string>>
  readonly iceServers: IceServers
  readonly share: boolean
  readonly mdns: boolean
  readonly upnp: boolean
  readonly server: boolean
  readonly relay: RelayLimits
  readonly network: string
  readonly networkKey: string | undefined
  readonly region: string | undefined
  readonly connections: number
  readonly capacity: CapacityClass
  readonly replication: number
}

const MODES: readonly Mode[] = ['hybrid', 'p2p', 'origin', 'auto']
/** The longest that a timer of the relay takes: three weeks. */
const MAX_RELAY_S = 1_814_400
/** Goes into protocol names and topics. */
const NETWORK_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** @throws ConfigError naming the option, what was expected and what came */
export function resolveConfig (options: ShoalOptions, around: Surroundings): Config {
  const persistent = around.persistent(options)
  const { token, networkKey, region, mode = 'hybrid', network = 'shoal', sharing = 'full' } = options
  if (!MODES.includes(mode)) throw new ConfigError(`mode: expected one of ${MODES.join(', ')}, got ${JSON.stringify(mode)}`)
  if (!NETWORK_NAME.test(network)) throw new ConfigError(`network: expected lower-case letters, digits and dashes, got ${JSON.stringify(network)}`)
  if (networkKey !== undefined && !/^[0-9a-f]{64}$/i.test(networkKey)) throw new ConfigError('networkKey: expected 64 hex digits')
  const open = networkKey === undefined ? undefined : options.listen?.find(isQuic)
  if (open !== undefined) {
    throw new ConfigError(`listen: ${open} cannot be kept to those who have the networkKey, for QUIC brings an encryption of its own: leave it out`)
  }
  if (token !== undefined && typeof token !== 'string' && typeof token !== 'function') {
    throw new ConfigError(`token: expected text, or a function that gives it, got ${JSON.stringify(token)}`)
  }
  if (region !== undefined && (typeof region !== 'string' || region === '' || region.length > 256)) {
    throw new ConfigError(`region: expected text of 1 to 256 characters, got ${JSON.stringify(region)}`)
  }
  const replication = options.policy?.replication ?? (options.server === true ? 3 : 0)
  if (!Number.isInteger(replication) || replication < 0) {
    throw new ConfigError(`policy.replication: expected a whole number, got ${JSON.stringify(replication)}`)
  }
  const ttl = options.store?.ttl ?? Infinity
  if (!(ttl > 0)) throw new ConfigError(`store.ttl: expected a number of seconds above 0, got ${JSON.stringify(ttl)}`)
  const quotas = QUOTAS[options.server === true ? 'server' : around.device]
  return {
    bootstrap: strings(options.bootstrap, 'bootstrap') ?? [],
    listen: strings(options.listen, 'listen') ?? [...around.listen, ...(options.server === true ? [] : around.listenThrough)],
    announce: strings(options.announce, 'announce') ?? [],
    data: options.data,
    store: { quota: parseSize(options.store?.quota ?? quotas[persistent ? 'kept' : 'memory'], 'store.quota'), ttl, kind: options.store?.kind ?? 'auto' },
    upload: { rate: Infinity, slots: around.uploadSlots, monthly: Infinity, yield: false, ...uploadLimits(options.upload ?? {}) },
    mode,
    sharing: checkSharing(sharing),
    token: token === undefined ? undefined : typeof token === 'string' ? () => Promise.resolve(token) : token,
    tenants: secrets(options.tenants),
    iceServers: checkIceServers(options.iceServers),
    share: options.share ?? true,
    mdns: options.mdns ?? false,
    upnp: options.upnp ?? false,
    server: options.server ?? false,
    relay: relayLimits(options.relay, options.server ?? false),
    network,
    networkKey,
    region,
    connections: around.connections,
    capacity: options.server === true ? 3 : around.capacity,
    replication
  }
}

function relayLimits (options: RelayOptions = {}, server: boolean): RelayLimits {
  const { content = false, rate, limit, duration = RELAY_DURATION_S, reservations = RELAY_RESERVATIONS } = options
  if (!server && Object.values(options).some(value => value !== undefined)) {
    throw new ConfigError('relay: only a server relays for others: set server as well')
  }
  if (typeof content !== 'boolean') throw new ConfigError(`relay.content: expected true or false, got ${JSON.stringify(content)}`)
  if (!(duration >= 1 && duration <= MAX_RELAY_S)) {
    throw new ConfigError(`relay.duration: expected a number of seconds from 1 to ${MAX_RELAY_S}, got ${JSON.stringify(duration)}`)
  }
  if (!Number.isInteger(reservations) || reservations < 0) {
    throw new ConfigError(`relay.reservations: expected a whole number, got ${JSON.stringify(reservations)}`)
  }
  const bytes = limit === undefined ? RELAY_LIMIT_BYTES : parseSize(limit, 'relay.limit')
  // by its limit a relay tells both ends what it is for
  if (bytes < RELAYED_CONTENT_BYTES || !Number.isSafeInteger(bytes)) {
    throw new ConfigError(`relay.limit: expected at least ${RELAYED_CONTENT_BYTES} bytes, got ${JSON.stringify(limit)}`)
  }
  const perSecond = rate === undefined ? Infinity : parseRate(rate, 'relay.rate')
  if (!(perSecond > 0)) throw new ConfigError(`relay.rate: expected a rate above 0, got ${JSON.stringify(rate)}`)
  return { content, rate: perSecond, limit: bytes, duration, reservations }
}

function secrets (value: ShoalOptions['tenants'] = {}): Readonly<Record<TenantKey, string>> {
  if (typeof value !== 'object' || value === null || Object.values(value).some(secret => !/^[\w-]{43}$/.test(secret))) {
    throw new ConfigError('tenants: expected secrets of 32 bytes in base64url (43 characters), by the keys of tenants')
  }
  return value
}

function strings (value: readonly string[] | undefined, option: string): readonly string[] | undefined {
  if (value !== undefined && !(Array.isArray(value) && value.every(item => typeof item === 'string'))) {
    throw new ConfigError(`${option}: expected a list of strings, got ${JSON.stringify(value)}`)
  }
  return value
}
