/** What the page and its server tell each other. The server only collects figures for the pictures: no viewer learns of another by it. */

export interface PeerReport {
  readonly peer: string
  readonly transport: string
  /** Verified bytes that the reporting viewer took from this peer. */
  readonly received: number
}

/** One viewer's figures, sent about once a second. */
export interface ViewerReport {
  readonly id: string
  /** Media bytes by where they came from. */
  readonly fromViewers: number
  readonly fromNode: number
  readonly fromOrigin: number
  readonly peers: readonly PeerReport[]
}

export interface DemoState {
  /** Viewers that reported within the last seconds, the asking one included. */
  readonly viewers: readonly ViewerReport[]
  readonly origin: {
    readonly down: boolean
    /** Media bytes that the origin sent since the demo started. */
    readonly bytes: number
  }
}

/** What a page has to know to begin. */
export interface PageConfig {
  readonly link: string
  /** Base URL of the content at the origin. */
  readonly origin: string
  /** Path of the multivariant playlist under it. */
  readonly playlist: string
  /** The node beside the origin: where to bootstrap, and its name in the pictures. */
  readonly bootstrap: readonly string[]
  readonly node: string
}
