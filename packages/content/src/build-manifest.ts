import { PublishError, type ManifestSummary, type Policy, type VerifiedBlock } from '@shoal/interface'
import type { PrivateKey } from '@libp2p/interface'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { blockOffset } from './block-range.js'
import { dagCborCid } from './cid.js'
import { encodeEntry, encodeRoot, joinPage, LIST_HEAD_BYTES } from './encode-manifest.js'
import { sealEnvelope } from './seal-envelope.js'
import type { MediaInfo } from './media.js'
import { BLOCK_SIZE_BYTES, DIGEST_BYTES, MAX_CONTENT_BLOCKS, MAX_DURATION_MS, MAX_ORIGINS, MAX_SEGMENTS, SPLIT_LEAVES } from './limits.js'
import { partOffsets } from './leaf-lengths.js'
import { partBytes, type PageEntry } from './manifest-page.js'
import type { PageSummary } from './manifest-root.js'
import { MANIFEST_DOMAIN, MANIFEST_PAYLOAD_TYPE, openManifest } from './open-manifest.js'
import { normalOrigin } from './origin-url.js'
import type { OpenedManifest } from './paged-manifest.js'
import { comparePaths, nameFault, pathFault } from './path.js'
import { policyFault } from './policy-fields.js'
import type { SegmentedFile } from './segment-files.js'
import type { UnixFsNode } from './unixfs.js'
import { unixfsDirectory } from './unixfs-directory.js'
import { hashBlock } from './verify.js'

export interface ManifestInit {
  /** What the content is called: the name of the file or folder. */
  readonly name: string
  /** `file`: `files` is one, the published file itself. */
  readonly kind: ManifestSummary['kind']
  /** In any order. */
  readonly files: readonly SegmentedFile[]
  /** Durations and renditions by path. @default none */
  readonly media?: ReadonlyMap<string, MediaInfo> | undefined
  /** Base URLs where the same paths can be fetched; of a directory each gets a `/` at its end. @default [] */
  readonly origins?: readonly string[] | undefined
  /** ms since 1970. Part of the manifest, so of its CID. */
  readonly createdAt: number
  /** @default nothing is asked */
  readonly policy?: Policy | undefined
  /** The publisher's. Ed25519, secp256k1 or RSA. */
  readonly key: PrivateKey
}

export interface BuiltManifest {
  readonly root: VerifiedBlock
  readonly pages: readonly VerifiedBlock[]
  readonly envelope: Uint8Array
  /** The same, opened; it keeps the pages. */
  readonly manifest: OpenedManifest
}

/**
 * States what a content consists of and signs it. The same files, name, origins, time and key give the same CID everywhere.
 *
 * @throws PublishError what no manifest may hold: a name, path, origin or duration out of bounds, a path twice or a file and a folder at
 * once, too many files
 */
export async function buildManifest (init: ManifestInit): Promise<BuiltManifest> {
  const { name, kind, createdAt, key, policy = {} } = init
  check(policyFault(policy) === undefined, `the policy ${policyFault(policy) ?? ''}`)
  check(nameFault(name) === undefined, `the name ${JSON.stringify(name)} ${nameFault(name) ?? ''}`)
  check(Number.isSafeInteger(createdAt) && createdAt >= 0, `expected a time of creation in ms since 1970, got ${createdAt}`)
  check(kind === 'directory' || init.files.length === 1, `expected one file, got ${init.files.length}`)
  const files = init.files.toSorted((a, b) => comparePaths(a.path, b.path))
  const entries = files.map(file => toEntry(file, init.media?.get(file.path)))
  const origins = (init.origins ?? []).map(origin => toOrigin(origin, kind))
  check(origins.length <= MAX_ORIGINS, `expected at most ${MAX_ORIGINS} origins, got ${origins.length}`)
  const blocks = files.reduce((sum, file) => sum + file.leaves.byteLength / DIGEST_BYTES, 0)
  const tooMany = `${files.length} files with ${blocks} blocks are too many for one manifest: publish parts of it`
  check(files.length <= MAX_SEGMENTS && blocks <= MAX_CONTENT_BLOCKS, tooMany)
  const unixfsRoot = kind === 'file' ? files[0] as UnixFsNode : await directoryOf(files)

  const { pages, summaries } = await toPages(entries)
  const rootBytes = encodeRoot({
    name,
    kind,
    publisher: publicKeyToProtobuf(key.publicKey),
    root: unixfsRoot.cid,
    segments: files.length,
    blocks,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
    origins,
    createdAt,
    policy,
    pages: summaries
  })
  check(rootBytes.byteLength <= BLOCK_SIZE_BYTES, tooMany)
  const root = await hashBlock(rootBytes)
  const envelope = await sealEnvelope(key, MANIFEST_DOMAIN, MANIFEST_PAYLOAD_TYPE, dagCborCid(root.digest).bytes)
  const manifest = await openManifest({ root, envelope, load: async (_ref, at) => pages[at - 1] as VerifiedBlock })
  return { root, pages, envelope, manifest }
}

