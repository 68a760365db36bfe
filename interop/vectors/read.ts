/** The vectors as TypeScript sees them; `interop/go/shoal/vectors_test.go` reads the same files. */

import { readFileSync } from 'node:fs'
import type { AnnouncementBody } from './announcement.ts'

export interface MessageVectors {
  readonly about: string
  /** A whole frame, in hex, and what it says. `loose`: whoever writes it would write it otherwise. */
  readonly accepted: readonly { readonly name: string, readonly frame: string, readonly message: Json, readonly loose?: true }[]
  readonly ignored: readonly { readonly name: string, readonly frame: string }[]
  readonly refused: readonly { readonly name: string, readonly frame: string }[]
}

export interface AnnouncementVectors {
  readonly about: string
  readonly accepted: readonly {
    readonly name: string
    readonly from: string
    readonly bytes: string
    readonly announcement: AnnouncementBody
    readonly loose?: true
  }[]
  readonly refused: readonly { readonly name: string, readonly from: string, readonly bytes: string }[]
}

/** Bytes that nobody has to ship: see `bytesOf`. */
export interface Recipe { readonly seed: number, readonly length: number }

export interface ManifestVector {
  readonly name: string
  /** CID of the root, base32, and what follows from it. */
  readonly manifest: string
  readonly swarm: string
  readonly providerKey: string
  /** Of the Ed25519 key, 32 bytes in hex. */
  readonly seed: string
  readonly publisher: string
  readonly createdAt: number
  readonly kind: 'file' | 'directory'
  readonly title: string
  /** CID of the UnixFS file or directory. */
  readonly root: string
  /** What the segments are made of, where they are made from bytes at all. */
  readonly files: readonly (Recipe & { readonly path: string })[]
  /** Blocks and the signed envelope, in hex. */
  readonly rootBlock: string
  readonly pages: readonly string[]
  readonly envelope: string
  readonly segments: readonly {
    readonly index: number
    readonly path: string
    readonly size: number
    readonly cid: string
    readonly digests: readonly string[]
    readonly lengths: readonly number[]
  }[]
}

export interface ManifestVectors {
  readonly about: string
  readonly accepted: readonly ManifestVector[]
  readonly refused: readonly Pick<ManifestVector, 'name' | 'manifest' | 'rootBlock' | 'pages' | 'envelope'>[]
}

export interface LeafVectors {
  readonly about: string
  readonly gear: readonly number[]
  readonly files: readonly (Recipe & {
    readonly name: string
    readonly method: 'fixed' | 'content'
    /** Of content-defined leaves. */
    readonly lengths: readonly number[]
    readonly cid: string
  })[]
}

export interface LinkVectors {
  readonly about: string
  readonly accepted: readonly {
    readonly link: string
    readonly swarm: string
    readonly manifest?: string
    readonly publisher?: string
    readonly name?: string
  }[]
  readonly refused: readonly string[]
}

/** What a head and its window say. */
export interface HeadBody {
  readonly epoch: number
  readonly counter: number
  /** CID of the window, its bytes, and SHA-256 of the statement in hex. */
  readonly window: string
  readonly size: number
  readonly digest: string
  readonly ended: boolean
  readonly target: number
  readonly origins: readonly string[]
  readonly policy: Json
  readonly segments: readonly {
    readonly index: number
    readonly playlist: boolean
    readonly path: string
    readonly size: number
    readonly cid: string
    readonly digests: readonly string[]
    readonly lengths: readonly number[]
    readonly duration: number | null
    readonly rendition: string | null
  }[]
}

export interface HeadVector {
  readonly name: string
  readonly publisher: string
  /** The name after the publisher in the link. */
  readonly content: string
  readonly head: string
  /** The window's block, where it is not in the head. */
  readonly window: string | null
  /** The window of the head before, of which the head says how its own comes. */
  readonly before?: string
  readonly says: HeadBody
}

export interface HeadVectors {
  readonly about: string
  readonly accepted: readonly HeadVector[]
  readonly refused: readonly Omit<HeadVector, 'says'>[]
}

export interface PurgeBody {
  readonly publisher: string
  /** One of the two: of what it is. */
  readonly manifest: string | null
  readonly name: string | null
  readonly sequence: number
  readonly all: boolean
  readonly paths: readonly string[]
  readonly cids: readonly string[]
  readonly reason: string
  readonly tag: string | null
  readonly digest: string
}

export interface PurgeVectors {
  readonly about: string
  readonly accepted: readonly { readonly name: string, readonly purge: string, readonly says: PurgeBody }[]
  /** Of these two the second counts. */
  readonly newer: readonly { readonly name: string, readonly purges: readonly [string, string] }[]
  readonly refused: readonly { readonly name: string, readonly purge: string }[]
}

export interface TokenGrant {
  readonly id: string
  readonly peer: string
  readonly role: string
  readonly region: string | null
  readonly swarms: readonly { readonly id: string, readonly derived: string }[] | null
  readonly paths: readonly string[] | null
  readonly notBefore: number
  readonly expires: number
}

/** Who shows a token, for what, and when. */
export interface TokenRequest {
  readonly peer: string
  readonly swarm: string
  /** Of the policy. */
  readonly regions: readonly string[] | null
  /** ms since 1970 */
  readonly wall: number
  /** The newest list of what is revoked. */
  readonly revoked: string | null
}

export interface TokenVectors {
  readonly about: string
  readonly tenant: string
  readonly accepted: readonly {
    readonly name: string
    readonly token: string
    readonly request: TokenRequest
    readonly grant: TokenGrant
    /** Segments by their path, and whether it covers them. */
    readonly covers: Readonly<Record<string, boolean>>
  }[]
  readonly refused: readonly { readonly name: string, readonly token: string, readonly request: TokenRequest, readonly reason: string }[]
  /** One after the other. `reason`: why it is refused; else whether it counts from now on. */
  readonly revocations: readonly {
    readonly name: string
    readonly list: string
    readonly counts: boolean
    readonly reason: string | null
    readonly says: { readonly sequence: number, readonly tokens: readonly string[], readonly peers: readonly string[] } | null
  }[]
  readonly hidden: readonly { readonly secret: string, readonly swarm: string, readonly id: string }[]
}

export type Json = Readonly<Record<string, unknown>>

export interface Vectors {
  readonly messages: MessageVectors
  readonly announcements: AnnouncementVectors
  readonly manifests: ManifestVectors
  readonly leaves: LeafVectors
  readonly links: LinkVectors
  readonly heads: HeadVectors
  readonly purges: PurgeVectors
  readonly tokens: TokenVectors
}

export function readVectors<K extends keyof Vectors> (name: K): Vectors[K] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, import.meta.url), 'utf8')) as Vectors[K]
}

/** `length` bytes of xorshift32 from `seed`: the lowest byte of each word. */
export function bytesOf ({ seed, length }: Recipe): Uint8Array {
  const bytes = new Uint8Array(length)
  let word = seed
  for (let i = 0; i < length; i++) {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    bytes[i] = word
  }
  return bytes
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
export const unhex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
