/** What the checks of bad input share: a folder, nodes and servers that are stopped at the end, and ways to wait. */

import { createHash, randomFillSync } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createShoal, type Content, type Shoal, type ShoalEvents, type ShoalOptions } from 'shoal'
import { Problem } from '../../support/checks.ts'
import { RawPeer } from '../../support/raw-peer.ts'
import { expect, within } from '../../support/waiting.ts'

/** Of media, that is: files of other kinds are cut where their bytes say. */
export const BLOCK = 262_144
export const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

const folder = await mkdtemp(join(tmpdir(), 'shoal-bad-'))
const cleanups: (() => unknown)[] = []

export const at = (name: string): string => join(folder, name)
export const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
export const randomBytes = (size: number): Uint8Array => randomFillSync(new Uint8Array(size))

/** Runs at the end, whatever became of the checks. */
export function later (cleanup: () => unknown): void {
  cleanups.push(cleanup)
}

export async function cleanUp (): Promise<void> {
  await Promise.all(cleanups.map(cleanup => cleanup()))
  await RawPeer.stopAll()
  await rm(folder, { recursive: true, force: true })
}

/** Stops without waiting for goodbyes: `cleanUp` does. */
export function release (...ended: { stop (): Promise<void> }[]): void {
  for (const each of ended) each.stop().catch(() => {})
}

/** What `promise` fails with; a success is a problem. */
export async function failure (promise: Promise<unknown>, what: string): Promise<Error & { code?: string }> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Problem(`${what}: expected an error, got none`)
}

export function expectError (error: Error & { code?: string }, code: string, ...words: string[]): void {
  const missing = words.filter(word => !error.message.includes(word))
  expect(error.code === code && missing.length === 0,
    `expected ${code} naming ${JSON.stringify(words)}, got ${error.code ?? error.name}: ${error.message}`)
}

/** A node of this process on the loopback interface, and all that it says. */
export interface TestNode extends Shoal { readonly said: Said }

export interface Said {
  penalties: ShoalEvents['peer:penalty']['detail'][]
  errors: ShoalEvents['error']['detail'][]
  fallbacks: ShoalEvents['fallback']['detail'][]
  withdrawn: ShoalEvents['store:withdrawn']['detail'][]
  corrupt: ShoalEvents['store:corrupt']['detail'][]
}

export async function node (options: ShoalOptions = {}): Promise<TestNode> {
  const made = await createShoal({ listen: [LOOPBACK], ...options })
  const said: Said = { penalties: [], errors: [], fallbacks: [], withdrawn: [], corrupt: [] }
  made.addEventListener('peer:penalty', ({ detail }) => { said.penalties.push(detail) })
  made.addEventListener('error', ({ detail }) => { said.errors.push(detail) })
  made.addEventListener('fallback', ({ detail }) => { said.fallbacks.push(detail) })
  made.addEventListener('store:withdrawn', ({ detail }) => { said.withdrawn.push(detail) })
  made.addEventListener('store:corrupt', ({ detail }) => { said.corrupt.push(detail) })
  later(() => made.stop())
  return Object.assign(made, { said })
}

/** A link to what `giver` holds that names its address alone. */
export function linkTo (giver: Shoal, manifest: string): string {
  return `shoal:${manifest}?${giver.addrs.map(addr => `addr=${addr}`).join('&')}`
}

export async function readAll (content: Content, path: string, options: Parameters<Content['read']>[1] = {}): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of content.read(path, options)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export async function expectFile (path: string, bytes: Uint8Array): Promise<void> {
  expect(hash(await readFile(path)) === hash(bytes), `${path} is not what was published`)
}

/** The node lives on: a well-behaved newcomer that knows it alone gets the whole content from it. */
export async function expectServes (giver: Shoal, manifest: string, path: string, bytes: Uint8Array): Promise<void> {
  const newcomer = await node()
  const content = await newcomer.open(linkTo(giver, manifest))
  const got = await within(15, readAll(content, path), 'a newcomer’s fetch')
  expect(hash(got) === hash(bytes), 'the newcomer got other bytes')
  expect((content.stats.peers[giver.peerId] ?? 0) > 0, 'the newcomer got nothing from the node under test')
  release(newcomer)
}

/** The node lives on: a well-behaved stranger gets the first block of what it holds. */
export async function expectAnswers (giver: Shoal, manifest: string, bytes: Uint8Array): Promise<void> {
  const stranger = await RawPeer.start()
  await stranger.meet(giver)
  await stranger.join(manifest, 0)
  const block = await stranger.ask(1, 0, 0)
  expect(typeof block !== 'string' && hash(block) === hash(bytes.subarray(0, BLOCK)), `expected the first block, got ${typeof block === 'string' ? block : 'other bytes'}`)
  release(stranger)
}
