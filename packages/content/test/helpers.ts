import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { seededRandom } from '@shoal/base'
import { offsetsOf } from '../src/leaf-lengths.js'
import { segmentFiles, type FileEntry, type SegmentedFile } from '../src/segment-files.js'
import { unixfsFile } from '../src/unixfs.js'

/** The same bytes for the same seed. */
export function randomBytes (length: number, seed = 1): Uint8Array {
  const random = seededRandom(seed)
  const words = new Uint32Array(Math.ceil(length / 4))
  for (let i = 0; i < words.length; i++) words[i] = random() * 0x1_0000_0000
  return new Uint8Array(words.buffer, 0, length)
}

export async function keyOf (seed: number): Promise<Ed25519PrivateKey> {
  return generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(seed))
}

/** An entry whose bytes come in chunks of the given length. */
export function entryOf (path: string, bytes: Uint8Array, chunk = 65_536): FileEntry {
  return {
    path,
    size: bytes.byteLength,
    async * stream () {
      for (let at = 0; at < bytes.byteLength; at += chunk) yield bytes.subarray(at, at + chunk)
    }
  }
}

export async function segmentAll (entries: readonly FileEntry[]): Promise<SegmentedFile[]> {
  const files: SegmentedFile[] = []
  for await (const file of segmentFiles(entries)) files.push(file)
  return files
}

/** A file of which only made-up digests exist. */
export async function fakeFile (path: string, size: number, seed = 1): Promise<SegmentedFile> {
  const leaves = randomBytes(Math.ceil(size / 262_144) * 32, seed)
  return { path, size, leaves, ...await unixfsFile(leaves, { size }) }
}

/** A file of which only made-up digests exist, of leaves of these lengths. */
export async function fakeLeaves (path: string, lengths: readonly number[], seed = 1): Promise<SegmentedFile> {
  const size = lengths.reduce((sum, length) => sum + length, 0)
  const leaves = randomBytes(lengths.length * 32, seed)
  const offsets = offsetsOf(lengths)
  return { path, size, leaves, offsets, ...await unixfsFile(leaves, { size, offsets }) }
}

/** What a promise rejects with; fails when it does not. */
export async function rejection (promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('expected a rejection, got a result')
}
