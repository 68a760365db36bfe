import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { expect } from 'chai'
import type { PurgeList } from '@shoal/content'
import { buildPurge, type BuiltManifest } from '@shoal/content/publishing'
import type { BlockPlace, BlockRef, ServeHandler, ShoalEvents } from '@shoal/interface'
import type { OpenSwarm } from '../src/index.js'
import { randomBytes } from './bytes.js'
import { collect, type TestNode } from './node.js'
import type { VirtualNet } from './virtual-net.js'

export const FILES = { 'a/1.bin': randomBytes(300_000, 1), 'a/2.bin': randomBytes(300_000, 2), 'b.bin': randomBytes(300_000, 3) }

export const keyOf = async (seed: number): Promise<PrivateKey> => await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(seed))

export async function signed ({ manifest }: BuiltManifest, what: Partial<PurgeList>, seed = 1): Promise<Uint8Array> {
  const list = { content: { manifest: manifest.summary.cid }, sequence: 1, all: false, paths: [], cids: [], reason: 'court order', tag: undefined }
  return await buildPurge({ ...list, ...what }, await keyOf(seed))
}

export async function blocksOf ({ manifest }: BuiltManifest, path: string): Promise<BlockRef[]> {
  const { index, blocks } = await manifest.find(path)
  return Array.from({ length: blocks }, (_, block) => manifest.block(index, block))
}

export async function holds ({ store }: TestNode, built: BuiltManifest, path: string): Promise<boolean> {
  return (await blocksOf(built, path)).some(({ digest }) => store.has(digest))
}

export async function read (swarm: OpenSwarm, path: string): Promise<Uint8Array> {
  return await collect(swarm.read(await (await swarm.manifest()).find(path), {}))
}

/** What this peer answers the first of those that are connected to it. */
export async function served (net: VirtualNet, peer: string, place: BlockPlace): ReturnType<ServeHandler['read']> {
  const { serve, sessions } = net.exchanges.get(peer) ?? expect.fail(`there is no ${peer}`)
  const [session] = sessions
  return await serve?.read(place, session ?? expect.fail(`nobody is connected to ${peer}`))
}

export async function failure (promise: Promise<unknown>): Promise<string> {
  return await promise.then(() => expect.fail('it should fail'), (error: Error) => error.name)
}

export const details = ({ events }: TestNode, wanted: keyof ShoalEvents): unknown[] => {
  return events.filter(({ name }) => name === wanted).map(({ detail }) => detail)
}
