import type { TenantKey } from './access.js'

/** What a publisher asks of those who have a content, signed with its manifest. What is left out is not asked. */
export interface Policy {
  /**
   * Seconds for which a copy is worth keeping, counted from the time of creation; for segments of a live content from when each came. After
   * that it is the first to go, and nobody fetches it for the sake of copies. What is published or pinned stays all the same.
   */
  readonly ttl?: number | undefined
  /** Codes of the regions that the content may be held in, such as `EU` or `CH`: what a token says of its peer. Needs `token`. */
  readonly residency?: readonly string[] | undefined
  /**
   * The tenant without whose token nobody may have it. `true` names none, and so lets nobody have it.
   *
   * @default the content is public
   */
  readonly token?: boolean | TenantKey | undefined
  /** Copies of each segment that nodes with caching duty keep in the swarm. */
  readonly replication?: number | undefined
  /** Names by which several contents, or versions of one, are purged together. */
  readonly tags?: readonly string[] | undefined
  /** Renditions that belong together, each by its path or its path and id: the ones of a group are cached alike. */
  readonly renditions?: readonly (readonly string[])[] | undefined
  /**
   * Names of the query parameters that tell one segment from another; all others are ignored. A path ends with those that it has, as in
   * `seg?sq=7`: in the order of this list, in the escapes of `URLSearchParams`.
   */
  readonly significantQuery?: readonly string[] | undefined
}
