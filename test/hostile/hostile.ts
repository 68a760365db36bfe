/**
 * A node in a hostile world. Four processes: a victim, one honest node that gives it a content, one that gets another from it, and
 * attackers, of one kind at a time, who are members of both swarms. While they are at work both honest transfers have to keep four fifths
 * of the speed they have without them, a newcomer must be let in, the victim must not grow, no wrong byte may come to anybody, and the
 * victim has to say whom it shut out and why. It has a third content, for those who show a token, of which nobody may learn anything.
 *
 * Honest transfers go at a fixed rate far below what the machine can do, and are compared with those right before, so that the figures
 * do not hang on the machine.
 *
 *     node test/hostile/hostile.ts [words of an attack's name]
 */

import { createTenant } from '@shoal/policy/issuing'
import { Checks, Problem } from '../support/checks.ts'
import { RawPeer } from '../support/raw-peer.ts'
import { expect, sleep, within } from '../support/waiting.ts'
import type * as attackers from './attackers.ts'
import { attacks, type Attack } from './attacks.ts'
import { Child, endChildren } from './child.ts'
import type { Goods, Scene } from './goods.ts'
import type * as node from './node.ts'

/** Bytes per second of each honest transfer, and of what they get. */
const RATE = 2_000_000
const BYTES = 8 * 1024 * 1024

const LEAST_SPEED = 0.8

/** What the victim may grow by while it is attacked, bytes. */
const GROWTH = 128 * 1024 * 1024

/** For connections to be ended that say nothing: handshakes have 10 s, sessions without a sign of life 35 s. */
const ISOLATION_S = 60

type Node = Child<typeof node.calls>

interface Stage {
  readonly victim: Node
  readonly giver: Node
  readonly getter: Node
  readonly attackers: Child<typeof attackers.calls>
  readonly scene: Pick<Scene, 'victim' | 'kept' | 'tenant'>
  /** Where the giver is reached, and the victim by a slow line. */
  readonly giverAddr: string
  readonly line: string
}

const [words = ''] = process.argv.slice(2)
const checks = new Checks()
const chosen = attacks.filter(({ name }) => name.includes(words))
let round = 0

try {
  const stage = await prepare()
  await transfers(stage, await goods(stage)) // everybody has met, and code is warm
  for (const attack of chosen) await checks.check(attack.name, () => survive(stage, attack))
} finally {
  endChildren()
}
checks.end()

async function prepare (): Promise<Stage> {
  const [victim, giver, getter] = [new Child<typeof node.calls>('node.ts'), new Child<typeof node.calls>('node.ts'), new Child<typeof node.calls>('node.ts')]
  const tenant = await createTenant()
  const met = await victim.call('start', { rate: 0, tenant })
  const kept = { seed: 'kept', bytes: BYTES, manifest: await victim.call('publish', { seed: 'kept', bytes: BYTES, policy: { token: tenant.tenant } }) }
  const { addrs: [giverAddr = ''] } = await giver.call('start', { rate: RATE })
  await getter.call('start', { rate: 0 })
  const line = await getter.call('line', { addr: met.addrs[0] ?? '', rate: RATE })
  return { victim, giver, getter, attackers: new Child<typeof attackers.calls>('attackers.ts'), scene: { victim: met, kept, tenant }, giverAddr, line }
}

/** Two contents that were never given before, open where they are to go. */
async function goods ({ victim, giver, getter, giverAddr, line, scene: always }: Stage): Promise<Scene> {
  const n = round++
  const [given, got] = [`given ${n}`, `got ${n}`]
  const scene: Scene = {
    ...always,
    given: { seed: given, bytes: BYTES, manifest: await victim.call('publish', { seed: given, bytes: BYTES }) },
    got: { seed: got, bytes: BYTES, manifest: await giver.call('publish', { seed: got, bytes: BYTES }) }
  }
  await victim.call('open', { manifest: scene.got.manifest, addr: giverAddr })
  await getter.call('open', { manifest: scene.given.manifest, addr: line })
  return scene
}

