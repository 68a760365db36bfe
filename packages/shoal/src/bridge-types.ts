import type { Clock } from '@shoal/base'
import type { FileEntry } from '@shoal/content/publishing'
import type { Published, PublishOptions } from '@shoal/interface'
import type { OpenContent } from './content.js'
import type { Network, NodeStore } from './platform.js'

/** Files from elsewhere, to be published as one content: copied into the store. */
export interface BridgedFiles {
  readonly name: string
  /** `file`: `files` is one, whose path is the name. */
  readonly kind: 'file' | 'directory'
  readonly files: readonly FileEntry[]
  readonly options: PublishOptions & { readonly copy: true }
}

/** What a package beside a running node may use of it. */
export interface Bridge {
  /** The libp2p node, started. */
  readonly network: Network
  readonly store: NodeStore
  readonly clock: Clock
  /** Resolves when what earlier runs published is open again. */
  restored (): Promise<void>
  /** Contents that are open now. */
  readonly contents: () => readonly OpenContent[]
  /** Resolves when so many bytes may go out to somebody who is no peer of a swarm; `false` when the node gives nothing. */
  lend (to: string, bytes: number, signal: AbortSignal): Promise<boolean>
  /** @throws PublishError something cannot be read or published, StoreFullError it does not fit */
  publishFiles (files: BridgedFiles): Promise<Published>
}
