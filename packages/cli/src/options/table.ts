import type { ShoalOptions } from '@shoal/interface'

/**
 * - `string`, `list` (repeatable; several in one environment variable are parted by commas or blanks)
 * - `path`: made absolute, against the working directory or the configuration file's folder
 * - `flag`: true or false; `seconds`, `count`: numbers
 * - `amount`: a size or a rate, a number or a string with a unit
 * - `ice`: as `list` of URLs; the configuration file may hold objects with credentials
 */
export type OptionType = 'string' | 'list' | 'path' | 'flag' | 'seconds' | 'count' | 'amount' | 'ice'

export interface OptionSpec {
  readonly type: OptionType
  /** Name of the value in help. */
  readonly value?: string
  readonly short?: string
  readonly choices?: readonly string[]
  readonly help: string
  /** The default in words, where a command does not set one of its own. */
  readonly default?: string
  /** Passed on to `createShoal` under this word. */
  readonly node?: true
  /** About one run only: neither in the environment nor in a configuration file. */
  readonly once?: true
}

type NodeWord = Exclude<keyof ShoalOptions, 'share' | 'store' | 'upload' | 'relay' | 'policy' | 'tenants'> | 'policy.replication' | 'store.quota' | 'store.kind' |
  'store.ttl' | 'upload.rate' | 'upload.slots' | 'upload.monthly' | 'upload.yield' |
  'relay.content' | 'relay.rate' | 'relay.limit' | 'relay.duration' | 'relay.reservations'

const NODE_OPTIONS = {
  data: { type: 'path', value: 'DIR', node: true, help: 'folder for identity, store and records', default: 'none: all in memory, a new identity each time' },
  bootstrap: { type: 'list', value: 'MULTIADDR|URL', node: true, help: 'a first node to know, or an https URL with /.well-known/shoal', default: 'none' },
  listen: { type: 'list', value: 'MULTIADDR', node: true, help: 'an address to listen on', default: 'TCP and WebSockets on any free port' },
  announce: { type: 'list', value: 'MULTIADDR', node: true, help: 'an address to tell others instead of those listened on', default: 'none' },
  token: { type: 'string', value: 'T', node: true, help: 'token to show when joining a swarm', default: 'none' },
  sharing: { type: 'string', value: 'WHAT', node: true, choices: ['full', 'download', 'off'], help: 'what goes to peers and comes from them', default: 'full' },
  mode: { type: 'string', value: 'MODE', node: true, choices: ['hybrid', 'p2p', 'origin', 'auto'], help: 'where bytes may come from', default: 'hybrid' },
  network: { type: 'string', value: 'NAME', node: true, help: 'nodes of different networks do not see each other', default: 'shoal' },
  networkKey: { type: 'string', value: 'HEX', node: true, help: 'key of a private network: nobody without it connects', default: 'none' },
  region: { type: 'string', value: 'WORD', node: true, help: 'where the node is: those with the same word are dialled before others', default: 'by its network address' },
  mdns: { type: 'flag', node: true, help: 'find nodes of the local network by multicast DNS', default: 'off' },
  upnp: { type: 'flag', node: true, help: 'open a port on the local router by UPnP', default: 'off' },
  server: { type: 'flag', node: true, help: 'relay for others and answer DHT queries', default: 'off' },
  iceServers: { type: 'ice', value: 'URL', node: true, help: 'a STUN or TURN server for WebRTC', default: 'none' },
  'store.quota': { type: 'amount', value: 'SIZE', node: true, help: 'upper bound of the store, as 512MiB', default: '2 GiB with a data folder, 256 MiB in memory; with --server 16 GiB and 1 GiB' },
  'store.ttl': { type: 'seconds', value: 'S', node: true, help: 'fetched blocks are the first to go after S seconds', default: 'unlimited' },
  'store.kind': { type: 'string', value: 'KIND', node: true, choices: ['auto', 'memory'], help: 'where the store lives', default: 'auto' },
  'upload.rate': { type: 'amount', value: 'RATE', node: true, help: 'upper bound of what is given to peers, as 10Mbit', default: 'unlimited' },
  'upload.slots': { type: 'count', value: 'N', node: true, help: 'peers served at the same time', default: '16' },
  'upload.monthly': { type: 'amount', value: 'SIZE', node: true, help: 'upper bound of what is given to peers in a calendar month, as 50GB', default: 'unlimited' },
  'upload.yield': { type: 'flag', node: true, help: 'give less while other traffic uses the uplink', default: 'off' },
  'relay.content': { type: 'flag', node: true, help: 'a server relays content, too, between peers that find no other way', default: 'off: signalling alone' },
  'relay.rate': { type: 'amount', value: 'RATE', node: true, help: 'upper bound of what a server relays, as 10Mbit', default: 'unlimited' },
  'relay.limit': { type: 'amount', value: 'SIZE', node: true, help: 'bytes of one relayed connection, with --relay-content', default: '256MiB' },
  'relay.duration': { type: 'seconds', value: 'S', node: true, help: 'how long one relayed connection may last, with --relay-content', default: '3600' },
  'relay.reservations': { type: 'count', value: 'N', node: true, help: 'peers that may be reached through a server at the same time', default: '1000' },
  'policy.replication': { type: 'count', value: 'N', node: true, help: 'copies of each segment to help to keep in a swarm', default: '3 with --server, otherwise 0' }
} as const satisfies Record<NodeWord, OptionSpec>

