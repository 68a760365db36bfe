import type { Clock } from '@shoal/base'
import type { Availability, BlockRef, BlockStore, Manifest, PeerName, Segment, Session, SwarmId, VerifiedBlock } from '@shoal/interface'
import type { Swarm } from '@shoal/swarm'
import type { Source } from './source.js'

/** What the live part of a content needs of its driver. */
export interface LiveHost {
  readonly swarm: SwarmId
  readonly self: PeerName
  readonly clock: Clock
  readonly store: BlockStore
  readonly availability: Availability
  readonly members: Iterable<{ readonly session: Session }> & { forget (segments: readonly Segment[]): void }
  /** Windows that are in no head come as the manifest's own blocks do. */
  readonly blocks: {
    load (ref: BlockRef, at: number): Promise<VerifiedBlock>
    arrived (at: number, block: VerifiedBlock): boolean
    fail (error: Error): void
    close (): void
  }
  /** Heads are told and given out at all. */
  readonly sharing: () => boolean
  /** Our JOIN stands on this session. */
  readonly joined: (session: Session) => boolean
  /** Another window counts than before. Not called for the first. */
  readonly updated: (update: { manifest: string, added: number, retired: number, ended: boolean }) => void
  /** The publisher said two things at once, or closed the content to us. */
  readonly failed: (error: Error) => void
}

/** What it needs of the delivery, once there is one. */
export interface LiveDelivery {
  readonly manifest: Manifest
  readonly inventory: { lookUp (segment: Segment, block: number): void }
  readonly swarm: Pick<Swarm, 'want' | 'unwant' | 'originDone'>
  /** The publisher has taken it back. */
  withholds (segment: number): boolean
  /** The window has another segment. */
  added (segment: Segment): void
  /** The segment has left the window. */
  retire (segment: number, path: string): void
  /** Wants changed. */
  schedule (): void
}

/** What a live content has beside what all have: heads that come and go on, and a window that moves. */
export interface LivePart {
  readonly source: Source
  /** Hear what the publisher gives out to all. */
  follow (): void
  /** The first window is there. */
  begin (delivery: LiveDelivery): void
  /** The segment was there once, or will be: not now. */
  retired (segment: number): boolean
}

/** Made by `live()` of `@shoal/engine/live`, which most nodes never load. */
export type CreateLive = (host: LiveHost) => LivePart
