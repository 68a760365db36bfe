/** What attackers do, each of several identities at the same time. */

import { connect, type Socket } from 'node:net'
import { swarmIdOf } from '@shoal/content'
import type { HaveDelta, PenaltyReason, SwarmId, TokenFault } from '@shoal/interface'
import { encodeMessage, MAX_BLOCKS_PER_MESSAGE, type Message } from '@shoal/wire'
import { RawPeer } from '../support/raw-peer.ts'
import { sleep } from '../support/waiting.ts'
import { badTokens } from './bad-tokens.ts'
import { BLOCK_BYTES, bytesOf, type Goods, type Scene } from './goods.ts'
import { pacedProxy, type Rates } from './paced-proxy.ts'

/** Attackers come from here, so that whoever counts by address counts them apart from the honest. */
export const ATTACKERS_ADDRESS = '127.0.0.66'

/** Handles of the two swarms on an attacker's session. */
const GIVEN = 1
const GOT = 2

const ALL: HaveDelta = { complete: [{ start: 0, count: 1 }], partial: [] }

export interface Attack {
  readonly name: string
  /** Each identity has to be penalised for one of these; of an attack that the protocol cannot see, none. */
  readonly reasons: readonly PenaltyReason[]
  /** What the victim has to say of the token of each identity, in their order. @default nothing */
  readonly faults?: readonly TokenFault[]
  /** The victim has to end every connection. */
  readonly ends: boolean
  /** @default 4 */
  readonly identities?: number
  /** Begins one identity's attack; what goes on does so until `signal`. */
  readonly run: (scene: Scene, signal: AbortSignal, index: number) => Promise<Attacker>
}

/** An attacker at work. */
export interface Attacker {
  /** Of one that has a session with the victim. */
  readonly id?: string
  /** The victim ended what it holds; of one with a session the victim itself is asked. */
  readonly left?: () => boolean
  /** It has what it has no right to. */
  readonly gained?: () => boolean
}

