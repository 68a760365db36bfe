/** The attackers of the scene, all in one process. */

import { attacks, type Attacker } from './attacks.ts'
import { answer } from './child.ts'
import type { Scene } from './goods.ts'
import { RawPeer } from '../support/raw-peer.ts'

let working: Attacker[] = []
let ending = new AbortController()

export const calls = {
  /** @returns the identities of those that have a session with the victim, when all have begun */
  async attack ({ name, scene }: { name: string, scene: Scene }): Promise<readonly string[]> {
    const attack = attacks.find(known => known.name === name)
    if (attack === undefined) throw new Error(`no attack ${name}`)
    ending = new AbortController()
    for (let index = 0; index < (attack.identities ?? 4); index++) working.push(await attack.run(scene, ending.signal, index))
    return working.flatMap(({ id }) => id ?? [])
  },

  /** Those without a session that the victim has not turned away yet. */
  async remaining (): Promise<number> {
    return working.filter(({ left }) => left?.() === false).length
  },

  /** Those that have what they have no right to. */
  async gainers (): Promise<number> {
    return working.filter(({ gained }) => gained?.() === true).length
  },

  async stop (): Promise<void> {
    ending.abort()
    await RawPeer.stopAll()
    working = []
  }
}

answer(calls)
