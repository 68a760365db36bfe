/** Announcements in the form that the vectors have. */

import { decodeAnnouncement, encodeAnnouncement } from '../../packages/availability/dist/src/codec.js'
import type { CapacityClass } from '@shoal/interface'

export interface AnnouncementBody {
  readonly capacity: number
  /** Of 65,535. */
  readonly share: number
  readonly ttl: number
  readonly sequence: number
  readonly addrs: readonly string[]
  readonly complete: readonly { readonly start: number, readonly count: number }[]
  readonly depth: number
  readonly locality: { readonly site: number, readonly region: number } | null
}

export function readAnnouncement (from: string, bytes: Uint8Array): AnnouncementBody {
  const { capacity, share, ttl, sequence, addrs, have, depth, locality = null } = decodeAnnouncement(from, bytes)
  return { capacity, share: Math.round(share * 0xffff), ttl, sequence, addrs, complete: have.complete, depth, locality }
}

export function writeAnnouncement (from: string, { capacity, share, complete, locality, ...more }: AnnouncementBody): Uint8Array {
  return encodeAnnouncement(from, {
    ...more, capacity: capacity as CapacityClass, share: share / 0xffff, have: { complete, partial: [] }, locality: locality ?? undefined
  })
}