export const attacks: readonly Attack[] = [
  {
    name: 'wrong bytes',
    reasons: ['corrupt-block'],
    ends: true,
    run: giving((peer, { id, blocks }) => { for (const block of blocks) void peer.give(id, block, bytesOf(`${id}`, BLOCK_BYTES)) })
  },
  {
    name: 'right bytes for the wrong block',
    reasons: ['corrupt-block'],
    ends: true,
    run: giving((peer, { id, blocks }, { got }) => { for (const block of blocks) void peer.give(id, block, blockOf(got, block + 1)) })
  },
  {
    name: 'have-maps that lie',
    // a block that it has not is not asked of it again, and a penalty is for those who have many not
    reasons: [],
    ends: false,
    run: giving((peer, { id, blocks }) => {
      peer.send({ type: 'refuse', id, reason: 'not-found', blocks })
      peer.send({ type: 'have', handle: GOT, delta: ALL, more: false, bytes: 0 })
    })
  },
  {
    name: 'everything promised, nothing given',
    reasons: ['stalled', 'false-have'],
    ends: false,
    run: giving(() => {})
  },
  {
    name: 'requests for everything, again and again',
    reasons: ['spam'],
    ends: true,
    run: joined(async (peer, { given }, signal) => {
      const all = Array.from({ length: Math.min(MAX_BLOCKS_PER_MESSAGE, Math.ceil(given.bytes / BLOCK_BYTES)) }, (_, block) => block)
      await repeat(peer, signal, 20_000, id => ({ type: 'request', handle: GIVEN, id: id + 1, segment: 0, blocks: all }))
    })
  },
  {
    name: 'never reading',
    reasons: [],
    ends: true,
    run: throttled(1e-9)
  },
  {
    name: 'reading one byte a second',
    reasons: [],
    ends: true,
    run: throttled(1)
  },
  {
    name: 'blocks that nobody asked for, past all credit',
    reasons: ['protocol-violation'],
    ends: true,
    run: joined(async peer => { for (let block = 0; block < 32; block++) await peer.give(1_000 + block, block, bytesOf('unasked', BLOCK_BYTES)) })
  },
  {
    name: 'frame floods',
    reasons: ['spam'],
    ends: true,
    identities: 5,
    run: joined(async (peer, _scene, signal, index) => {
      const frames: readonly ((n: number) => Message)[] = [
        nonce => ({ type: 'ping', nonce }),
        start => ({ type: 'have', handle: GIVEN, delta: { complete: [{ start, count: 1 }], partial: [] }, more: false, bytes: 0 }),
        segment => ({ type: 'fetching', handle: GOT, segment }),
        id => ({ type: 'cancel', id, blocks: [1, 2, 3] }),
        n => ({ type: 'leave', handle: 3 + n % 1_000 })
      ]
      await repeat(peer, signal, 100_000, frames[index] as (n: number) => Message)
    })
  },
  {
    name: 'half-open streams and connections',
    reasons: [],
    ends: true,
    identities: 12,
    run: async (scene, signal, index) => index < 6 ? await silent(scene, signal) : await plug(scene, signal, 20, () => {})
  },
  {
    name: 'reset storms',
    reasons: [],
    ends: false,
    run: joined(async (peer, _scene, signal) => {
      while (!signal.aborted && !peer.left) {
        try {
          (await peer.newStream()).abort(new Error('reset'))
        } catch {
          await sleep(5)
        }
      }
    })
  },
  {
    name: 'a thousand connections at once',
    reasons: [],
    ends: true,
    identities: 10,
    run: async (scene, signal, index) => await plug(scene, signal, 100, socket => {
      if (index % 2 === 0) socket.write(bytesOf('garbage', 1_000))
    })
  },
  {
    name: 'announcement floods',
    reasons: ['bad-announcement'],
    ends: true,
    run: joined(async (peer, { given }, signal) => {
      const topic = `/shoal/shoal/swarm/${await swarmIdOf(given.manifest)}`
      peer.pubsub.subscribe(topic)
      for (let n = 0; !signal.aborted && !peer.left; n++) {
        await peer.pubsub.publish(topic, bytesOf(`${peer.id} ${n}`, 900)).catch(() => {})
        if (n % 20 === 0) await sleep(10)
      }
    })
  },
  {
    name: 'oversized and deeply nested messages',
    reasons: ['protocol-violation', 'bad-head'],
    ends: true,
    run: joined(async (peer, _scene, signal, index) => {
      if (index === 0) peer.raw(Uint8Array.of(0x13, 0, 0, 1, 0xff, 0xff, 0xff, 0xff))
      else if (index === 1) await repeat(peer, signal, 100, () => ({ type: 'head', handle: GOT, bytes: new Uint8Array(50_000).fill(0x81), more: true }))
      else if (index === 2) peer.raw(Uint8Array.of(0x16, 0, 0, GOT, 0, 0, 0, 1, 0xff))
      else {
        const bits = new Uint8Array(2_000).fill(0xff)
        await repeat(peer, signal, 1_000, n => ({
          type: 'have', handle: GIVEN, delta: { complete: [], partial: Array.from({ length: 20 }, (_, i) => ({ segment: n, first: i * 16_000, bits })) }, more: true, bytes: 0
        }))
      }
    })
  },
  {
    name: 'tokens that do not count, again and again',
    reasons: [],
    faults: badTokens.map(({ fault }) => fault),
    ends: false,
    identities: badTokens.length,
    run: knocking
  }
]

type Work = (peer: RawPeer, scene: Scene, signal: AbortSignal, index: number) => Promise<void>
type Respond = (peer: RawPeer, request: Parameters<NonNullable<RawPeer['onrequest']>>[0], scene: Scene) => void

/** A member of both swarms that claims to hold what the victim is getting. */
function joined (work: Work, respond: Respond = () => {}): Attack['run'] {
  return async (scene, signal, index) => {
    const peer = await RawPeer.start({ localAddress: ATTACKERS_ADDRESS })
    peer.onrequest = request => { respond(peer, request, scene) }
    await peer.meet(scene.victim)
    await enter(peer, scene)
    work(peer, scene, signal, index).catch((error: unknown) => { if (!peer.left && !signal.aborted) throw error })
    return { id: peer.id }
  }
}

/** Does nothing but answer requests. */
function giving (respond: Respond): Attack['run'] {
  return joined(async () => {}, respond)
}

/** Shows one of the bad tokens. */
async function knocking (scene: Scene, signal: AbortSignal, index: number): Promise<Attacker> {
  const peer = await RawPeer.start({ localAddress: ATTACKERS_ADDRESS })
  const token = await badTokens[index]?.make(scene, peer.id)
  const swarm = await swarmIdOf(scene.kept.manifest)
  await peer.meet(scene.victim)
  knock(peer, swarm, token, signal).catch((error: unknown) => { if (!peer.left && !signal.aborted) throw error })
  return { id: peer.id, gained: () => heardOf(peer, swarm) }
}

