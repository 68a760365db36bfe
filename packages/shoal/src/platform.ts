import type { Libp2p } from 'libp2p'
import type { BlockStore, Content, FileReference, Manifest } from '@shoal/interface'
import type { Clock } from '@shoal/base'
import type { Affordable, ContentSink } from '@shoal/engine'
import type { FileEntry } from '@shoal/content/publishing'
import type { Datastore } from 'interface-datastore'
import type { GossipSub } from '@libp2p/gossipsub'
import type { PrivateKey } from '@libp2p/interface'
import type { Dht, Dialler } from '@shoal/routing'
import type { Config, Surroundings } from './config.js'
import type { Recorded, RecordOptions } from './live/recorder.js'
import type { LiveSource } from './live/source.js'
import type { Trust } from './trust.js'
import type { Turned } from './turned.js'

/** The services of the libp2p node that Shoal itself uses. */
export interface Services extends Record<string, unknown> {
  readonly dht: Dht
  readonly pubsub: GossipSub
  readonly turned: Turned
}

export type Network = Libp2p<Services>

/** A store that may also hold blocks where they lie in files. */
export interface NodeStore extends BlockStore {
  reference? (file: FileReference): void
}

/** A file found on disk, ready to be cut and, later, referenced. */
export interface LocalFile extends FileEntry {
  readonly file: { readonly path: string, readonly mtimeMs: number }
}

/** A sink of files, each of which gets its final name when it is complete. */
export interface FileSink extends ContentSink {
  /** Looks at what lies there from an earlier run; comes first. */
  resume (signal: AbortSignal | undefined): Promise<void>
  /** Stop for now: what is there stays for the next run. */
  close (): Promise<void>
}

/** What a node needs of the place where it runs. Node.js and browsers each bring theirs; everything else is the same code. */
export interface Platform {
  readonly surroundings: Surroundings
  /** Which addresses of others this node may and can dial. */
  addressRules (config: Config): Dialler
  /** Identity, peers and records. Opened. */
  datastore (config: Config): Promise<{ datastore: Datastore, close: () => Promise<void> }>
  store (config: Config): NodeStore | Promise<NodeStore>
  /** Starts nothing. @throws ListenError */
  network (config: Config, privateKey: PrivateKey, datastore: Datastore, trust: Trust): Promise<Network>
  /** Tells what this device can afford to share, at once and whenever that changes; resolves with what ends it. */
  readonly watchDevice: ((tell: (affordable: Affordable) => void, clock: Clock) => Promise<() => void>) | undefined
  /** Files below a path, here absolute, in no particular order; a single file has its name as path. @throws PublishError */
  readonly walk: ((path: string) => Promise<{ path: string, name: string, kind: 'file' | 'directory', files: LocalFile[] }>) | undefined
  /** A live presentation that is written into a folder, and what to call it. @throws PublishError */
  readonly liveFolder: ((path: string) => Promise<{ name: string, source: LiveSource }>) | undefined
  readonly stat: ((path: string) => Promise<Pick<FileReference, 'size' | 'mtimeMs'>>) | undefined
  /** Saves a live content into a folder until its end. */
  readonly record: ((content: Content, recorded: Recorded, out: string, options: RecordOptions) => Promise<void>) | undefined
  readonly sink: ((manifest: Manifest, store: NodeStore, out: string) => FileSink) | undefined
}
