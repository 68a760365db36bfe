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
}

export function readAnnouncement (from: string, bytes: Uint8Array): AnnouncementBody {
  const { capacity, share, ttl, sequence, addrs, have } = decodeAnnouncement(from, bytes)
  return { capacity, share: Math.round(share * 0xffff), ttl, sequence, addrs, complete: have.complete }
}

export function writeAnnouncement (from: string, { capacity, share, ttl, sequence, addrs, complete }: AnnouncementBody): Uint8Array {
  return encodeAnnouncement(from, {
    capacity: capacity as CapacityClass, share: share / 0xffff, ttl, sequence, addrs, have: { complete, partial: [] }
  })
}
