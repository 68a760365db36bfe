import type { UploadLimits } from '@shoal/engine'
import {
  ConfigError, type CapacityClass, type Mode, type PeerName, type Sharing, type ShoalOptions, type TenantKey, type UploadOptions
} from '@shoal/interface'
import { QUOTAS, type DeviceClass } from './quotas.js'
import { parseRate, parseSize } from './units.js'

/** What differs between the places where a node runs. */
export interface Surroundings {
  readonly listen: readonly string[]
  readonly uploadSlots: number
  readonly connections: number
  readonly capacity: CapacityClass
  readonly device: Exclude<DeviceClass, 'server'>
  /** Whether a store outlives the process or page. */
  readonly persistent: (options: ShoalOptions) => boolean
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
  readonly iceServers: readonly { urls: string | string[], username?: string, credential?: string }[]
  readonly share: boolean
  readonly mdns: boolean
  readonly upnp: boolean
  readonly server: boolean
  readonly network: string
  readonly networkKey: string | undefined
  readonly connections: number
  readonly capacity: CapacityClass
  readonly replication: number
}

const MODES: readonly Mode[] = ['hybrid', 'p2p', 'origin', 'auto']
const SHARING: readonly Sharing[] = ['full', 'download', 'off']
/** Goes into protocol names and topics. */
const NETWORK_NAME = /^[a-z0-9][a-z0-9-]{0,62}$/

/** @throws ConfigError naming the option, what was expected and what came */
export function resolveConfig (options: ShoalOptions, around: Surroundings): Config {
  const persistent = around.persistent(options)
  const { token, networkKey, mode = 'hybrid', network = 'shoal', sharing = 'full' } = options
  if (!MODES.includes(mode)) throw new ConfigError(`mode: expected one of ${MODES.join(', ')}, got ${JSON.stringify(mode)}`)
  if (!NETWORK_NAME.test(network)) throw new ConfigError(`network: expected lower-case letters, digits and dashes, got ${JSON.stringify(network)}`)
  if (networkKey !== undefined && !/^[0-9a-f]{64}$/i.test(networkKey)) throw new ConfigError('networkKey: expected 64 hex digits')
  if (token !== undefined && typeof token !== 'string' && typeof token !== 'function') {
    throw new ConfigError(`token: expected text, or a function that gives it, got ${JSON.stringify(token)}`)
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
    listen: strings(options.listen, 'listen') ?? around.listen,
    announce: strings(options.announce, 'announce') ?? [],
    data: options.data,
    store: { quota: parseSize(options.store?.quota ?? quotas[persistent ? 'kept' : 'memory'], 'store.quota'), ttl, kind: options.store?.kind ?? 'auto' },
    upload: { rate: Infinity, slots: around.uploadSlots, monthly: Infinity, yield: false, ...uploadLimits(options.upload ?? {}) },
    mode,
    sharing: checkSharing(sharing),
    token: token === undefined ? undefined : typeof token === 'string' ? () => Promise.resolve(token) : token,
    tenants: secrets(options.tenants),
    iceServers: options.iceServers ?? [],
    share: options.share ?? true,
    mdns: options.mdns ?? false,
    upnp: options.upnp ?? false,
    server: options.server ?? false,
    network,
    networkKey,
    connections: around.connections,
    capacity: options.server === true ? 3 : around.capacity,
    replication
  }
}

/** @throws ConfigError */
export function checkSharing (sharing: Sharing): Sharing {
  if (!SHARING.includes(sharing)) throw new ConfigError(`sharing: expected one of ${SHARING.join(', ')}, got ${JSON.stringify(sharing)}`)
  return sharing
}

/** What is set of them. @throws ConfigError */
export function uploadLimits ({ rate, slots, monthly, yield: yields }: UploadOptions): Partial<UploadLimits> {
  if (slots !== undefined && (!Number.isInteger(slots) || slots < 0)) {
    throw new ConfigError(`upload.slots: expected a whole number, got ${JSON.stringify(slots)}`)
  }
  if (yields !== undefined && typeof yields !== 'boolean') throw new ConfigError(`upload.yield: expected true or false, got ${JSON.stringify(yields)}`)
  return {
    ...rate !== undefined && { rate: parseRate(rate, 'upload.rate') },
    ...slots !== undefined && { slots },
    ...monthly !== undefined && { monthly: parseSize(monthly, 'upload.monthly') },
    ...yields !== undefined && { yield: yields }
  }
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