/**
 * Every option there is. Flag, environment variable, place in the configuration file and help all follow from here:
 * `store.quota` is `--store-quota`, `SHOAL_STORE_QUOTA` and `{ "store": { "quota": … } }`.
 */
export const OPTIONS = {
  ...NODE_OPTIONS,
  tenant: { type: 'path', value: 'FILE', help: 'keys of a tenant, as "shoal token create" makes them: the node issues its own tokens', default: 'none' },
  'tenant-secret': { type: 'list', value: 'TENANT:SECRET', help: 'a secret of a tenant, by which the node finds and hides its swarms', default: 'none' },
  config: { type: 'path', value: 'FILE', help: 'JSON with the same words as these options', default: 'none' },
  json: { type: 'flag', help: 'one JSON object a line on standard output and nothing else there', default: 'off' },
  verbose: { type: 'flag', short: 'v', help: 'log every connection, fallback and refusal', default: 'off' },
  help: { type: 'flag', short: 'h', once: true, help: 'this page' },

  origin: { type: 'list', value: 'URL', help: 'base URL where the same paths can be had over HTTP', default: 'none' },
  copy: { type: 'flag', help: 'copy the bytes into the store instead of serving them from where they lie', default: 'off' },
  live: { type: 'flag', help: 'follow the HLS playlists or MPDs in a folder or at a URL until the stream ends', default: 'off' },
  once: { type: 'flag', once: true, help: 'store and exit instead of seeding; needs --data' },
  name: { type: 'string', value: 'N', once: true, help: 'what to call the content', default: 'name of the file or folder' },
  'require-token': { type: 'string', value: 'TENANT', once: true, help: 'only for peers with a token of this tenant (its public key, 12D3Koo…)', default: 'public' },

  ttl: { type: 'count', value: 'S', once: true, help: 'copies are worth keeping for S seconds, counted from now; live, from when each segment comes', default: 'for good' },
  replication: { type: 'count', value: 'N', once: true, help: 'copies of each segment that nodes with caching duty keep', default: 'what each of them is told' },
  residency: { type: 'list', value: 'REGION', once: true, help: 'a region that the content may be held in, as EU or CH', default: 'anywhere' },
  renditions: { type: 'list', value: 'A,B,…', once: true, help: 'renditions that belong together, each by the path of its playlist', default: 'none' },
  significantQuery: { type: 'list', value: 'NAME', once: true, help: 'a query parameter that tells one segment from another', default: 'none: queries are ignored' },

  out: { type: 'path', value: 'OUT', short: 'o', once: true, help: 'file, or folder for a content of several files; required' },
  seed: { type: 'flag', help: 'go on seeding when done', default: 'off' },
  'no-origin': { type: 'flag', once: true, help: 'peers only: the same as --mode p2p' },
  timeout: { type: 'seconds', value: 'S', help: 'give up after S seconds without a new byte; 0 never does', default: '60' },

  keep: { type: 'amount', value: 'SIZE', once: true, help: 'remove what is least useful, too, until the store takes no more than SIZE', default: 'all that has not expired' },

  path: { type: 'list', value: 'P', once: true, help: 'path of a segment, or with a / at the end of a folder', default: 'all of the content' },
  cid: { type: 'list', value: 'CID', once: true, help: 'CID of a segment', default: 'all of the content' },
  tag: { type: 'list', value: 'T', once: true, help: 'a tag: publish gives it to a content, purge takes back all that have it', default: 'none' },
  reason: { type: 'string', value: 'TEXT', once: true, help: 'why, for people', default: 'none' },
  hidden: { type: 'flag', once: true, help: 'with a secret, so that nobody else can tell which contents its peers have', default: 'off' },
  peer: { type: 'list', value: 'PEER', once: true, help: 'the peer that the token is for, or that is taken back' },
  'valid-for': { type: 'seconds', value: 'S', once: true, help: 'the token counts for S seconds', default: '3600' },
  role: { type: 'string', value: 'ROLE', once: true, choices: ['viewer', 'seeder', 'edge'], help: 'what the peer is; seeders and edges wait for no turn', default: 'viewer' },
  content: { type: 'list', value: 'LINK', once: true, help: 'a content that the token is for', default: 'all of the tenant' },
  prefix: { type: 'list', value: 'PATH', once: true, help: 'only segments whose path begins so', default: 'all' },
  region: { type: 'string', value: 'CODE', once: true, help: 'where the peer is, for contents with a residency' },
  'token-id': { type: 'list', value: 'ID', once: true, help: 'a token that is taken back: "id" when it was issued' },
  list: { type: 'path', value: 'FILE', once: true, help: 'the list of what is taken back', default: 'the tenant\'s file with .revoked behind' },

  gateway: { type: 'string', value: 'HOST:PORT|off', help: 'HTTP gateway and status page', default: 'off' },
  ipfs: { type: 'string', value: 'HOW', choices: ['off', 'gateway', 'bitswap'], help: 'give public contents to IPFS nodes, too: at /ipfs of the gateway, or there and over Bitswap', default: 'off' },
  metrics: { type: 'string', value: 'HOST:PORT|off', help: 'Prometheus metrics', default: 'off' }
} as const satisfies Record<string, OptionSpec>

