/** What a playlist or MPD says of a file. */
export interface MediaInfo {
  /** ms, of all the file's byte ranges together; an init segment has none. */
  readonly duration?: number | undefined
  /** Path of the media playlist; of a DASH representation that of the MPD, `#`, and its id. */
  readonly rendition: string
}
