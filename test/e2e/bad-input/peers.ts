/** Peers that break the protocol, lie or sit still, each beside an honest one that gives at a limited rate. */

import { join } from 'node:path'
import { MANIFEST_SEGMENT } from '@shoal/content'
import type { Content, PenaltyReason, Shoal } from 'shoal'
import { encodeDataHeader, MAX_FRAME_BYTES } from '@shoal/wire'
import type { Checks } from '../../support/checks.ts'
import { expect, until, within } from '../../support/waiting.ts'
import { at, BLOCK, expectFile, expectServes, hash, linkTo, node, randomBytes, readAll, release } from './bench.ts'
import { RawPeer } from '../../support/raw-peer.ts'

const PATH = 'film.mp4'
const BYTES = randomBytes(12 * BLOCK + 1000)

interface Attack {
  readonly name: string
  readonly expected: readonly PenaltyReason[]
  /** What the penalty has to say. */
  readonly words: string
  /** The peer is only slow: its session may stay. */
  readonly stays?: boolean
  /** Bytes per second of the honest peer beside it. @default 6 MB */
  readonly rate?: string
  readonly run: (peer: RawPeer) => void | Promise<void>
}

const attacks: readonly Attack[] = [
  {
    name: 'blocks with wrong bytes',
    expected: ['corrupt-block'],
    words: '',
    run: peer => { peer.onrequest = ({ id, blocks }) => { for (const block of blocks) void peer.give(id, block, randomBytes(BLOCK)) } }
  },
  {
    name: 'blocks of a wrong length',
    expected: ['corrupt-block'],
    words: `expected a block of ${BLOCK} bytes, got one of 5`,
    run: peer => { peer.onrequest = ({ id, blocks }) => { for (const block of blocks) void peer.give(id, block, randomBytes(5)) } }
  },
  {
    name: 'a frame cut off in the middle',
    expected: ['protocol-violation'],
    words: 'a stream that ends inside one',
    run: peer => {
      peer.onrequest = ({ id, blocks: [block = 0] }) => {
        void peer.data(async stream => {
          stream.send(encodeDataHeader({ id, block, offset: 0, total: BLOCK }, 30_000))
          stream.send(new Uint8Array(10_000))
          await stream.close()
        })
      }
    }
  },
  {
    name: 'a frame of 4 GiB',
    expected: ['protocol-violation'],
    words: `expected a frame of at most ${MAX_FRAME_BYTES} bytes, got the header of one with 4294967303`,
    run: peer => { peer.raw(Uint8Array.of(0x15, 0, 0, 1, 0xff, 0xff, 0xff, 0xff)) }
  },
  {
    name: 'a frame one byte over the cap',
    expected: ['protocol-violation'],
    words: `got the header of one with ${MAX_FRAME_BYTES + 1}`,
    run: peer => {
      const length = MAX_FRAME_BYTES + 1 - 8
      peer.raw(Uint8Array.of(0x15, 0, 0, 1, 0, 0, length >> 8, length & 0xff))
    }
  },
  {
    name: 'bytes past the end of a block',
    expected: ['protocol-violation'],
    words: 'expected bytes inside a block',
    run: peer => {
      peer.onrequest = ({ id, blocks: [block = 0] }) => {
        void peer.data(stream => { stream.send(encodeDataHeader({ id, block, offset: BLOCK - 1, total: BLOCK }, 30_000)) })
      }
    }
  },
  {
    name: 'DATA that nobody asked for',
    expected: ['protocol-violation'],
    words: 'expected bytes of blocks that were asked for',
    run: async peer => { await peer.give(999, 0, randomBytes(BLOCK)) }
  },
  {
    name: 'a flood of control frames',
    expected: ['spam'],
    words: 'control frames a second',
    run: peer => {
      const ping = Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 1)
      const many = new Uint8Array(ping.byteLength * 2000)
      for (let i = 0; i < 2000; i++) many.set(ping, i * ping.byteLength)
      for (let i = 0; i < 20; i++) peer.raw(many)
    }
  },
  {
    name: 'everything claimed and nothing ever given',
    expected: ['stalled', 'false-have'],
    words: '',
    stays: true,
    rate: '1MB',
    run: () => {}
  }
]

