/** What is said between the bench and its pages. */

export interface EndOptions {
  /** WebSocket address of the node that relays the signalling. */
  readonly relay: string
  readonly bytes: number
}

/** A fetcher that is connected and has fetched nothing. */
export interface End {
  /** The timed part. Resolves with the addresses of those that bytes came from. */
  fetch (): Promise<string[]>
  /** What came lies where it should. */
  check (): Promise<void>
}

export interface PageEnd {
  /** Resolves with how it is found. */
  seed (options: EndOptions): Promise<string>
  connect (found: string, options: EndOptions): Promise<End>
}

export type PageEnds = Readonly<Record<'shoal' | 'raw', PageEnd>>

export interface Fetched {
  readonly seconds: number
  readonly over: readonly string[]
}
