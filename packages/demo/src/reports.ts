/** What the page and its server tell each other. The server only collects figures for the pictures: no viewer learns of another by it. */

export interface PeerReport {
  readonly peer: string
  readonly transport: string
  /** Verified bytes that the reporting viewer took from this peer. */
  readonly received: number
}

/** What can be watched. */
export const SHOWS = ['film', 'live', 'low', 'files'] as const
export type ShowName = typeof SHOWS[number]

/** One viewer's figures, sent about once a second. */
export interface ViewerReport {
  readonly id: string
  readonly show: ShowName
  /** Media bytes by where they came from. */
  readonly fromViewers: number
  readonly fromNode: number
  readonly fromOrigin: number
  /** Block bytes that it gave to others. */
  readonly given: number
  readonly peers: readonly PeerReport[]
}

/** What the page may change of its network. `rate`: bytes per second that the origin sends, 0 for as many as it can. */
export interface NetworkReport {
  readonly down: boolean
  readonly rate: number
  readonly relayDown: boolean
}

export interface DemoState {
  /** Viewers that reported within the last seconds, the asking one included. */
  readonly viewers: readonly ViewerReport[]
  readonly origin: {
    readonly down: boolean
    readonly rate: number
    /** Media bytes that the origin sent since the demo started. */
    readonly bytes: number
  }
  readonly relay: { readonly down: boolean }
}

/** A content, and where its origin has it. */
export interface Show {
  readonly link: string
  /** Base URL of the content at the origin. */
  readonly origin: string
  /** Path of the multivariant playlist under it. */
  readonly playlist: string
  /** Peer id of the node beside the origin that has it. */
  readonly node: string
  /** Of files to load, without a player. */
  readonly files?: readonly { readonly path: string, readonly bytes: number }[] | undefined
}

/** What a page has to know to begin. */
export interface PageConfig {
  readonly shows: Readonly<Record<ShowName, Show>>
  readonly bootstrap: readonly string[]
  /** Name of the relay in the pictures. */
  readonly relay: string
}