/** Joins with a token ten times a second, under another handle each time, and asks for what is there before it is answered. */
async function knock (peer: RawPeer, swarm: SwarmId, token: string | undefined, signal: AbortSignal): Promise<void> {
  for (let handle = 1; !signal.aborted && !peer.left && handle < 0xffff; handle++) {
    peer.send({ type: 'join', handle, swarm, token })
    peer.send({ type: 'have', handle, delta: ALL, more: false, bytes: 0 })
    peer.send({ type: 'request', handle, id: handle, segment: 0, blocks: [0] })
    await sleep(100)
  }
}

/** Whether it has a block, or knows what the victim holds there, or who else is there. */
function heardOf ({ messages, blocks }: RawPeer, swarm: SwarmId): boolean {
  const handles = new Set(messages.flatMap(message => message.type === 'join' && message.swarm === swarm ? message.handle : []))
  return blocks.size > 0 || messages.some(message => {
    if (message.type === 'have') return handles.has(message.handle) && message.delta.complete.length + message.delta.partial.length > 0
    return (message.type === 'pex' || message.type === 'head') && handles.has(message.handle)
  })
}

/** Asks for everything, and from then on reads at a rate of bytes per second. */
function throttled (rate: number): Attack['run'] {
  return async scene => {
    const peer = await RawPeer.start()
    const rates: Rates = { up: 1e9, down: 1e9 }
    await peer.meet({ addrs: [await pacedProxy(scene.victim.addrs.find(addr => !addr.includes('/ws')) ?? '', rates, ATTACKERS_ADDRESS)] })
    await enter(peer, scene)
    rates.down = rate
    const blocks = Array.from({ length: Math.ceil(scene.given.bytes / BLOCK_BYTES) }, (_, block) => block)
    for (let id = 1; id <= 4; id++) peer.send({ type: 'request', handle: GIVEN, id, segment: 0, blocks })
    return { id: peer.id }
  }
}

async function enter (peer: RawPeer, { given, got }: Scene): Promise<void> {
  await peer.join(given.manifest, 0, GIVEN)
  await peer.join(got.manifest, 1, GOT)
}

/** A connection with streams on which nothing is ever said. */
async function silent ({ victim }: Scene, signal: AbortSignal): Promise<Attacker> {
  const peer = await RawPeer.start({ localAddress: ATTACKERS_ADDRESS })
  await peer.connect(victim)
  const streams = await Promise.allSettled([1, 2].map(async () => await peer.newStream()))
  const open = streams.flatMap(stream => stream.status === 'fulfilled' ? [stream.value] : [])
  signal.addEventListener('abort', () => { void peer.stop() })
  return { id: peer.id, left: () => peer.left || open.every(stream => stream.status !== 'open') }
}

/** Sockets that never begin a handshake. */
async function plug ({ victim }: Scene, signal: AbortSignal, count: number, begin: (socket: Socket) => void): Promise<Attacker> {
  const [, host, port] = /\/ip4\/([^/]+)\/tcp\/(\d+)\/p2p/.exec(victim.addrs.join(' ')) ?? []
  let open = count
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ host: host as string, port: Number(port), localAddress: ATTACKERS_ADDRESS })
    socket.on('error', () => {})
    socket.once('connect', () => { begin(socket) })
    socket.once('close', () => { open-- })
    socket.resume()
    return socket
  })
  signal.addEventListener('abort', () => { for (const socket of sockets) socket.destroy() })
  return { left: () => open === 0 }
}

/** Sends messages at a rate per second, as long as there is somebody to send them to. */
async function repeat (peer: RawPeer, signal: AbortSignal, rate: number, message: (n: number) => Message): Promise<void> {
  const start = performance.now()
  for (let n = 0; !signal.aborted && !peer.left;) {
    const due = Math.min((performance.now() - start) / 1000 * rate, n + rate / 10)
    const frames: Uint8Array[] = []
    while (n < due) frames.push(encodeMessage(message(n++)))
    peer.raw(Buffer.concat(frames))
    await sleep(5)
  }
}

function blockOf ({ seed, bytes }: Goods, block: number): Uint8Array {
  const at = block * BLOCK_BYTES % bytes
  return bytesOf(seed, bytes).subarray(at, at + BLOCK_BYTES)
}
