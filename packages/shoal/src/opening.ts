import type { Link } from '@shoal/content'
import type { OpenSwarm } from '@shoal/engine'
import type { Mode, OpenOptions, Overlay, ShoalEvents } from '@shoal/interface'
import type { OpenContent } from './content.js'

/** A content that is open or being opened, perhaps for several callers. */
export interface Entry {
  readonly handles: Set<OpenContent>
  /** Callers that wait for it. */
  waiting: number
  /** Ends the search when the last of them has given up. */
  readonly abort: AbortController
  swarm?: OpenSwarm
  /** The node's own handle, which keeps nothing open. */
  own?: OpenContent
  /** Why it is closed though somebody may still wait for it. */
  ended?: Error
  /** Ends what goes on as long as it is open. */
  onleave?: () => void
}

/** What a content is opened with. */
export interface Opening {
  readonly link: Link
  readonly text: string
  readonly origins: readonly string[]
  readonly mode: Mode
  readonly overlay?: Overlay | undefined
  /** What is known already: the signature of the manifest, or a live content's head. */
  readonly head?: Uint8Array | undefined
}

/** What seeding needs of the node. */
export interface SeedingHost {
  readonly addrs: () => readonly string[]
  readonly entry: (name: string) => Entry | undefined
  readonly open: (opening: Opening, signal?: AbortSignal) => Promise<OpenContent>
  readonly openLink: (text: string, options: OpenOptions) => Promise<OpenContent>
  /** What earlier runs seeded is seeded again. */
  readonly restored: () => Promise<void>
  readonly withdrawn: (detail: ShoalEvents['store:withdrawn']['detail']) => void
  /** A failure in the background; after the node's end nobody is told. */
  readonly report: (error: Error, doing: string) => void
}

/** What a link names, without its hints. */
export function nameOf (link: Link): string {
  return link.kind === 'manifest' ? link.manifest : `${link.publisher}/${link.name}`
}