function toEntry ({ path, size, leaves, offsets, cid }: SegmentedFile, media: MediaInfo | undefined): PageEntry {
  const fault = pathFault(path) ?? (media === undefined ? undefined : pathFault(media.rendition))
  check(fault === undefined, `the path ${JSON.stringify(path)} or its rendition ${fault ?? ''}`)
  const duration = media?.duration
  check(duration === undefined || (Number.isSafeInteger(duration) && duration >= 0 && duration <= MAX_DURATION_MS),
    `expected a duration of ${JSON.stringify(path)} in whole ms up to a day, got ${duration}`)
  const single = leaves.byteLength <= DIGEST_BYTES
  return { path, size, digest: single ? undefined : cid.multihash.digest, leaves, offsets, duration, rendition: media?.rendition }
}

async function directoryOf (files: readonly SegmentedFile[]): Promise<UnixFsNode> {
  try {
    return await unixfsDirectory(files.map(file => [file.path, file] as const))
  } catch (error) {
    if (error instanceof RangeError) throw new PublishError(error.message, { cause: error })
    throw error
  }
}

/** Fills pages in order. A segment goes to one page if any can hold it; a longer one begins a page and fills as many as it needs. */
async function toPages (entries: readonly PageEntry[]): Promise<{ pages: VerifiedBlock[], summaries: PageSummary[] }> {
  const pages: VerifiedBlock[] = []
  const summaries: PageSummary[] = []
  let held: Uint8Array[] = []
  let before: PageEntry | undefined
  let bytes = LIST_HEAD_BYTES
  let page = { firstPath: '', first: 0, segments: 0, blocks: 0, bytes: 0, leafOffset: 0, byteOffset: 0 }

  const flush = async (): Promise<void> => {
    if (held.length === 0) return
    const block = await hashBlock(joinPage(held))
    pages.push(block)
    summaries.push({ ...page, ref: { digest: block.digest, size: block.bytes.byteLength } })
    held = []
    bytes = LIST_HEAD_BYTES
  }
  const add = async (index: number, entry: PageEntry, leafOffset: number, byteOffset: number): Promise<void> => {
    let encoded = encodeEntry(entry, held.length === 0 ? undefined : before)
    if (bytes + encoded.byteLength > BLOCK_SIZE_BYTES) {
      await flush()
      encoded = encodeEntry(entry, undefined)
    }
    if (held.length === 0) page = { firstPath: entry.path, first: index, segments: 0, blocks: 0, bytes: 0, leafOffset, byteOffset }
    held.push(encoded)
    before = entry
    bytes += encoded.byteLength
    page.segments++
    page.blocks += entry.leaves.byteLength / DIGEST_BYTES
    page.bytes += partBytes(entry, byteOffset)
  }

  for (const [index, entry] of entries.entries()) {
    const count = entry.leaves.byteLength / DIGEST_BYTES
    if (count <= SPLIT_LEAVES) {
      await add(index, entry, 0, 0)
      continue
    }
    for (let at = 0; at < count; at += SPLIT_LEAVES) {
      await flush()
      const end = Math.min(at + SPLIT_LEAVES, count)
      const part = {
        ...entry,
        leaves: entry.leaves.subarray(at * DIGEST_BYTES, end * DIGEST_BYTES),
        offsets: entry.offsets === undefined ? undefined : partOffsets(entry.offsets, at, end)
      }
      await add(index, part, at, blockOffset(entry, at))
    }
  }
  await flush()
  return { pages, summaries }
}

function toOrigin (text: string, kind: ManifestSummary['kind']): string {
  const origin = normalOrigin(text)
  check(origin !== undefined, `expected an http or https URL without credentials and fragment as origin, got ${JSON.stringify(text)}`)
  const url = new URL(origin)
  if (kind === 'directory' && !url.pathname.endsWith('/')) url.pathname += '/'
  return url.href
}

function check (condition: boolean, message: string): asserts condition {
  if (!condition) throw new PublishError(message)
}