export async function peers (checks: Checks): Promise<void> {
  for (const attack of attacks) await checks.check(`a peer that sends ${attack.name}`, () => survive(attack))

  const honest = await node()
  const { manifest, content } = await honest.publishBytes(new Map([[PATH, BYTES]]), { name: PATH })

  const built = signed(content)
  const other = await node()
  const foreign = await other.publishBytes(new Map([['other.bin', randomBytes(1000)]]), { name: 'other.bin' })
  const { envelope } = built
  const forgeries: Record<string, Uint8Array> = {
    'with one bit of its signature flipped': envelope.with(-1, (envelope.at(-1) as number) ^ 1),
    'of another manifest': signed(foreign.content).envelope,
    'that is garbage': randomBytes(200)
  }
  for (const [name, forged] of Object.entries(forgeries)) {
    await checks.check(`a manifest with a signature ${name}`, () => forge(forged, honest, manifest, built.root.bytes))
  }
}

/** What a content was opened from; not part of the public interface. */
function signed (content: Content): { readonly envelope: Uint8Array, readonly root: { readonly bytes: Uint8Array } } {
  return (content as unknown as { manifest: ReturnType<typeof signed> }).manifest
}

async function survive (attack: Attack): Promise<void> {
  // slow enough for the victim to ask the other peer too
  const honest = await node({ upload: { rate: attack.rate ?? '6MB' } })
  const { manifest } = await honest.publishBytes(new Map([[PATH, BYTES]]), { name: PATH })
  const victim = await node()
  const content = await victim.open(linkTo(honest, manifest))
  const peer = await RawPeer.start()
  await peer.meet(victim)
  await peer.join(manifest, 1)
  await until(5, () => content.stats.connected === 2, 'both peers in the swarm')
  const out = at(join('peers', victim.peerId))
  const saved = content.save(out)
  const read = readAll(content, PATH)
  read.catch(() => {})
  await attack.run(peer)
  await within(20, saved, 'saving')
  await expectFile(out, BYTES)
  expect(hash(await within(20, read, 'reading')) === hash(BYTES), 'a reader got other bytes')
  await until(5, () => victim.said.penalties.length > 0, 'a penalty')
  const penalty = victim.said.penalties.find(({ peer: who, reason, detail }) => {
    return who === peer.id && attack.expected.includes(reason) && detail.includes(attack.words)
  })
  expect(penalty !== undefined, `expected a penalty ${attack.expected.join(' or ')} "${attack.words}", got ${JSON.stringify(victim.said.penalties)}`)
  expect(victim.said.penalties.every(({ peer: who }) => who === peer.id), `the honest peer was penalised: ${JSON.stringify(victim.said.penalties)}`)
  if (attack.stays !== true) await until(5, () => peer.left, 'the end of the session')
  expect(content.stats.peers[peer.id] === undefined, 'the peer got credit')
  expect(victim.said.errors.length === 0, `errors: ${victim.said.errors.map(({ error }) => error.message).join('; ')}`)
  if (penalty.reason === 'corrupt-block') {
    // banned: the same peer is not let in again
    await peer.meet(victim).catch(() => {})
    await until(5, () => peer.left, 'a banned peer that comes back turned away')
  }
  await honest.stop()
  await expectServes(victim, manifest, PATH, BYTES)
  release(victim, peer)
}

async function forge (forged: Uint8Array, honest: Shoal, manifest: string, root: Uint8Array): Promise<void> {
  const victim = await node()
  const opening = victim.open(`shoal:${manifest}`)
  opening.catch(() => {})
  const peer = await RawPeer.start()
  peer.onrequest = ({ id, segment, blocks }) => {
    if (segment === MANIFEST_SEGMENT && blocks[0] === 0) void peer.give(id, 0, root)
  }
  await peer.meet(victim)
  await peer.join(manifest, 1)
  peer.head(forged)
  await until(5, () => victim.said.penalties.length > 0, 'a penalty')
  const [penalty] = victim.said.penalties
  expect(penalty?.peer === peer.id && penalty.reason === 'bad-head' && penalty.score === -100, `unexpected penalty ${JSON.stringify(penalty)}`)
  await until(5, () => peer.left, 'the end of the session')
  expect(victim.contents.length === 0, 'the content opened all the same')
  const content = await within(10, victim.open(linkTo(honest, manifest)), 'opening by a link that names an honest peer')
  expect(hash(await within(20, readAll(content, PATH), 'reading')) === hash(BYTES), 'a reader got other bytes')
  await opening
  await expectServes(victim, manifest, PATH, BYTES)
  release(victim, peer)
}
