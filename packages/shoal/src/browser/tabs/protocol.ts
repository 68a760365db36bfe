/** What the tabs of a group say to each other; `doc/tabs.md` tells the story. */

import type { Answer } from '@shoal/base'
import type {
  ContentStats, ManifestSummary, Mode, NodeStatus, OriginTimes, Policy, Segment, Sharing, UploadOptions
} from '@shoal/interface'
import type { Failure } from './failure.js'

/** Goes up with whatever an older tab would not understand. Tabs of different versions are different groups. */
export const TAB_PROTOCOL = 1

/** A leader that says nothing for this long although asked is taken for frozen; a tick of everything here, ms. */
export const TICK_MS = 1_000
/** Ticks without a word until what was asked is broken off, and until the lead is taken away. */
export const QUIET_TICKS = 2
export const FROZEN_TICKS = 4
/** Times that another tab is taking the lead away, and nothing comes of it, until this one has a node of its own. */
export const CLAIMS_MAX = 3
/** How long a new leader waits for the keeper's lock, which goes with the tab that led before, ms. */
export const KEEPER_WAIT_MS = 300
/** A node that did not start is tried again after this, ms. */
export const RESTART_MS = 5_000

/** Tabs of one leader; questions, contents and subscriptions of a tab. */
export const TABS_MAX = 32
export const QUESTIONS_MAX = 128
export const CONTENTS_MAX = 256
/** Events that a tab has not acknowledged, and how often it acknowledges them. */
export const EVENTS_MAX = 256
export const ACK_EVERY = 32
/** Characters of a link or a path; bytes that are offered at once; blocks of a segment that a tab may verify itself. */
export const TEXT_MAX = 8_192
export const OFFER_BYTES_MAX = 16 * 1024 * 1024
export const VOUCHED_BLOCKS_MAX = 4_096
export const LEDGER_MAX = 1_000
/** Segments in one message. */
export const SEGMENTS_AT_ONCE = 256

/** To all tabs of the group, or to one. */
export interface Call {
  readonly say: 'hello' | 'starting' | 'leading' | 'refused'
  readonly tab: string
  readonly version: number
  readonly to?: string | undefined
}

/** What the user wants, in whichever tab it was said. */
export interface Wishes {
  readonly sharing?: Sharing | undefined
  readonly upload?: UploadOptions | undefined
}

/** What the node's own methods are asked for, by name: those that answer once. */
export type NodeMethod = 'publish' | 'publishBytes' | 'pin' | 'unpin' | 'collect' | 'purge' | 'revoke'

export type Ask =
  | { readonly what: 'open', readonly link: string, readonly origins: readonly string[] | undefined, readonly mode: Mode | undefined }
  | {
    readonly what: 'read', readonly content: number, readonly path: string, readonly start: number | undefined,
    readonly end: number | undefined, readonly deadline: number | undefined
  }
  | { readonly what: 'stat', readonly content: number, readonly path: string, readonly deadline: number | undefined }
  | {
    readonly what: 'offer', readonly content: number, readonly path: string, readonly bytes: Uint8Array, readonly start: number | undefined,
    readonly took: OriginTimes | undefined
  }
  | { readonly what: 'segments' | 'fetchAll', readonly content: number }
  | { readonly what: 'status' | 'ledger' }
  | { readonly what: 'node', readonly method: NodeMethod, readonly args: readonly unknown[] }

export type ToLeader =
  | Ask & { readonly type: 'ask', readonly id: number }
  | { readonly type: 'pull' | 'cancel', readonly id: number }
  /** `on`: a content, 0 for the node. */
  | { readonly type: 'listen', readonly on: number, readonly name: string }
  | { readonly type: 'close', readonly content: number }
  | { readonly type: 'ack', readonly events: number }
  | { readonly type: 'join', readonly version: number, readonly hidden: boolean, readonly wishes: Wishes }
  | { readonly type: 'wish', readonly wishes: Wishes }
  | { readonly type: 'seen', readonly hidden: boolean }
  | { readonly type: 'ping' | 'bye' }

/** What an open content is at this moment. */
export interface ContentInfo {
  readonly link: string
  readonly summary: ManifestSummary
  readonly policy: Policy
  readonly stats: ContentStats
  readonly origins: readonly string[]
  /** ms since a live content moved. */
  readonly movedAgo: number
}

/** And the node. */
export interface Snapshot {
  readonly peerId: string
  readonly addrs: readonly string[]
  readonly status: NodeStatus
  readonly contents: Readonly<Record<number, ContentInfo>>
}

/** What each block of a segment hashes to, one digest after the other: enough to verify it without a node. */
export interface Vouched {
  readonly segment: Segment
  readonly digests: Uint8Array | undefined
}

/** What is told unasked. */
export type News =
  | { readonly type: 'welcome', readonly version: number, readonly snapshot: Snapshot, readonly wishes: Wishes }
  | { readonly type: 'event', readonly on: number, readonly name: string, readonly detail: unknown, readonly info: ContentInfo | undefined }
  | { readonly type: 'missed', readonly events: number }
  | { readonly type: 'wish', readonly wishes: Wishes }
  | { readonly type: 'pong' | 'bye' }

export type Told = Answer & (
  | { readonly type: 'wait' | 'pass' }
  | { readonly type: 'head' | 'piece' | 'end', readonly value?: unknown }
  | { readonly type: 'broken', readonly failure: Failure }
)
