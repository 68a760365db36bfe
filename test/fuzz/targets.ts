/** The decoders that read what strangers send, with right input to start from. */

import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { createHaveMap } from '@shoal/availability'
import { parseLink } from '@shoal/content'
import { BootstrapError, InvalidLinkError, WireError } from '@shoal/interface'
import { hearsayAddrs, resolveBootstrap, usableAddrs } from '@shoal/routing'
import { decodeMessage, encodeDataHeader, encodeMessage, FrameReader, MAX_FRAME_BYTES, type Message } from '@shoal/wire'
import { decodeAnnouncement, encodeAnnouncement } from '../../packages/availability/dist/src/codec.js'
import { decodeMessage as decodeDhtMessage, encodeMessage as encodeDhtMessage, GET_PROVIDERS } from '../../packages/routing/dist/src/client/codec.js'
import { nodeOf, readPeer } from '../../packages/routing/dist/src/client/node.js'
import { liveTargets } from './live-targets.ts'
import { manifestTargets } from './manifest-targets.ts'
import { mutateBytes, mutateText, pick } from './mutate.ts'
import { playlistTarget } from './playlist-target.ts'
import { purgeTarget } from './purge-target.ts'
import type { Target } from './target.ts'
import { tokenTargets } from './token-targets.ts'

const PEER = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const ADDR = '/dns4/example.com/tcp/443/wss'
const CID = 'bafyreigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'

function messages (): Message[] {
  const blocks = [0, 1, 1023]
  return [
    { type: 'hello', version: 1, minVersion: 1, frameCap: 60_000, credit: 2 ** 20, features: 0 },
    { type: 'join', handle: 1, swarm: '00'.repeat(32), token: 'token' },
    { type: 'join-refused', handle: 1, reason: 'unauthorised' },
    {
      type: 'have',
      handle: 1,
      more: false,
      bytes: 0,
      delta: {
        complete: [{ start: 0, count: 5 }, { start: 90, count: 1 }],
        partial: [{ segment: 7, first: 8, bits: new Uint8Array(9).fill(0x55) }],
        dropped: [{ start: 6, count: 1 }]
      }
    },
    { type: 'fetching', handle: 1, segment: 3 },
    { type: 'request', handle: 1, id: 1, segment: 3, blocks },
    { type: 'refuse', id: 1, reason: 'busy', blocks },
    { type: 'cancel', id: 1, blocks },
    { type: 'credit', bytes: 65_536 },
    { type: 'head', handle: 1, bytes: new Uint8Array(100), more: true },
    { type: 'purge', swarm: '00'.repeat(32), bytes: new Uint8Array(100) },
    { type: 'pex', handle: 1, peers: [{ peer: PEER, addrs: [ADDR, '/ip4/192.0.2.1/tcp/4001'] }, { peer: PEER, addrs: [] }] },
    { type: 'ping', nonce: 7 },
    { type: 'revoked', handle: 1, bytes: new Uint8Array(100), more: true },
    { type: 'goodbye', reason: 'leaving' },
    { type: 'choke', handle: 1 }
  ]
}

/** Frames, as a session reads them; what they say goes where a session takes it. */
function wireTarget (): Target {
  const data = encodeDataHeader({ id: 1, block: 0, offset: 0, total: 5 }, 5)
  const frames = [...messages().map(encodeMessage), Uint8Array.from([...data, 1, 2, 3, 4, 5])]
  return {
    name: 'wire',
    error: WireError,
    make (random) {
      const have = createHaveMap({ segments: 100, blocks: 1000 })
      const reader = new FrameReader(MAX_FRAME_BYTES, {
        control (header, payload) {
          const message = decodeMessage(header, payload)
          if (message?.type === 'have') have.apply(message.delta)
          if (message?.type !== 'pex') return
          for (const { addrs } of message.peers) usableAddrs(hearsayAddrs(addrs, { scopes: new Set(['public']), relays: new Set() }), { from: 'node' })
        },
        data () {},
        piece () {},
        skipped () {}
      })
      const bytes = mutateBytes(pick(frames, random), frames, random)
      // half of the time the length is right all the same, so that the rest is looked at
      if (bytes.byteLength >= 8 && random() < 0.5) new DataView(bytes.buffer, bytes.byteOffset).setUint32(4, bytes.byteLength - 8)
      const chunks = random() < 0.5 ? bytes : [bytes.subarray(0, bytes.byteLength >> 1), bytes.subarray(bytes.byteLength >> 1)]
      return () => { reader.push(chunks) }
    }
  }
}

