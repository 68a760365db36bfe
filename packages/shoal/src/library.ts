import { fromHex, toHex } from '@shoal/base'
import type { OpenedManifest } from '@shoal/content'
import type { FileReference, PeerName, SwarmId, TenantKey } from '@shoal/interface'
import { Key, type Datastore } from 'interface-datastore'
import { CID } from 'multiformats'

const CONTENTS = new Key('/shoal/contents')
/** What is known to be purged, by swarm. */
const PURGES = new Key('/shoal/purges')

/** A file of a content that is seeded where it lies. */
export interface FileRecord extends Pick<FileReference, 'size' | 'mtimeMs'> {
  /** In the content. */
  readonly segment: string
  /** Absolute. */
  readonly path: string
}

/** What was published here, to be seeded again at the next start. */
export interface Seed {
  readonly seed: boolean
  /** Somebody asked to keep it, who did not publish it here. */
  readonly pinned?: boolean | undefined
  /** What was published, absolute; without one it was bytes. */
  readonly path?: string | undefined
  /** The tenant who keeps its swarm to itself. */
  readonly tenant?: TenantKey | undefined
  /** Where it is found, once some of it is purged: that of a tenant does not follow from the manifest. */
  readonly swarm?: SwarmId | undefined
  /** Of what is seeded where it lies. */
  readonly files: readonly FileRecord[]
}

/** What a node remembers of a content, so that it can open it again without asking anybody. */
export interface ContentRecord extends Seed {
  /** CID of the manifest. */
  readonly manifest: string
  /** SHA-256 of its pages in hex. */
  readonly pages: readonly string[]
  /** Base64. */
  readonly envelope: string
  /** ms since 1970, as the publisher says. */
  readonly createdAt: number
  /** Missing in records of earlier versions. */
  readonly publisher?: PeerName | undefined
  /** By which it can be purged; missing where it has none, and in records of earlier versions. */
  readonly tags?: readonly string[] | undefined
}

export function recordOf ({ summary, pageRefs, envelope, createdAt, policy }: OpenedManifest, seed: Seed): ContentRecord {
  return {
    ...seed,
    manifest: summary.cid,
    pages: pageRefs.map(page => toHex(page.digest)),
    envelope: btoa(String.fromCharCode(...envelope)),
    createdAt,
    publisher: summary.publisher,
    tags: policy.tags
  }
}

/** The publisher's signature. */
export function envelopeOf (record: ContentRecord): Uint8Array {
  return Uint8Array.from(atob(record.envelope), char => char.charCodeAt(0))
}

/** Digests of the manifest's own blocks. */
export function ownBlocks ({ manifest, pages }: ContentRecord): Uint8Array[] {
  return [CID.parse(manifest).multihash.digest, ...pages.flatMap(page => fromHex(page) ?? [])]
}

/** The contents that a node has known, in its datastore. */
export class Library {
  readonly datastore: Datastore

  constructor (datastore: Datastore) {
    this.datastore = datastore
  }

  async put (record: ContentRecord): Promise<void> {
    await this.datastore.put(CONTENTS.child(new Key(record.manifest)), new TextEncoder().encode(JSON.stringify(record)))
  }

  async get (manifest: string): Promise<ContentRecord | undefined> {
    const key = CONTENTS.child(new Key(manifest))
    return await this.datastore.has(key) ? decode(await this.datastore.get(key)) : undefined
  }

  async delete (manifest: string): Promise<void> {
    await this.datastore.delete(CONTENTS.child(new Key(manifest)))
  }

  /** The purge list that counts, as its publisher signed it. Verified when it was put. */
  async purge (swarm: SwarmId): Promise<Uint8Array | undefined> {
    const key = PURGES.child(new Key(swarm))
    return await this.datastore.has(key) ? await this.datastore.get(key) : undefined
  }

  async putPurge (swarm: SwarmId, purge: Uint8Array): Promise<void> {
    await this.datastore.put(PURGES.child(new Key(swarm)), purge)
  }

  async * all (): AsyncGenerator<ContentRecord> {
    for await (const { value } of this.datastore.query({ prefix: CONTENTS.toString() })) {
      const record = decode(value)
      if (record !== undefined) yield record
    }
  }

  /** Contents to seed again. */
  async seeds (): Promise<ContentRecord[]> {
    const seeds: ContentRecord[] = []
    for await (const record of this.all()) if (record.seed) seeds.push(record)
    return seeds
  }
}

/** A record that cannot be read is as good as none: its content is asked for again. */
function decode (bytes: Uint8Array): ContentRecord | undefined {
  try {
    const record = JSON.parse(new TextDecoder().decode(bytes)) as ContentRecord
    return typeof record.manifest === 'string' && Array.isArray(record.files) && Array.isArray(record.pages) ? record : undefined
  } catch {
    return undefined
  }
}
