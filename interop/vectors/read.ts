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

export type Json = Readonly<Record<string, unknown>>

export interface Vectors {
  readonly messages: MessageVectors
  readonly announcements: AnnouncementVectors
  readonly manifests: ManifestVectors
  readonly leaves: LeafVectors
  readonly links: LinkVectors
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