export type OptionName = keyof typeof OPTIONS

export interface IceServer { urls: string | string[], username?: string, credential?: string }

interface TypeOf {
  string: string
  list: readonly string[]
  path: string
  flag: boolean
  seconds: number
  count: number
  amount: number | string
  ice: readonly IceServer[]
}

/** Values of options, by their words. What was not set and has no default is absent. */
export type Values = { -readonly [K in OptionName]?: TypeOf[(typeof OPTIONS)[K]['type']] }

/** Options that every command takes which may run a node of its own. */
export const COMMON: readonly OptionName[] = [...Object.keys(NODE_OPTIONS) as OptionName[], 'tenant', 'tenant-secret', 'config', 'json', 'verbose', 'help']

export function specOf (name: OptionName): OptionSpec {
  return OPTIONS[name]
}

/** `store.quota` → `store-quota`, `iceServers` → `ice-servers`. */
export function flagName (name: string): string {
  return name.replace('.', '-').replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

/** `store.quota` → `SHOAL_STORE_QUOTA`; `undefined` for options about one run. */
export function envName (name: OptionName): string | undefined {
  return specOf(name).once === true ? undefined : `SHOAL_${flagName(name).replaceAll('-', '_').toUpperCase()}`
}

/** What of the values `createShoal` takes, in its shape. */
export function nodeOptions (values: Values): ShoalOptions {
  const options: Record<string, unknown> = {}
  for (const name of Object.keys(NODE_OPTIONS) as (keyof typeof NODE_OPTIONS)[]) {
    const value = values[name]
    if (value === undefined) continue
    const [group, word] = name.split('.') as [string, string?]
    if (word === undefined) options[group] = value
    else options[group] = { ...options[group] as object | undefined, [word]: value }
  }
  return options
}
