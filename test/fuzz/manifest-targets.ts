/** The decoders of manifests, with manifests of every form to start from. */

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { seededRandom, type Random } from '@shoal/base'
import { openManifest, type OpenedManifest } from '@shoal/content'
import {
  buildManifest, segmentFiles, unixfsFile, type BuiltManifest, type Cutting, type FileEntry, type ManifestInit, type SegmentedFile
} from '@shoal/content/publishing'
import { ManifestError, type BlockRef, type LoadBlock, type Policy, type VerifiedBlock } from '@shoal/interface'
import { mutateCbor } from './mutate-cbor.ts'
import { mutateBytes, pick } from './mutate.ts'
import type { Target } from './target.ts'

/** A large manifest takes as long as some thousand small ones. */
const LARGE_SHARE = 0.001
const DIGEST_BYTES = 32
/** More than one page holds. */
const MANY_LEAVES = 15_000

/** Every field that there is. */
export const POLICY: Policy = {
  ttl: 3600,
  residency: ['EU', 'CH'],
  token: true,
  replication: 3,
  tags: ['show', 'season 1'],
  renditions: [['v/index.m3u8'], ['a/index.m3u8', 'b.mpd#1']],
  significantQuery: ['v']
}

/** Decoders do not hash: whoever calls them has. */
export function block ({ digest }: BlockRef, bytes: Uint8Array): VerifiedBlock {
  return { digest, bytes } as VerifiedBlock
}

/** Files cut into blocks, from random bytes. */
export function fileMaker (): (path: string, size: number, cutting?: Cutting) => Promise<SegmentedFile> {
  const random = seededRandom(1)
  const bytes = Uint8Array.from({ length: 2_000_000 }, () => random() * 256)
  return async (path, size, cutting) => {
    const entry: FileEntry = { path, size, cutting, async * stream () { yield bytes.subarray(0, size) } }
    for await (const file of segmentFiles([entry])) return file
    throw new Error('no file came of one')
  }
}

/** A file of so many blocks of random lengths, as a manifest knows it: nothing of it is there. */
async function hugeFile (path: string): Promise<SegmentedFile> {
  const random = seededRandom(2)
  const leaves = Uint8Array.from({ length: MANY_LEAVES * DIGEST_BYTES }, () => random() * 256)
  const offsets = new Float64Array(MANY_LEAVES + 1)
  for (let i = 0; i < MANY_LEAVES; i++) offsets[i + 1] = (offsets[i] as number) + 1 + Math.floor(random() * 262_144)
  const size = offsets[MANY_LEAVES] as number
  return { path, size, leaves, offsets, ...await unixfsFile(leaves, { size, offsets }) }
}

/** Small ones, with one page or none, and last large ones of several. */
async function manifests (): Promise<{ small: BuiltManifest[], large: BuiltManifest[] }> {
  const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(1))
  const file = fileMaker()
  const build = async (kind: 'file' | 'directory', files: readonly SegmentedFile[], more: Partial<ManifestInit> = {}): Promise<BuiltManifest> => {
    const media = new Map(files.filter(({ path }) => path.endsWith('.ts')).map(({ path }) => [path, { duration: 4000, rendition: 'v/index.m3u8' }]))
    return buildManifest({ name: 'a.bin', kind, files, media, createdAt: 1, key, ...more })
  }
  const content: Cutting = { method: 'content' }
  const small = [
    await build('file', [await file('a.bin', 700_000)]),
    await build('file', [await file('a.bin', 2_000_000, content)], { policy: POLICY }),
    await build('directory', await Promise.all([file('x', 0), file('v/index.m3u8', 50), file('v/1.ts', 300_000), file('v/2.ts', 262_144)]), {
      origins: ['https://cdn.example/a/']
    }),
    await build('directory', await Promise.all([
      file('all.ts', 900_000, { method: 'fixed', boundaries: [100, 300_000, 300_001] }), file('b.bin', 1_500_000, content), file('v/index.m3u8', 50)
    ]), { origins: ['https://cdn.example/a/', 'http://b.example/'], policy: { ttl: 1, tags: [] } })
  ]
  const many = await Promise.all(Array.from({ length: 2500 }, (_, i) => file(`${'deep/'.repeat(20)}${i}`, 10)))
  return { small, large: [await build('directory', many), await build('directory', [await hugeFile('a'), await file('b', 10)], { policy: POLICY })] }
}

/** Roots first, then pages, then envelopes. */
export async function manifestTargets (): Promise<[root: Target, page: Target, envelope: Target]> {
  const { small, large } = await manifests()
  const roots = small.map(({ root }) => root.bytes)
  const load = (of: BuiltManifest, change: (bytes: Uint8Array) => Uint8Array): LoadBlock => async (_ref, at) => {
    const page = of.pages[(at - 1) % of.pages.length] as VerifiedBlock
    return block(page, change(page.bytes))
  }
  const choose = (random: Random): BuiltManifest => pick(random() < LARGE_SHARE ? large : small, random)
  const pages = small.flatMap(({ pages }) => pages.map(({ bytes }) => bytes))
  // opened once, for a signature takes longer than a page; anew when a changed page made sense, for that one is kept
  const opened = new Map<BuiltManifest, OpenedManifest>()
  let input: Uint8Array = new Uint8Array(0)
  return [
    {
      name: 'manifest root',
      error: ManifestError,
      make (random) {
        const of = choose(random)
        // with the digest that was signed, so that what decodes is read on
        const root = block(of.root, mutateCbor(of.root.bytes, roots, random))
        return async () => {
          const manifest = await openManifest({ root, envelope: of.envelope, load: load(of, bytes => bytes) })
          for await (const { index, blocks } of manifest.segments()) for (let i = 0; i < blocks; i++) manifest.block(index, i)
        }
      }
    },
    {
      name: 'manifest page',
      error: ManifestError,
      make (random) {
        const of = choose(random)
        const page = Math.floor(random() * of.pages.length)
        const wrong = mutateCbor((of.pages[page] as VerifiedBlock).bytes, pages, random)
        const place = random()
        return async () => {
          let manifest = opened.get(of)
          if (manifest === undefined) {
            manifest = await openManifest({ ...of, load: load(of, () => input) })
            opened.set(of, manifest)
          }
          input = wrong
          const index = Math.floor(place * manifest.summary.segments)
          const { blocks } = await manifest.segment(index)
          opened.delete(of)
          for (let i = 0; i < blocks; i++) manifest.block(index, i)
        }
      }
    },
    {
      name: 'manifest envelope',
      error: ManifestError,
      make (random) {
        const of = choose(random)
        const envelope = mutateBytes(of.envelope, small.map(({ envelope }) => envelope), random)
        return async () => { await openManifest({ ...of, envelope, load: load(of, bytes => bytes) }) }
      }
    }
  ]
}
