import { expect } from 'chai'
import { ConfigError, type ShoalOptions } from '@shoal/interface'
import { resolveConfig, type Surroundings } from '../src/config.js'
import { browserDevice } from '../src/quotas.js'
import { parseRate, parseSize } from '../src/units.js'

const around: Surroundings = {
  listen: ['/memory/1'],
  uploadSlots: 16,
  connections: 300,
  capacity: 2,
  device: 'desktop',
  persistent: options => options.data !== undefined
}

describe('units', () => {
  it('reads sizes and rates with and without units', () => {
    const table: [number | string, number][] = [
      [512, 512], ['512', 512], ['512KiB', 524_288], ['2GiB', 2 ** 31], ['10MB', 10_000_000], ['1.5 kB', 1_500], ['0', 0]
    ]
    for (const [text, bytes] of table) expect(parseSize(text, 'x'), String(text)).to.equal(bytes)
    expect(parseRate('10Mbit', 'x')).to.equal(1_250_000)
    expect(parseRate('10Mbit/s', 'x')).to.equal(1_250_000)
    expect(parseRate('2MB', 'x')).to.equal(2_000_000)
    expect(parseRate('8kbps', 'x')).to.equal(8_000)
  })

  it('says which option is wrong and what was expected', () => {
    for (const bad of ['', 'ten', '10 parsecs', '-1', -1, Number.NaN, '10Mbit']) {
      expect(() => parseSize(bad, 'store.quota'), String(bad)).to.throw(ConfigError, 'store.quota: expected')
    }
  })
})

describe('device', () => {
  it('is a phone where the browser says so', () => {
    const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'
    const firefox = 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0'
    const desktop = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
    expect([iphone, firefox, desktop].map(userAgent => browserDevice({ userAgent }))).to.deep.equal(['phone', 'phone', 'browser'])
    expect(browserDevice({ userAgent: desktop, userAgentData: { mobile: true } })).to.equal('phone')
    expect(browserDevice({ userAgent: firefox, userAgentData: { mobile: false } })).to.equal('browser')
  })
})

describe('config', () => {
  it('knows three degrees of sharing', () => {
    expect(resolveConfig({ sharing: 'off' }, around).sharing).to.equal('off')
    expect(() => resolveConfig({ sharing: 'some' as 'off' }, around)).to.throw(ConfigError, 'sharing: expected one of full, download, off, got "some"')
  })

  it('has the documented default of every option', () => {
    expect(resolveConfig({}, around)).to.deep.equal({
      bootstrap: [],
      listen: ['/memory/1'],
      announce: [],
      data: undefined,
      store: { quota: 256 * 2 ** 20, ttl: Infinity, kind: 'auto' },
      upload: { rate: Infinity, slots: 16, monthly: Infinity, yield: false },
      mode: 'hybrid',
      sharing: 'full',
      token: undefined,
      tenants: {},
      iceServers: [],
      share: true,
      mdns: false,
      upnp: false,
      server: false,
      network: 'shoal',
      networkKey: undefined,
      connections: 300,
      capacity: 2,
      replication: 0
    })
    const quotas = (device: Surroundings['device'], options: ShoalOptions = {}): number[] => [{ ...options, data: '/d' }, options]
      .map(options => resolveConfig(options, { ...around, device }).store.quota / 2 ** 20)
    expect(quotas('phone')).to.deep.equal([256, 64])
    expect(quotas('browser')).to.deep.equal([1024, 256])
    expect(quotas('desktop')).to.deep.equal([2048, 256])
    expect(quotas('desktop', { server: true })).to.deep.equal([16_384, 1024])
    expect(resolveConfig({ server: true }, around)).to.include({ capacity: 3, replication: 3 })
    expect(resolveConfig({ server: true, policy: { replication: 0 } }, around).replication).to.equal(0)
    expect(resolveConfig({ policy: { replication: 5 } }, around).replication).to.equal(5)
  })

  it('takes every option', async () => {
    const config = resolveConfig({
      bootstrap: ['/ip4/1.2.3.4/tcp/1'],
      listen: ['/ip4/0.0.0.0/tcp/1'],
      announce: ['/dns4/a/tcp/1'],
      data: '/d',
      store: { quota: '1GiB', ttl: 3600, kind: 'memory' },
      upload: { rate: '8Mbit', slots: 3, monthly: '50GB', yield: true },
      mode: 'p2p',
      token: 'secret',
      iceServers: [{ urls: 'stun:stun.example' }],
      share: false,
      mdns: true,
      upnp: true,
      server: true,
      network: 'acme'
    }, around)
    expect(config).to.deep.include({
      bootstrap: ['/ip4/1.2.3.4/tcp/1'],
      listen: ['/ip4/0.0.0.0/tcp/1'],
      announce: ['/dns4/a/tcp/1'],
      data: '/d',
      store: { quota: 2 ** 30, ttl: 3600, kind: 'memory' },
      upload: { rate: 1_000_000, slots: 3, monthly: 50e9, yield: true },
      mode: 'p2p',
      iceServers: [{ urls: 'stun:stun.example' }],
      share: false,
      mdns: true,
      upnp: true,
      server: true,
      network: 'acme'
    })
    expect(await config.token?.('peer', 'link')).to.equal('secret')
  })

  it('refuses nonsense by name', () => {
    const table: [Record<string, unknown>, string][] = [
      [{ tenants: { a: 'short' } }, 'tenants: expected secrets of 32 bytes'],
      [{ networkKey: 'short' }, 'networkKey: expected 64 hex digits'],
      [{ token: 1 }, 'token: expected text, or a function'],
      [{ mode: 'fast' }, 'mode: expected one of hybrid, p2p, origin, auto, got "fast"'],
      [{ network: 'No Spaces' }, 'network: expected'],
      [{ bootstrap: '/ip4/1.2.3.4' }, 'bootstrap: expected a list'],
      [{ listen: [1] }, 'listen: expected a list'],
      [{ upload: { slots: 1.5 } }, 'upload.slots: expected'],
      [{ upload: { monthly: 'much' } }, 'upload.monthly: expected'],
      [{ upload: { rate: 'fast' } }, 'upload.rate: expected'],
      [{ policy: { replication: -1 } }, 'policy.replication: expected'],
      [{ store: { quota: 'big' } }, 'store.quota: expected'],
      [{ store: { ttl: 0 } }, 'store.ttl: expected']
    ]
    for (const [options, message] of table) expect(() => resolveConfig(options, around)).to.throw(ConfigError, message)
  })
})
