import { BootstrapError, ConfigError } from '@shoal/interface'
import { parse, withPeer } from './addrs.js'
import { MAX_WELL_KNOWN_ADDRS, MAX_WELL_KNOWN_BYTES } from './defaults.js'

export interface ResolveBootstrapOptions {
  /** @default the global fetch */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** Ends the look-up; time-outs are the caller's. */
  readonly signal?: AbortSignal | undefined
  /** Told of each entry that gave nothing while others did. */
  readonly onfailure?: ((error: BootstrapError) => void) | undefined
}

/**
 * Multiaddrs of the first nodes to dial. An entry is a multiaddr, taken as it is, or the URL of a node or web server whose
 * `/.well-known/shoal` answers with `{ "peerId": "12D3Koo…", "addrs": ["/dns4/…", …] }`. Redirects are not followed: no address outside
 * the configuration is contacted.
 *
 * @throws ConfigError when an entry is neither, or is an http URL that is not of this machine
 * @throws BootstrapError when there are entries and none of them gave an address
 */
export async function resolveBootstrap (entries: readonly string[], options: ResolveBootstrapOptions = {}): Promise<string[]> {
  const failures: BootstrapError[] = []
  const found = await Promise.all(entries.map(checkBootstrap).map(async entry => {
    if (typeof entry === 'string') return [entry]
    try {
      return await wellKnown(entry, options)
    } catch (cause) {
      options.signal?.throwIfAborted()
      const silent = `no answer from ${entry.href}: ${(cause as Error).message}`
      failures.push(cause instanceof BootstrapError ? cause : new BootstrapError(silent, { cause }))
      return []
    }
  }))
  const addrs = [...new Set(found.flat())]
  if (entries.length > 0 && addrs.length === 0) {
    const reasons = failures.map(error => error.message).join('; ')
    throw new BootstrapError(`no bootstrap entry gave an address: ${reasons}`, { cause: failures[0] })
  }
  for (const failure of failures) options.onfailure?.(failure)
  return addrs
}

/**
 * An entry of the bootstrap list as a multiaddr in text, or the URL to ask.
 *
 * @throws ConfigError when it is neither, or is an http URL that is not of this machine
 */
export function checkBootstrap (entry: string): string | URL {
  const wanted = 'expected a multiaddr or an https URL as bootstrap'
  if (entry.startsWith('/')) {
    if ((parse(entry)?.getComponents().length ?? 0) === 0) throw new ConfigError(`${wanted}, got "${entry}", which is no multiaddr`)
    return entry
  }
  if (!URL.canParse(entry)) throw new ConfigError(`${wanted}, got "${entry}"`)
  const url = new URL('/.well-known/shoal', entry)
  const loopback = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new ConfigError(`${wanted} (http only for this machine), got "${entry}"`)
  }
  return url
}

async function wellKnown (url: URL, { fetch = globalThis.fetch, signal }: ResolveBootstrapOptions): Promise<string[]> {
  const response = await fetch(url, {
    credentials: 'omit', redirect: 'error', headers: { accept: 'application/json' }, ...(signal === undefined ? {} : { signal })
  })
  if (!response.ok) throw new BootstrapError(`expected status 200 from ${url.href}, got ${response.status}`)
  const text = await readText(response, url)
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new BootstrapError(`expected JSON from ${url.href}, got "${text.slice(0, 40)}"`)
  }
  const { peerId, addrs } = (typeof json === 'object' && json !== null ? json : {}) as { peerId?: unknown, addrs?: unknown }
  if (typeof peerId !== 'string' || !Array.isArray(addrs) || parse(`/p2p/${peerId}`) === undefined) {
    throw new BootstrapError(`expected { "peerId": "12D3Koo…", "addrs": [ … ] } from ${url.href}, got something else`)
  }
  const usable = addrs.slice(0, MAX_WELL_KNOWN_ADDRS).flatMap(addr => (typeof addr === 'string' ? withPeer(addr, peerId) : undefined) ?? [])
  if (usable.length === 0) throw new BootstrapError(`expected multiaddrs of ${peerId} from ${url.href}, got none`)
  return usable
}

async function readText (response: Response, url: URL): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  let bytes = 0
  const reader = response.body?.getReader()
  for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader?.read()) {
    bytes += read.value.byteLength
    if (bytes > MAX_WELL_KNOWN_BYTES) {
      reader?.cancel().catch(() => {})
      throw new BootstrapError(`expected at most ${MAX_WELL_KNOWN_BYTES} bytes from ${url.href}, got more`)
    }
    text += decoder.decode(read.value, { stream: true })
  }
  return text + decoder.decode()
}
