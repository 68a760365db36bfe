import type { Clock, Random } from '@shoal/base'
import type { OriginError } from '@shoal/interface'

/** A base that did not give what it was asked for. */
export interface OriginFailure {
  /** Without its query, which may hold a token. */
  readonly url: string
  readonly error: OriginError
  /** The base comes after the others until then (ms on the clock); 0 when this says nothing about the base as a whole. */
  readonly downUntil: number
}

export interface OriginInit {
  /** Absolute http(s) URLs, without credentials. A path is appended before a base's query, which every request keeps. */
  readonly bases: readonly string[]
  /** The content is a single file: a base that does not end in `/` is its URL. @default false */
  readonly singleFile?: boolean | undefined
  /** Names of the query parameters that paths of the content may end with: these are asked for as a query. @default [] */
  readonly significantQuery?: readonly string[] | undefined
  readonly clock: Clock
  readonly random: Random
  /** @default the global fetch */
  readonly fetch?: typeof globalThis.fetch | undefined
  /** @default 10,000 */
  readonly headersTimeoutMs?: number | undefined
  /** @default 10,000 */
  readonly progressTimeoutMs?: number | undefined
  /** Told of every failure, those that another base made good included. */
  readonly onfailure?: ((failure: OriginFailure) => void) | undefined
}