function announcementTarget (): Target {
  const have = { complete: [{ start: 0, count: 500 }, { start: 1000, count: 7 }], partial: [] }
  const right = [
    encodeAnnouncement(PEER, { capacity: 2, share: 0.5, ttl: 60, sequence: 7, addrs: [ADDR, `/ip4/192.0.2.1/tcp/1/p2p/${PEER}`], have }),
    encodeAnnouncement(PEER, { capacity: 0, share: 0, ttl: 0, sequence: 2 ** 53 - 1, addrs: [], have: { complete: [], partial: [] } })
  ]
  return {
    name: 'announcement',
    error: WireError,
    make (random) {
      const bytes = mutateBytes(pick(right, random), right, random)
      return () => {
        const { have, addrs } = decodeAnnouncement(PEER, bytes)
        createHaveMap({ segments: 2000, blocks: 10_000 }).apply(have)
        usableAddrs(addrs, { from: 'browser-public' })
      }
    }
  }
}

/** Answers of DHT servers, as far as a client reads them. */
function dhtTarget (): Target {
  const id = peerIdFromString(PEER).toMultihash().bytes
  const named = { id, addrs: [ADDR, '/ip4/192.0.2.1/tcp/4001', `/ip6/2001:db8::1/udp/1/quic-v1/p2p/${PEER}`].map(addr => multiaddr(addr).bytes) }
  const right = [1, 3, 20].map(count => {
    const peers = Array.from({ length: count }, () => named)
    return encodeDhtMessage({ type: GET_PROVIDERS, key: new Uint8Array(34), closer: peers, providers: peers })
  })
  return {
    name: 'DHT answer',
    error: WireError,
    make (random) {
      const bytes = mutateBytes(pick(right, random), right, random)
      return async () => {
        const { closer, providers } = decodeDhtMessage(bytes)
        for (const peer of [...closer, ...providers]) {
          const read = readPeer(peer)
          if (read !== undefined) await nodeOf(read.peer, read.addrs)
        }
      }
    }
  }
}

function linkTarget (): Target {
  const right = [`shoal:${CID}`, `shoal:${CID}?addr=${encodeURIComponent(`${ADDR}/p2p/${PEER}`)}&origin=https%3A%2F%2Fa.example%2F`, `shoal:${PEER}/show?tenant=${PEER}`]
  return {
    name: 'link',
    error: InvalidLinkError,
    make (random) {
      const text = mutateText(pick(right, random), right, random)
      return () => { parseLink(text) }
    }
  }
}

function bootstrapTarget (): Target {
  const right = [JSON.stringify({ peerId: PEER, addrs: [ADDR, '/ip4/192.0.2.1/tcp/4001', `/ip6/2001:db8::1/udp/1/quic-v1/p2p/${PEER}`] })]
  return {
    name: 'bootstrap list',
    error: BootstrapError,
    make (random) {
      const body = mutateText(pick(right, random), right, random)
      return async () => {
        const addrs = await resolveBootstrap(['https://node.example/'], { fetch: async () => new Response(body) })
        usableAddrs(addrs, { from: 'node' })
      }
    }
  }
}

/** A decoder and how often it is fed among those of its kind. */
export interface Weighed { readonly target: Target, readonly weight: number }

/** The decoders of manifests, live ones included; and all others. */
export async function targets (): Promise<{ manifest: readonly Weighed[], others: readonly Target[] }> {
  const [[root, page, envelope], [head, window]] = [await manifestTargets(), await liveTargets()]
  return {
    manifest: [
      { target: root, weight: 0.4 }, { target: page, weight: 0.3 }, { target: window, weight: 0.15 }, { target: head, weight: 0.1 },
      { target: envelope, weight: 0.05 }
    ],
    others: [
      wireTarget(), announcementTarget(), dhtTarget(), await purgeTarget(), linkTarget(), bootstrapTarget(), playlistTarget(),
      ...await tokenTargets()
    ]
  }
}
