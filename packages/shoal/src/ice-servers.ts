import { ConfigError, type ShoalOptions } from '@shoal/interface'

export type IceServers = NonNullable<ShoalOptions['iceServers']>

/** RFC 7064 and 7065: no user and no path. An address of IPv6 stands in brackets. */
const URL = /^(stun|turns?):(?:[a-z0-9](?:[a-z0-9.-]{0,252}[a-z0-9])?\.?|\[[0-9a-f:.]{2,45}\])(?::(\d{1,5}))?(?:\?transport=(?:udp|tcp))?$/i

/**
 * WebRTC would say what is wrong with a server when somebody is dialled, and only to the log.
 *
 * @throws ConfigError
 */
export function checkIceServers (value: IceServers = []): IceServers {
  const servers: unknown = value
  if (!Array.isArray(servers)) throw new ConfigError('iceServers: expected a list of objects { urls, username, credential }')
  for (const server of servers as readonly unknown[]) {
    if (typeof server !== 'object' || server === null) throw new ConfigError('iceServers: expected objects { urls, username, credential }')
    const { urls, username, credential, ...rest } = server as Record<string, unknown>
    const [unknown] = Object.keys(rest)
    if (unknown !== undefined) throw new ConfigError(`iceServers: expected urls, username and credential, got ${JSON.stringify(unknown)}`)
    const list: unknown = typeof urls === 'string' ? [urls] : urls
    if (!Array.isArray(list) || list.length === 0) throw new ConfigError('iceServers: expected urls, one or a list, for each server')
    for (const url of list) checkUrl(url)
    for (const [name, text] of Object.entries({ username, credential })) {
      // what it is stays out of messages
      if (text !== undefined && (typeof text !== 'string' || text === '')) throw new ConfigError(`iceServers: expected text as ${name}`)
    }
    const turn = list.find(url => /^turn/i.test(url as string)) as string | undefined
    if (turn !== undefined && (username === undefined || credential === undefined)) {
      throw new ConfigError(`iceServers: expected username and credential for ${turn}: give { urls, username, credential }`)
    }
  }
  return value
}

function checkUrl (url: unknown): void {
  const expected = 'iceServers: expected stun:HOST:PORT, turn:HOST:PORT or turns:HOST:PORT, the port if need be'
  if (typeof url === 'string' && url.includes('@')) {
    // it may be a password that stands there
    throw new ConfigError(`${expected}, got one with an @: name and password go into username and credential`)
  }
  const match = typeof url === 'string' ? URL.exec(url) : null
  const port = Number(match?.[2] ?? 1)
  if (match === null || port < 1 || port > 65_535 || (match[1]?.toLowerCase() === 'stun' && (url as string).includes('?'))) {
    throw new ConfigError(`${expected}, got ${JSON.stringify(url)}`)
  }
}
