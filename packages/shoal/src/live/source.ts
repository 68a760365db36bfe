/** Where a live presentation is written or served. */
export interface LiveSource {
  /** Playlists to begin with, as URIs relative to the source. */
  playlists (): Promise<readonly string[]>
  /** All bytes of a file; `undefined` when it is not there (yet, or any more). @throws PublishError when it cannot be had at all */
  read (uri: string, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** Calls back when something may have changed; returns what ends that. */
  readonly watch?: ((changed: () => void) => () => void) | undefined
}

/** Largest segment or playlist: it is held in memory while it is cut. */
export const MAX_LIVE_FILE_BYTES = 64 * 1024 * 1024
