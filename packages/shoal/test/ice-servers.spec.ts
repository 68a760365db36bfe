import { ConfigError } from '@shoal/interface'
import { expect } from 'chai'
import { resolveConfig, type Surroundings } from '../src/config.js'
import { checkIceServers, type IceServers } from '../src/ice-servers.js'

const user = { username: 'me@home', credential: 'a:b' }

describe('ICE servers', () => {
  it('are STUN servers, and TURN servers with a user', () => {
    const servers: IceServers = [
      { urls: 'stun:stun.example' }, { urls: ['stun:192.0.2.1:3478', 'stun:[2001:db8::1]:3478'] }, { urls: 'turn:turn.example:3478', ...user },
      { urls: ['stun:a.example', 'turn:a.example?transport=tcp', 'turns:a.example:443?transport=tcp'], ...user }
    ]
    expect(checkIceServers(servers)).to.equal(servers)
    expect(checkIceServers(undefined)).to.deep.equal([])
  })

  const WRONG: [what: string, value: unknown, message: RegExp][] = [
    ['one that is no list', { urls: 'stun:a' }, /expected a list/],
    ['text', ['stun:a'], /expected objects/],
    ['null', [null], /expected objects/],
    ['another key', [{ url: 'stun:a' }], /expected urls, username and credential, got "url"/],
    ['no urls', [{}], /expected urls/],
    ['an empty list of urls', [{ urls: [] }], /expected urls/],
    ['a number', [{ urls: [1] }], /expected stun:HOST:PORT.*got 1/],
    ['another scheme', [{ urls: 'https://stun.example' }], /expected stun:HOST:PORT.*"https:\/\/stun.example"/],
    ['slashes', [{ urls: 'stun://stun.example' }], /expected stun:HOST:PORT/],
    ['no host', [{ urls: 'stun:' }], /expected stun:HOST:PORT/],
    ['a port that is none', [{ urls: 'stun:a:99999' }], /expected stun:HOST:PORT/],
    ['a transport that is none', [{ urls: 'turn:a?transport=sctp', ...user }], /expected stun:HOST:PORT/],
    ['STUN with a transport', [{ urls: 'stun:a?transport=udp' }], /expected stun:HOST:PORT/],
    ['TURN without a user', [{ urls: 'turn:a' }], /expected username and credential for turn:a/],
    ['TURN among others without a password', [{ urls: ['stun:a', 'turns:b'], username: 'me' }], /expected username and credential for turns:b/],
    ['an empty password', [{ urls: 'turn:a', username: 'me', credential: '' }], /expected text as credential/]
  ]
  for (const [what, value, message] of WRONG) {
    it(`refuses ${what}`, () => {
      expect(() => checkIceServers(value as IceServers)).to.throw(ConfigError, message)
    })
  }

  it('keeps passwords out of messages', () => {
    expect(() => checkIceServers([{ urls: 'turn:me:secret@a.example' }])).to.throw(ConfigError, /username and credential/).that.satisfies(
      ({ message }: Error) => !message.includes('secret'))
  })

  it('are checked when a node is created', () => {
    const around = { listen: [], listenThrough: [], device: 'desktop', persistent: () => false } as unknown as Surroundings
    expect(() => resolveConfig({ iceServers: [{ urls: 'turn:a' }] }, around)).to.throw(ConfigError, 'username and credential')
  })
})
