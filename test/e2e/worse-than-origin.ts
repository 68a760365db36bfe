/**
 * Worse than the origin alone is a bug: a viewer plays a film over a slow origin, alone, and through Shoal with no peers, peers at 1/20 of
 * the needed rate, peers that take requests and never answer, and peers that give wrong bytes. Start-up and stalls must be within 10 % of
 * those of the origin alone in the same run.
 *
 *     node test/e2e/worse-than-origin.ts
 *
 * The clock starts when the player asks for the first segment. `read`: the content is open by then, so its manifest is known. `fetch`: the
 * content begins to open at that very moment, and whatever is asked for before it is open passes through to the origin.
 *
 * All play side by side, each over a line of its own, so that whatever else the machine does hits all alike; in rounds, and medians count.
 */

import type { Content, Shoal } from 'shoal'
import { Checks } from '../support/checks.ts'
import { expect, until } from '../support/waiting.ts'
import { BLOCK, cleanUp, hash, linkTo, node, randomBytes, readAll } from './bad-input/bench.ts'
import type { RawPeer } from '../support/raw-peer.ts'
import { slowOrigin, type Line } from './worse-than-origin/origin.ts'
import { badPeer, type Behaviour, type Goods } from './worse-than-origin/peers.ts'
import { watch, type Film, type Watched } from './worse-than-origin/player.ts'

const ROUNDS = 3
const SEGMENT_BYTES = 4 * BLOCK + 100_000
const FILM: Film = { segments: Array.from({ length: 6 }, (_, i) => `seg${i}.m4s`), segmentMs: 2_000, bufferMs: 5_000 }
const NEED_BPS = SEGMENT_BYTES * 1000 / FILM.segmentMs
const PEERS = 2
const TOLERANCE = 0.1
/** Beside the tenth: timers, and the turns of some fifty nodes on one thread of a machine that has other things to do. */
const GRAIN_MS = 250

const LINES: Record<string, Line> = {
  'an origin that pauses for a while': { latencyMs: 80, rate: ms => ms > 5_000 && ms < 6_200 ? 0 : 1.6 * NEED_BPS },
  'an origin slower than the film': { latencyMs: 80, rate: () => 0.85 * NEED_BPS }
}

type Case = 'none' | Behaviour
const CASES: Record<Case, string> = {
  none: 'no peers',
  slow: 'peers at 1/20 of the needed rate',
  silent: 'peers that take requests and never answer',
  garbage: 'peers that give wrong bytes'
}

const bytes = FILM.segments.map(() => randomBytes(SEGMENT_BYTES))
const digests = bytes.map(hash)
const files = new Map(FILM.segments.map((path, i) => [path, bytes[i] as Uint8Array]))

/** Ready to play; everything that takes part is there. */
interface Contender { readonly play: () => Promise<Watched>, readonly stop: () => Promise<void> }

async function plain (line: Line): Promise<Contender> {
  const origin = await slowOrigin(files, line)
  const get = async (path: string): Promise<Uint8Array> => await (await fetch(origin.url + path)).bytes()
  return { play: () => watch(FILM, get), stop: () => Promise.resolve(origin.stop()) }
}

async function shoal (line: Line, way: 'read' | 'fetch', kind: Case): Promise<Contender> {
  const origin = await slowOrigin(files, line)
  const publisher = await node(kind === 'slow' ? { upload: { rate: NEED_BPS / 20 } } : {})
  const { manifest } = await publisher.publishBytes(files, { name: 'film', origin: origin.url })
  const viewer = await node()
  const goods: Goods = { manifest, segments: bytes, rate: NEED_BPS / 20 }
  const peers: RawPeer[] = []
  const join = async (): Promise<void> => {
    if (kind === 'none') return
    peers.push(...await Promise.all(Array.from({ length: PEERS }, () => badPeer(kind, viewer, goods))))
  }
  const others: Shoal[] = [viewer, publisher]
  let link = linkTo(publisher, manifest)
  let play: () => Promise<Watched>
  if (way === 'read') {
    const content = await viewer.open(link)
    // the manifest's page, too
    await content.stat(FILM.segments[0] as string)
    if (kind !== 'slow') await publisher.stop()
    await join()
    await until(5, () => content.stats.connected === peers.length + (kind === 'slow' ? 1 : 0), 'the peers in the swarm')
    play = () => watch(FILM, (path, deadline) => readAll(content, path, { deadline }))
  } else {
    if (kind === 'silent' || kind === 'garbage') {
      // who gives the manifest has nothing else
      const holder = await node()
      await (await holder.open(link)).stat(FILM.segments[0] as string)
      link = linkTo(holder, manifest)
      others.push(holder)
    }
    if (kind !== 'slow') await publisher.stop()
    play = async () => {
      let content: Content | undefined
      const opening = viewer.open(link).then(opened => { content = opened })
      opening.catch(() => {})
      const joining = until(10, () => kind === 'none' || content !== undefined, 'the content open').then(join)
      const watched = await watch(FILM, async (path, deadline) => await (await viewer.fetch(origin.url + path, { deadline })).bytes())
      await joining
      return watched
    }
  }
  const stop = async (): Promise<void> => {
    origin.stop()
    await Promise.all([...others, ...peers].map(each => each.stop()))
  }
  return { play, stop }
}

function median (values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number
}

const WAYS = ['read', 'fetch'] as const
const results = new Map<string, Watched[]>()

async function round (): Promise<void> {
  const contenders = new Map<string, Contender>()
  for (const [name, line] of Object.entries(LINES)) {
    contenders.set(`${name} alone`, await plain(line))
    for (const way of WAYS) {
      for (const kind of Object.keys(CASES) as Case[]) contenders.set(`${name} ${way} ${kind}`, await shoal(line, way, kind))
    }
  }
  await Promise.all([...contenders].map(async ([name, { play }]) => {
    const watched = await play()
    results.set(name, [...results.get(name) ?? [], watched])
  }))
  await Promise.all([...contenders.values()].map(({ stop }) => stop()))
}

const checks = new Checks()
try {
  for (let i = 0; i < ROUNDS; i++) {
    console.log(`  round ${i + 1} of ${ROUNDS}`)
    await round()
  }
  for (const name of Object.keys(LINES)) {
    const alone = results.get(`${name} alone`) ?? []
    const of = (runs: readonly Watched[], what: 'startMs' | 'stallMs'): number => median(runs.map(run => run[what]))
    for (const way of WAYS) {
      for (const [kind, peers] of Object.entries(CASES)) {
        const runs = results.get(`${name} ${way} ${kind}`) ?? []
        const [start, stall] = [of(runs, 'startMs'), of(runs, 'stallMs')]
        const [startAlone, stallAlone] = [of(alone, 'startMs'), of(alone, 'stallMs')]
        const figures = `start ${Math.round(start)} ms (alone ${Math.round(startAlone)}), stalls ${Math.round(stall)} ms (alone ${Math.round(stallAlone)})`
        await checks.check(`${name}, ${peers}, ${way}: ${figures}`, () => {
          expect(runs.length === ROUNDS, `expected ${ROUNDS} rounds, got ${runs.length}`)
          for (const run of runs) expect(run.bytes.map(hash).join() === digests.join(), 'the player got other bytes')
          expect(start <= startAlone * (1 + TOLERANCE) + GRAIN_MS, 'starts later than with the origin alone')
          expect(stall <= stallAlone * (1 + TOLERANCE) + GRAIN_MS, 'stalls longer than with the origin alone')
        })
      }
    }
  }
} finally {
  await cleanUp()
}
checks.end()
