/** What a libp2p peer of somebody else does in a network of Shoal nodes, whatever it is made of. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { swarmIdOf } from '@shoal/content'
import { EXCHANGE_PROTOCOL } from '@shoal/wire'
import type { Content } from 'shoal'
import { swarmKey } from '../../packages/routing/dist/src/key.js'
import { expect } from '../../test/support/waiting.ts'
import type { Cells } from './cells.ts'
import { bare, publishRandom, readHash } from './contents.ts'
import type { Key, PeerProcess } from './peer.ts'
import { closePages, NETWORK, ShoalPage, shoalNode, stopNodes } from './shoals.ts'
import { soon } from './until.ts'

/** How two nodes can be connected, as the rows of the table say it. */
export interface Way {
  readonly name: string
  /** In a multiaddr that it goes by. */
  readonly match: RegExp
  /** What a Shoal node listens on for it. */
  readonly listen: string
  /** Protocol id of the security, when it is on top of the transport. */
  readonly security?: string
}

export const TCP: Way = { name: 'TCP', match: /\/tcp\/\d+\/p2p\//, listen: '/ip4/127.0.0.1/tcp/0' }
export const WS: Way = { name: 'WebSocket', match: /\/tcp\/\d+\/ws\//, listen: '/ip4/127.0.0.1/tcp/0/ws' }
const DIRECT: Way = { name: 'WebRTC-Direct', match: /\/webrtc-direct\//, listen: '/ip4/127.0.0.1/udp/0/webrtc-direct' }
export const QUIC: Way = { name: 'QUIC', match: /\/quic-v1\/p2p\//, listen: '/ip4/127.0.0.1/udp/0/quic-v1' }

export interface Traits {
  readonly name: string
  /** Protocol ids of the securities on TCP: of a connection that Shoal dials, and of one that the partner dials. */
  readonly dialled: string
  readonly dials: string
  /** Why there is no WebRTC-Direct. */
  readonly noDirect?: string
  /** It does not say what secures a connection: it is started with one security at a time. */
  readonly mute?: true
  readonly noKad?: string
  readonly noGossip?: string
  readonly noRelay?: string
}

/** @param without a part of it, so that it is not that which works */
export type Starter = (without?: 'kad' | 'noise' | 'tls') => Promise<PeerProcess>

/** Connections by every transport that both have, dialled from either side, with identify and ping over each. */
export async function transports (cells: Cells, traits: Traits, start: Starter): Promise<void> {
  const { name, mute } = traits
  const [partner, tlsAlone, noiseAlone] = mute === true ? [await start(), await start('noise'), await start('tls')] : [await start()]
  for (const way of [TCP, WS, DIRECT, QUIC]) {
    const missing = way === DIRECT ? traits.noDirect : undefined
    const outward = `${way.name}, dialled by Shoal`
    const inward = `${way.name}, dialled by the partner`
    const [dialled, dialling] = way === TCP ? [tlsAlone ?? partner, noiseAlone ?? partner] : [partner, partner]
    const addr = dialled.addrs.find(addr => way.match.test(addr))
    if (missing !== undefined) {
      for (const row of [outward, inward]) cells.none(name, 'Node.js', row, missing)
      cells.none(name, 'Chromium', outward, missing)
      continue
    }
    await cells.check(name, 'Node.js', outward, async () => {
      expect(addr !== undefined, `${name} does not listen by ${way.name}: ${partner.addrs.join(', ')}`)
      const node = await shoalNode({ listen: [], bootstrap: [addr] })
      return await introduced(dialled, node.peerId, way === TCP ? traits.dialled : undefined, mute)
    })
    await cells.check(name, 'Node.js', inward, async () => {
      const node = await shoalNode({ listen: [way.listen] })
      const to = node.addrs.find(addr => way.match.test(addr))
      expect(to !== undefined, `Shoal does not listen by ${way.name}: ${node.addrs.join(', ')}`)
      await dialling.ask('dial', { addrs: [to] })
      return await introduced(dialling, node.peerId, way === TCP ? traits.dials : undefined, mute)
    })
    if (way === TCP || way === QUIC) cells.none(name, 'Chromium', outward, `pages have no ${way.name}`)
    else {
      await cells.check(name, 'Chromium', outward, async () => {
        expect(addr !== undefined, `${name} does not listen by ${way.name}: ${partner.addrs.join(', ')}`)
        const page = await ShoalPage.open([addr])
        return await introduced(partner, await page.ask('peerId'))
      })
    }
    cells.none(name, 'Chromium', inward, 'a page is dialled by WebRTC through a relay alone, which only js-libp2p speaks')
  }
  for (const one of [partner, tlsAlone, noiseAlone]) await one?.end()
  await stopAll()
}

/** The partner knows who is there, by identify and by ping. */
export async function introduced (partner: PeerProcess, peer: string, security?: string, mute?: true): Promise<string> {
  const connection = await soon('a connection', async () => (await partner.ask('connections', {})).find(found => found.peer === peer))
  expect(mute === true || security === undefined || connection.security === security, `expected ${security} on the connection, got ${JSON.stringify(connection)}`)
  const { protocols, agent } = await soon('identify', async () => {
    const found = await partner.ask('identify', { peer })
    return found.protocols.includes(EXCHANGE_PROTOCOL) ? found : undefined
  })
  expect(protocols.includes('/ipfs/ping/1.0.0'), `no ping among ${protocols.join(', ')}`)
  const { ms } = await partner.ask('ping', { peer })
  const secured = mute === true ? security ?? 'secured' : connection.security === '' ? 'own security' : connection.security
  return [secured, agent, `ping ${ms.toFixed(1)} ms`].filter(said => said !== '').join(', ')
}

/** They find Shoal's provider in their DHT, Shoal finds through it another Shoal, and them. */
export async function kad (cells: Cells, traits: Traits, start: Starter): Promise<void> {
  const { name, noKad } = traits
  const rows = ['DHT: they find Shoal’s provider', 'DHT: Shoal finds Shoal through them', 'DHT: Shoal finds them'] as const
  if (noKad !== undefined) {
    for (const row of rows) for (const end of ['Node.js', 'Chromium'] as const) cells.none(name, end, row, noKad)
    return
  }
  const partner = await start()
  const bootstrap = [partner.addrs.find(addr => TCP.match.test(addr)) ?? '']
  const overWs = [partner.addrs.find(addr => WS.match.test(addr)) ?? '']
  const publisher = await shoalNode({ bootstrap, server: true })
  const made = await publishRandom(publisher, 700_000)
  const swarm = await swarmIdOf(made.manifest)
  const key = keyOf(swarm)
  await cells.check(name, 'Node.js', rows[0], async () => {
    const found = await soon('a provider', async () => (await partner.ask('find', key)).find(({ peer }) => peer === publisher.peerId))
    return `${found.addrs.length} addresses`
  })
  await cells.check(name, 'Node.js', rows[1], async () => {
    const node = await shoalNode({ listen: [], bootstrap })
    expect(await readHash(await node.open(bare(made.link)), made.path) === made.sha256, 'other bytes')
  })
  await cells.check(name, 'Chromium', rows[0], async () => {
    const page = await ShoalPage.open(overWs)
    await soon('an address of the page', async () => (await page.ask('addrs')).find(addr => addr.includes('/webrtc')))
    const { manifest } = await page.ask('publish', 'page.bin', 10_000)
    const peer = await page.ask('peerId')
    const wanted = keyOf(await swarmIdOf(manifest))
    await soon('a provider', async () => (await partner.ask('find', wanted)).find(found => found.peer === peer))
  })
  await closePages()
  await cells.check(name, 'Chromium', rows[1], async () => {
    const other = await shoalNode({ listen: [WS.listen], bootstrap, server: true })
    const content = await publishRandom(other, 300_000)
    const wanted = keyOf(await swarmIdOf(content.manifest))
    await soon('a provider', async () => (await partner.ask('find', wanted)).find(({ peer }) => peer === other.peerId))
    const page = await ShoalPage.open(overWs)
    const got = await page.ask('fetch', bare(content.link))
    expect(got.sha256 === content.sha256, 'other bytes')
  })
  // each leaves a peer behind that is gone, which later lookups would wait for
  await cells.check(name, 'Node.js', rows[2], async () => {
    // nobody has this content; the partner says that it does, and is asked
    const node = await shoalNode({ listen: [], bootstrap })
    await met(partner, start, node.peerId, link => { node.open(link).catch(() => {}) })
  })
  await partner.end()
  await cells.check(name, 'Chromium', rows[2], async () => {
    const fresh = await start()
    const page = await ShoalPage.open([fresh.addrs.find(addr => WS.match.test(addr)) ?? ''])
    await met(fresh, start, await page.ask('peerId'), async link => { await page.ask('look', link) })
    await fresh.end()
  })
  await stopAll()
}

function keyOf (swarm: string): Key {
  const cid = swarmKey(swarm)
  return { key: cid.toString(), multihash: Buffer.from(cid.multihash.bytes).toString('hex') }
}

/**
 * Whoever looks for a content whose publisher is gone comes to a second peer of the partner's kind, which says that it has it, and which is
 * known to the first alone.
 */
async function met (partner: PeerProcess, start: Starter, peer: string, look: (link: string) => void | Promise<void>): Promise<void> {
  const gone = await shoalNode()
  const { link, manifest } = await publishRandom(gone, 1000)
  await gone.stop()
  const other = await start()
  await other.ask('dial', { addrs: partner.addrs.filter(addr => TCP.match.test(addr)).slice(0, 1) })
  await soon('a record', async () => {
    await other.ask('provide', keyOf(await swarmIdOf(manifest))).catch(() => undefined)
    return (await partner.ask('find', keyOf(await swarmIdOf(manifest)))).find(found => found.peer === other.peer)
  })
  await look(bare(link))
  await soon('the connection', async () => (await other.ask('connections', {})).find(found => found.peer === peer))
  await other.end()
}

/** They hear announcements, and forward them between Shoal nodes that know nobody else. */
export async function gossip (cells: Cells, traits: Traits, start: Starter): Promise<void> {
  const { name, noGossip } = traits
  const rows = ['gossipsub: they hear announcements', 'gossipsub: they forward announcements'] as const
  if (noGossip !== undefined) {
    for (const row of rows) for (const end of ['Node.js', 'Chromium'] as const) cells.none(name, end, row, noGossip)
    return
  }
  const partner = await start('kad')
  const bootstrap = [partner.addrs.find(addr => TCP.match.test(addr)) ?? '']
  const overWs = [partner.addrs.find(addr => WS.match.test(addr)) ?? '']
  const publisher = await shoalNode({ bootstrap })
  const made = await publishRandom(publisher, 700_000)
  const topic = `/shoal/${NETWORK}/swarm/${await swarmIdOf(made.manifest)}`
  await partner.ask('subscribe', { topic })
  const from = (peer: string) => async () => (await partner.ask('heard', { topic })).find(heard => heard.from === peer)
  await cells.check(name, 'Node.js', rows[0], async () => {
    const { announcement } = await soon('an announcement', from(publisher.peerId))
    if (announcement === undefined) return undefined
    expect(announcement.share === 65_535, `expected the announcement of a publisher, got ${JSON.stringify(announcement)}`)
    return `read: ${announcement.addrs.join(', ')}`
  })
  await cells.check(name, 'Node.js', rows[1], async () => {
    const reader = await shoalNode({ listen: [], bootstrap })
    const opened = new Map<string, Content>()
    await forwarded(partner, bootstrap, {
      async keep (link) {
        const content = await reader.open(link)
        opened.set(link, content)
        await content.fetchAll()
      },
      connected: async link => opened.get(link)?.stats.connected ?? 0
    })
  })
  await cells.check(name, 'Chromium', rows[0], async () => {
    const page = await ShoalPage.open(overWs)
    const { manifest } = await page.ask('publish', 'page.bin', 10_000)
    const peer = await page.ask('peerId')
    const other = `/shoal/${NETWORK}/swarm/${await swarmIdOf(manifest)}`
    await partner.ask('subscribe', { topic: other })
    await soon('an announcement', async () => (await partner.ask('heard', { topic: other })).find(heard => heard.from === peer))
  })
  await cells.check(name, 'Chromium', rows[1], async () => {
    const page = await ShoalPage.open(overWs)
    await forwarded(partner, bootstrap, { keep: async link => { await page.ask('keep', link) }, connected: async link => await page.ask('connected', link) })
  })
  await partner.end()
  await stopAll()
}

interface Reader {
  keep (link: string): Promise<void>
  connected (link: string): Promise<number>
}

/** The reader has the content; its publisher comes back at an address that nobody but itself can tell, and knows the partner alone. */
async function forwarded (partner: PeerProcess, bootstrap: readonly string[], reader: Reader): Promise<void> {
  const data = await mkdtemp(join(tmpdir(), 'shoal-interop-'))
  const listen = [TCP.listen, WS.listen]
  try {
    const before = await shoalNode({ data, listen })
    const { link, manifest } = await publishRandom(before, 700_000)
    await reader.keep(link)
    await partner.ask('subscribe', { topic: `/shoal/${NETWORK}/swarm/${await swarmIdOf(manifest)}` })
    await before.stop()
    await soon('the publisher to be missed', async () => await reader.connected(link) === 0 ? true : undefined)
    await shoalNode({ data, listen, bootstrap })
    await soon('the reader to hear of the publisher, and to dial it', async () => await reader.connected(link) > 0 ? true : undefined, 120)
  } finally {
    await stopNodes()
    await rm(data, { recursive: true, force: true })
  }
}

/** They relay the signalling between a page and others. */
export async function relay (cells: Cells, traits: Traits, start: Starter): Promise<void> {
  const { name, noRelay } = traits
  const row = 'relay: a page is reached through them'
  if (noRelay !== undefined) {
    for (const end of ['Node.js', 'Chromium'] as const) cells.none(name, end, row, noRelay)
    return
  }
  const partner = await start()
  const overWs = [partner.addrs.find(addr => WS.match.test(addr)) ?? '']
  const page = await ShoalPage.open(overWs)
  let made: { link: string, sha256: string } | undefined
  const published = async (): Promise<{ link: string, sha256: string }> => {
    await soon('an address of the page', async () => (await page.ask('addrs')).find(addr => addr.includes(`/p2p/${partner.peer}/p2p-circuit/webrtc`)))
    return made ??= await page.ask('publish', 'page.bin', 700_000)
  }
  await cells.check(name, 'Node.js', row, async () => {
    const { link, sha256 } = await published()
    const node = await shoalNode({ listen: [], bootstrap: overWs })
    expect(await readHash(await node.open(link), 'page.bin') === sha256, 'other bytes')
    const over = node.status.peers.filter(({ stats }) => stats.received > 0).map(({ transport }) => transport)
    expect(over.every(transport => transport === 'webrtc'), `the bytes came over ${over.join(', ')}`)
    return `bytes over ${over.join(', ')}`
  })
  await cells.check(name, 'Chromium', row, async () => {
    const { link, sha256 } = await published()
    const viewer = await ShoalPage.open(overWs)
    const got = await viewer.ask('fetch', link)
    expect(got.sha256 === sha256, 'other bytes')
    expect(got.over.every(transport => transport === 'webrtc'), `the bytes came over ${got.over.join(', ')}`)
    return `bytes over ${got.over.join(', ')}`
  })
  await partner.end()
  await stopAll()
}

export async function stopAll (): Promise<void> {
  await closePages()
  await stopNodes()
}