/** Both at the same time. @returns seconds of the slower one */
async function transfers ({ victim, giver, getter }: Stage, { given, got }: Scene): Promise<number> {
  const results = await Promise.all([victim.call('read', got), getter.call('read', given)])
  const bad = results.reduce((sum, result) => sum + result.bad, 0)
  expect(bad === 0, `${bad} wrong bytes were delivered`)
  const close = async (node: Node, { manifest }: Goods): Promise<void> => { await node.call('close', { manifest }) }
  await Promise.all([close(victim, given), close(victim, got), close(giver, got), close(getter, given)])
  return Math.max(...results.map(({ seconds }) => seconds))
}

async function survive (stage: Stage, attack: Attack): Promise<void> {
  const { victim } = stage
  const alone = await transfers(stage, await goods(stage))
  await victim.call('said')
  const { peak: before } = await victim.call('memory')
  const scene = await goods(stage)
  let identities: readonly string[]
  let attacked: number
  let remaining: number
  let gainers: number
  try {
    identities = await stage.attackers.call('attack', { name: attack.name, scene })
    ;[attacked] = await Promise.all([transfers(stage, scene), welcome(stage)])
    remaining = attack.ends ? await isolate(stage, identities) : 0
    gainers = await stage.attackers.call('gainers')
  } finally {
    await stage.attackers.call('stop')
  }
  const { peak } = await victim.call('memory')
  const { penalties, disconnects, refusals } = await victim.call('said')

  const problems: string[] = []
  const speed = alone / attacked
  if (speed < LEAST_SPEED) problems.push(`honest transfers kept ${(100 * speed).toFixed(0)} % of their speed`)
  if (peak - before > GROWTH) problems.push(`the victim grew by ${((peak - before) / 1e6).toFixed(0)} MB`)
  if (remaining > 0) problems.push(`${remaining} attackers were not turned away within ${ISOLATION_S} s`)
  if (gainers > 0) problems.push(`${gainers} attackers have what is not for them`)
  for (const [index, fault] of (attack.faults ?? []).entries()) {
    const said = refusals.filter(({ peer, by }) => by === 'us' && peer === identities[index]).map(({ reason }) => reason)
    if (!said.includes(fault)) problems.push(`the token of ${identities[index]} was not refused as ${fault}: ${said.join(', ') || 'nothing was said'}`)
  }
  // a stall may be the fault of the machine, and costs next to nothing
  const strangers = penalties.filter(({ peer, reason }) => !identities.includes(peer) && reason !== 'stalled')
  if (strangers.length > 0) problems.push(`honest peers were penalised: ${JSON.stringify(strangers)}`)
  const told = (id: string): boolean => penalties.some(({ peer, reason }) => peer === id && attack.reasons.includes(reason))
  for (const id of attack.reasons.length === 0 ? [] : identities.filter(id => !told(id))) {
    problems.push(`${id} was not penalised for ${attack.reasons.join(' or ')}: ${JSON.stringify([...penalties, ...disconnects].filter(({ peer }) => peer === id))}`)
  }
  console.log(`          ${(100 * speed).toFixed(0)} % of the speed (${alone.toFixed(1)} s alone, ${attacked.toFixed(1)} s), ${((peak - before) / 1e6).toFixed(0)} MB more, ` +
    `${new Set(penalties.map(({ peer }) => peer)).size} of ${identities.length} penalised`)
  if (problems.length > 0) throw new Problem(problems.join('\n'))
}

/** Somebody who was never there before is let in while the attack is on. */
async function welcome ({ scene: { victim: { addrs } } }: Stage): Promise<void> {
  const newcomer = await RawPeer.start()
  try {
    await within(10, newcomer.meet({ addrs }), 'a session with the victim for a newcomer')
  } finally {
    await newcomer.stop()
  }
}

/** @returns how many attackers are still there in the end */
async function isolate ({ victim, attackers }: Stage, peers: readonly string[]): Promise<number> {
  for (const end = performance.now() + ISOLATION_S * 1000; ; await sleep(100)) {
    const remaining = await attackers.call('remaining') + await victim.call('sessions', { peers })
    if (remaining === 0 || performance.now() > end) return remaining
  }
}
