import type { OpenedManifest } from '@shoal/content'
import type { Session, VerifiedBlock } from '@shoal/interface'

/** Where a content's manifest comes from, and what of it others get from here. */
export interface Source {
  /** Resolves once it is known. @throws NotFoundError, ManifestError */
  readonly manifest: Promise<OpenedManifest>
  /** What a JOIN brings: the publisher's signature, or a live content's head. */
  readonly head: Uint8Array | undefined
  /** Ours: published here, or stored. @throws ManifestError */
  offer (head: Uint8Array): Promise<void>
  /** A neighbour gave it. @throws ManifestError when it is bad: the giver's fault */
  heard (session: Session, head: Uint8Array): Promise<void>
  /** Give a neighbour what it may not have yet. */
  tell (session: Session): void
  /** A block of the manifest that was asked for. */
  arrived (at: number, block: VerifiedBlock): void
  /** A block of the manifest for a neighbour. */
  serve (at: number): Promise<VerifiedBlock | undefined>
  /** All of the content was purged: nothing of the manifest needs to stay any more. */
  release (): void
  /** Give up looking. */
  fail (error: Error): void
  close (): void
}
